//! Outlier detection: providers that do much worse than their peers are ejected for a while.
//!
//! A breaker judges a provider by itself; outlier detection compares it with the others. When the
//! network or the prompts are at fault, all providers do equally badly, and none is ejected.
//!
//! Attempts are counted per interval. The first attempt that ends after an interval triggers the
//! comparison: each provider with enough attempts against all others with enough. Its success rate
//! is compared with the mean of theirs, and the mean time of its successes with the median of
//! theirs. Ejected providers are neither judged nor counted as peers. If no attempt ended for a
//! whole interval, the interval before it is too old and not judged.
//!
//! At most `max_ejection_percent` of the fleet are ejected at once, rounded down, the worst first;
//! `min_ejections` may be ejected whatever that share is.
//! The fleet decides whether an ejected provider gets calls when no other provider is available.

use std::cmp::Reverse;
use std::time::Duration;

use super::ProviderId;
use super::config;
use crate::time::{Instant, nanos};
use crate::units::Share;

/// Compares the providers of one fleet.
#[derive(Clone, Debug)]
pub(crate) struct Outliers {
    settings: config::Outlier,
    each: Vec<Watched>,
    /// When the current interval ends.
    ends: Instant,
    ejected: Vec<(ProviderId, Instant)>,
}

/// The record of one provider.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    /// The attempts of this interval.
    counts: Counts,
    /// The number of its ejections, less one for each good interval since.
    times_out: u32,
    /// The end of its latest ejection.
    until: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    attempts: u64,
    successes: u64,
    /// The sum of the durations of the successes, in nanoseconds.
    took: u128,
}

/// A provider with enough attempts, with the values that are compared.
#[derive(Clone, Copy, Debug)]
struct Judged {
    position: usize,
    /// Its success rate.
    rate: Share,
    /// The mean duration of a success in nanoseconds; none = too few successes.
    time: Option<u128>,
}

impl Outliers {
    /// For a fleet of this many providers.
    pub(crate) fn new(settings: config::Outlier, providers: usize) -> Self {
        Self {
            ends: Instant::START + settings.interval,
            settings,
            each: vec![Watched::default(); providers],
            ejected: Vec::new(),
        }
    }

    /// An attempt ended: it succeeded after `took` (to the first token, if it was streamed), or,
    /// with none, failed through the provider's fault.
    pub(crate) fn on_end(&mut self, provider: ProviderId, took: Option<Duration>, now: Instant) {
        if now >= self.ends {
            self.end_interval(now);
        }
        let Some(watched) = self.each.get_mut(provider.index()) else {
            return;
        };
        watched.counts.attempts += 1;
        if let Some(took) = took {
            watched.counts.successes += 1;
            watched.counts.took += u128::from(nanos(took));
        }
    }

    /// Until when a provider is ejected; none = it is not.
    pub(crate) fn ejected_until(&self, provider: ProviderId, now: Instant) -> Option<Instant> {
        let watched = self.each.get(provider.index())?;
        watched.until.filter(|until| now < *until)
    }

    /// The providers ejected since the last call of this method, and until when. They are kept
    /// until it is called.
    pub(crate) fn take_ejected(&mut self) -> Vec<(ProviderId, Instant)> {
        std::mem::take(&mut self.ejected)
    }

    /// Whether any were.
    pub(super) const fn has_ejected(&self) -> bool {
        !self.ejected.is_empty()
    }

    /// Judges the interval that has ended, unless it is too old, and begins the one of `now`.
    fn end_interval(&mut self, now: Instant) {
        let interval = nanos(self.settings.interval).max(1);
        let late = nanos(now.since(self.ends));
        if late < interval {
            self.judge(now);
        }
        for watched in &mut self.each {
            watched.counts = Counts::default();
        }
        self.ends = now + Duration::from_nanos(interval - late % interval);
    }

    fn judge(&mut self, now: Instant) {
        let judged = self.judged(now);
        if judged.len() < 2 {
            return;
        }
        let mut outliers = Vec::new();
        for one in &judged {
            if self.fails_more(one, &judged) || self.is_slower(one, &judged) {
                outliers.push(*one);
            } else {
                let watched = &mut self.each[one.position];
                watched.times_out = watched.times_out.saturating_sub(1);
            }
        }
        outliers.sort_by_key(|one| (one.rate, Reverse(one.time), one.position));
        for one in outliers.into_iter().take(self.room(now)) {
            self.eject(one.position, now);
        }
    }

    /// The providers that are not ejected and have enough attempts.
    fn judged(&self, now: Instant) -> Vec<Judged> {
        let least = u64::from(self.settings.min.max(1));
        let each = self.each.iter().enumerate();
        each.filter(|(_, watched)| watched.until.is_none_or(|until| until <= now))
            .filter(|(_, watched)| watched.counts.attempts >= least)
            .map(|(position, Watched { counts, .. })| Judged {
                position,
                rate: counts.rate(),
                time: (counts.successes >= least)
                    .then(|| counts.took / u128::from(counts.successes)),
            })
            .collect()
    }

    /// Whether its success rate is far enough below the mean of its peers.
    fn fails_more(&self, one: &Judged, judged: &[Judged]) -> bool {
        let peers = (judged.len() as u128 - 1).max(1);
        let all: u128 = judged
            .iter()
            .map(|other| u128::from(other.rate.as_parts()))
            .sum();
        let others = all - u128::from(one.rate.as_parts());
        // Multiplied by the number of peers, so that nothing is rounded.
        (u128::from(one.rate.as_parts())
            + u128::from(self.settings.success_rate_below_mean.as_parts()))
            * peers
            <= others
    }

    /// Whether it takes too long compared with the median of its peers.
    fn is_slower(&self, one: &Judged, judged: &[Judged]) -> bool {
        let (Some(slower), Some(time)) = (self.settings.latency_factor, one.time) else {
            return false;
        };
        let peers = judged.iter().filter(|other| other.position != one.position);
        let mut times: Vec<_> = peers.filter_map(|other| other.time).collect();
        times.sort_unstable();
        median(&times).is_some_and(|median| time * 1_000 >= median * u128::from(slower.as_milli()))
    }

    /// How many more providers may be ejected.
    fn room(&self, now: Instant) -> usize {
        let most = self
            .settings
            .max_ejection_percent
            .of(self.each.len() as u64);
        let most = most.max(u64::from(self.settings.min_ejections));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let is_out = |watched: &&Watched| watched.until.is_some_and(|until| now < until);
        most.saturating_sub(self.each.iter().filter(is_out).count())
    }

    fn eject(&mut self, position: usize, now: Instant) {
        let watched = &mut self.each[position];
        watched.times_out = watched.times_out.saturating_add(1);
        let length = self
            .settings
            .base_ejection_time
            .saturating_mul(watched.times_out);
        let until = now + length.min(self.settings.max_ejection_time);
        watched.until = Some(until);
        let provider = u16::try_from(position).unwrap_or(u16::MAX);
        self.ejected.push((ProviderId(provider), until));
    }
}

impl Counts {
    fn rate(self) -> Share {
        let rate = Share::from_fraction(self.successes, self.attempts);
        rate.unwrap_or(Share::ZERO)
    }
}

/// The middle of sorted numbers; of two middles, their mean.
fn median(sorted: &[u128]) -> Option<u128> {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => None,
        0 => Some((sorted[middle - 1] + sorted[middle]) / 2),
        _ => Some(sorted[middle]),
    }
}

#[cfg(test)]
mod tests;
