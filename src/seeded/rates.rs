//! What seeds draw on average: the effective rates of a scenario's faults over time, alone and
//! stacked.
//!
//! All rates are expectations, exact where levels are constant: a chance counts as its share of
//! seeds, a burst as its share of time. Faults are independent of each other, so the share of
//! attempts that meet none of them is a product. Attempts are assumed to meet the conditions of
//! `when`. Nothing is drawn or printed here.

use std::time::Duration;

use super::strength::Strength;
use crate::policy::ProviderId;
use crate::scenario::fault::catalogue::Scope;
use crate::scenario::fault::{Fault, Ramp, Recovery, Shape};
use crate::scenario::{Provider, Scenario};
use crate::time::{Instant, nanos};
use crate::units::Share;

/// The effective rates of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    /// How long calls arrive.
    pub run: Duration,
    /// By fault, in the file's order.
    pub faults: Vec<FaultRates>,
    /// By provider, in the fleet's order.
    pub providers: Vec<ProviderRates>,
}

/// One fault's effective rate over time.
#[derive(Clone, Debug)]
pub(crate) struct FaultRates {
    /// The fault.
    pub fault: Fault,
    /// Its word.
    pub word: String,
    /// The names of its targets.
    pub targets: Vec<String>,
    /// Its expected rate at full strength.
    pub full: Share,
    /// The intervals in which it is active.
    pub stretches: Stretches<Effect>,
    /// The run in [`COLUMNS`] parts: the highest rate (or strength) in each, as a share of what
    /// it is at full strength.
    pub curve: Vec<Share>,
}

/// Intervals of the run.
#[derive(Clone, Debug)]
pub(crate) struct Stretches<T> {
    /// The first of them, up to [`MOST_STRETCHES`].
    pub first: Vec<Interval<T>>,
    /// Whether there are more.
    pub has_more: bool,
}

/// An interval within which each fault only grows, only fades, or stays.
#[derive(Clone, Debug)]
pub(crate) struct Interval<T> {
    /// Its start.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
    /// At its start.
    pub first: T,
    /// Just before its end.
    pub last: T,
}

/// The effect of a fault at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// The expected share of attempts that it strikes.
    pub rate: Share,
    /// Its strength, for kinds that have one.
    pub strength: Strength,
}

/// The share of attempts that meet no fault at one provider.
#[derive(Clone, Debug)]
pub(crate) struct ProviderRates {
    /// Its name.
    pub name: String,
    /// All intervals, each with the rates of its active faults, in the file's order.
    pub stretches: Stretches<Vec<Share>>,
    /// The share of attempts that meet no fault, averaged over the run's time; none when it changes
    /// too often.
    pub mean: Option<Share>,
}

impl Scenario {
    /// The effective rates of its faults.
    pub(crate) fn rates(&self) -> Rates {
        let end = Instant::START + self.run.duration;
        let name = |id: &ProviderId| Some(self.providers.get(id.index())?.name.clone());
        let faults = self.faults.iter().map(|fault| {
            let targets = fault.targets.iter().filter_map(name).collect();
            fault_rates(fault, targets, end)
        });
        let ids = (0..=u16::MAX).map(ProviderId).zip(&self.providers);
        Rates {
            run: self.run.duration,
            faults: faults.collect(),
            providers: ids
                .map(|(id, provider)| provider_rates(self, id, provider, end))
                .collect(),
        }
    }
}

/// The share of attempts that meet none of independent faults with these rates.
pub(crate) fn fault_free_share(rates: &[Share]) -> Share {
    let without = |left, rate: &Share| times(left, rate.rest());
    rates.iter().fold(Share::WHOLE, without)
}

impl Fault {
    /// The share of attempts that it is expected to strike at full strength.
    pub(crate) fn expected_rate(&self) -> Share {
        self.expected(Share::WHOLE)
    }

    /// The same at this level of its ramp or recovery.
    fn expected(&self, level: Share) -> Share {
        let on = self.share_at(self.rate, level);
        let rate = self.burst.map_or(on, |burst| {
            let off = self.share_at(burst.rate_off, level);
            let share = burst.on_share();
            let (on, off) = (times(on, share), times(off, share.rest()));
            Share::from_parts(on.as_parts() + off.as_parts())
        });
        times(rate, self.chance)
    }

    /// The same at a moment. A fault with a strength has the same rate while its strength still
    /// grows from 0.
    fn expected_at(&self, now: Instant) -> Share {
        let is_growing = self.inject.has_strength() && self.extents().covers(now);
        let least = Share::from_parts(u64::from(is_growing));
        self.expected(self.envelope(now).max(least))
    }

    fn effect(&self, now: Instant) -> Effect {
        Effect {
            rate: self.expected_at(now),
            strength: self.inject.strength_at(self.envelope(now)),
        }
    }

    /// The first moment after `now` at which it begins, ends, or changes the way it changes.
    fn next_change(&self, now: Instant) -> Option<Instant> {
        let (start, _) = self.extents().at_or_after(now)?;
        let end = self.windows.length.map(|length| start + length);
        let mut moments = Vec::from_iter([start].into_iter().chain(end));
        let mut changes = |from: Instant, length: Duration, shape: Shape| {
            moments.extend([from, from + length]);
            moments.extend(shape.jumps(length).iter().map(|jump| from + *jump));
        };
        if let Some(Ramp { up, down, shape }) = self.ramp {
            changes(start, up, shape);
            if let Some(end) = end {
                changes(end - down, down, shape);
            }
        }
        if let (Some(end), Some(Recovery { over, shape })) = (end, self.recovery) {
            changes(end, over, shape);
        }
        moments.into_iter().filter(|moment| *moment > now).min()
    }

    /// Whether it strikes single attempts, and is not a state of a provider or a client.
    pub(crate) fn meets_attempts(&self) -> bool {
        matches!(self.inject.row().reach, Scope::Whole | Scope::Attempts)
    }
}

fn fault_rates(fault: &Fault, targets: Vec<String>, end: Instant) -> FaultRates {
    FaultRates {
        word: fault.inject.word(),
        targets,
        full: fault.expected_rate(),
        stretches: stretches(&[fault], end, |first, last| {
            let (first, last) = (fault.effect(first), fault.effect(last));
            (first.rate.max(last.rate) > Share::ZERO).then_some((first, last))
        }),
        curve: curve(fault, end),
        fault: fault.clone(),
    }
}

fn provider_rates(
    scenario: &Scenario,
    id: ProviderId,
    provider: &Provider,
    end: Instant,
) -> ProviderRates {
    let own = scenario.faults.iter();
    let own = Vec::from_iter(own.filter(|one| one.targets.contains(&id) && one.meets_attempts()));
    ProviderRates {
        name: provider.name.clone(),
        stretches: stretches(&own, end, |first, last| {
            let rates = own.iter();
            let rates = rates.map(|one| (one.expected_at(first), one.expected_at(last)));
            let at_work = rates.filter(|(first, last)| *first.max(last) > Share::ZERO);
            Some(at_work.unzip())
        }),
        mean: mean(&own, end),
    }
}

/// The run, cut wherever one of `faults` changes, with the values of `ends` at the first and the
/// last moment of each interval, if it returns any.
fn stretches<T>(
    faults: &[&Fault],
    end: Instant,
    ends: impl Fn(Instant, Instant) -> Option<(T, T)>,
) -> Stretches<T> {
    let told = walk(faults, end).filter_map(|(from, to)| {
        let (first, last) = ends(from, to - TICK)?;
        let (from, to) = (from.since_start(), to.since_start());
        Some(Interval {
            from,
            to,
            first,
            last,
        })
    });
    let mut first = Vec::from_iter(told.take(MOST_STRETCHES + 1));
    let has_more = first.len() > MOST_STRETCHES;
    first.truncate(MOST_STRETCHES);
    Stretches { first, has_more }
}

/// The run, cut wherever one of `faults` changes.
fn walk<'a>(faults: &'a [&'a Fault], end: Instant) -> impl Iterator<Item = (Instant, Instant)> {
    let mut from = Instant::START;
    std::iter::from_fn(move || {
        let changes = faults.iter().filter_map(|fault| fault.next_change(from));
        let to = changes.min().map_or(end, |change| change.min(end));
        let stretch = (from, to);
        from = to;
        (stretch.0 < stretch.1).then_some(stretch)
    })
}

/// The share of attempts that meet none of `faults`, averaged over time: Simpson's rule in each
/// stretch, which is exact where no more than three of them change at once, and linearly.
fn mean(faults: &[&Fault], end: Instant) -> Option<Share> {
    let mut sum = 0_u128;
    for (n, (from, to)) in walk(faults, end).enumerate() {
        if n >= MOST_CHANGES {
            return None;
        }
        let length = to.since(from);
        let spared_at = |part: u32| {
            let now = (from + length * part / SIMPSON).min(to - TICK);
            let rates = faults.iter().map(|one| one.expected_at(now));
            u128::from(fault_free_share(&rates.collect::<Vec<_>>()).as_parts())
        };
        let weighed = (0..=SIMPSON).map(|part| match part {
            0 | SIMPSON => spared_at(part),
            odd if odd % 2 == 1 => 4 * spared_at(odd),
            even => 2 * spared_at(even),
        });
        sum += weighed.sum::<u128>() * u128::from(nanos(length)) / u128::from(3 * SIMPSON);
    }
    let run = u128::from(end.as_nanos());
    (run > 0).then(|| Share::from_parts(((sum + run / 2) / run) as u64))
}

/// The highest rate or strength in each part of the run, relative to full strength.
fn curve(fault: &Fault, end: Instant) -> Vec<Share> {
    let full = fault.expected_rate().as_parts().max(1);
    let height = |now| match fault.inject.has_strength() {
        true => fault.envelope(now),
        false => {
            let rate = fault.expected_at(now).as_parts();
            Share::from_fraction(rate, full).unwrap_or_default()
        }
    };
    let column = |n: u64| Instant::from_nanos(part_of(end.as_nanos(), n));
    (0..COLUMNS)
        .map(|n| (column(n), column(n + 1)))
        .map(|(from, to)| {
            let changes = std::iter::successors(Some(from), |now| fault.next_change(*now));
            let changes = changes.take_while(|now| *now < to).take(MOST_STRETCHES);
            let heights =
                changes.flat_map(|now| [height(now - TICK.min(now.since(from))), height(now)]);
            heights
                .chain([height((to - TICK).max(from))])
                .max()
                .unwrap_or_default()
        })
        .collect()
}

fn part_of(run: u64, column: u64) -> u64 {
    (u128::from(run) * u128::from(column) / u128::from(COLUMNS)) as u64
}

/// A share of a share, rounded; [`Share::of_share`] would round down each time.
fn times(a: Share, b: Share) -> Share {
    let whole = u128::from(Share::WHOLE.as_parts());
    let exact = u128::from(a.as_parts()) * u128::from(b.as_parts());
    Share::from_parts(((exact + whole / 2) / whole) as u64)
}

/// How many intervals are listed; a flapping fault repeats itself after that.
pub(crate) const MOST_STRETCHES: usize = 16;

/// The number of columns of a curve.
pub(crate) const COLUMNS: u64 = 60;

/// With more changes than this no average is computed, since it would take too long.
const MOST_CHANGES: usize = 20_000;

/// Parts of a stretch in Simpson's rule; even.
const SIMPSON: u32 = 16;

const TICK: Duration = Duration::from_nanos(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fault::{Burst, FaultKind, SlowPart};
    use crate::time::Windows;
    use crate::units::Factor;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Strikes 40 % of attempts from minute 2 to minute 6 of 10.
    fn fault() -> Fault {
        Fault {
            windows: Windows {
                at: 2 * MINUTE,
                length: Some(4 * MINUTE),
                every: None,
            },
            rate: Share::percent(40),
            ..Fault::new("f", vec![ProviderId(0)], FaultKind::Reset)
        }
    }

    fn told(fault: &Fault) -> FaultRates {
        fault_rates(fault, Vec::new(), Instant::START + 10 * MINUTE)
    }

    fn mean_of(faults: &[&Fault]) -> Share {
        mean(faults, Instant::START + 10 * MINUTE).unwrap()
    }

    #[test]
    fn a_constant_rate_is_one_stretch_and_an_exact_mean() {
        let told = told(&fault());
        let [stretch] = &told.stretches.first[..] else {
            panic!("{:?}", told.stretches);
        };
        assert_eq!((stretch.from, stretch.to), (2 * MINUTE, 6 * MINUTE));
        assert_eq!(
            (stretch.first.rate, stretch.last.rate),
            (Share::percent(40), Share::percent(40))
        );
        assert_eq!(
            told.curve
                .iter()
                .filter(|height| **height == Share::WHOLE)
                .count(),
            24
        );
        assert_eq!(mean_of(&[&fault()]), Share::percent(84));
        assert_eq!(
            mean_of(&[&fault(), &fault()]),
            Share::from_parts(600_000_000 + 360_000_000 * 4 / 10)
        );
    }

    #[test]
    fn a_ramp_and_a_recovery_are_stretches_of_their_own() {
        let mut fault = fault();
        fault.ramp = Some(Ramp::from(MINUTE));
        fault.recovery = Some(Recovery {
            over: 2 * MINUTE,
            shape: Shape::Steps,
        });
        let ends =
            |stretch: &Interval<Effect>| (stretch.to.as_secs(), stretch.first.rate.of(1_000));
        let stretches = Vec::from_iter(told(&fault).stretches.first.iter().map(ends));
        let steps = [(390, 320), (420, 240), (450, 160), (480, 80)];
        assert_eq!(stretches, [&[(180, 0), (360, 400)], &steps[..]].concat());
        // 20 % for a minute, 40 % for three, and four steps of half a minute.
        let struck = 20 + 3 * 40 + (32 + 24 + 16 + 8) / 2;
        let spared = Share::from_parts(struck * 1_000_000).rest();
        let missed = mean_of(&[&fault]).as_parts().abs_diff(spared.as_parts());
        assert!(missed < 10, "{missed}");
    }

    #[test]
    fn chance_and_bursts_are_multiplied_in() {
        let mut fault = fault();
        fault.chance = Share::percent(50);
        fault.burst = Some(Burst {
            on: MINUTE,
            off: 3 * MINUTE,
            rate_off: Share::percent(10),
        });
        // (40 % x 25 % + 10 % x 75 %) x 50 %
        let expected = Share::from_parts(87_500_000);
        assert_eq!(fault.expected_rate(), expected);
        assert_eq!(told(&fault).stretches.first[0].first.rate, expected);
    }

    #[test]
    fn a_strength_grows_while_its_rate_stays() {
        let mut fault = fault();
        fault.inject = FaultKind::Slow {
            factor: Factor::milli(3_000),
            what: SlowPart::All,
        };
        fault.ramp = Some(Ramp {
            up: MINUTE,
            down: MINUTE,
            shape: Shape::Linear,
        });
        let stretches = told(&fault).stretches.first;
        assert_eq!(stretches.len(), 3);
        assert!(
            stretches
                .iter()
                .all(|one| one.first.rate == Share::percent(40))
        );
        assert_eq!(stretches[0].first.strength, Strength::Factor(Factor::ONE));
        assert_eq!(
            stretches[1].last.strength,
            Strength::Factor(Factor::milli(3_000))
        );
        assert_eq!(mean_of(&[&fault]), Share::percent(84));
    }

    #[test]
    fn a_flapping_fault_is_told_up_to_a_bound() {
        let mut fault = fault();
        fault.windows.length = Some(Duration::from_secs(1));
        fault.windows.every = Some(Duration::from_secs(4));
        let told = told(&fault);
        assert!(told.stretches.has_more && told.stretches.first.len() == MOST_STRETCHES);
        assert!(
            told.curve[12..]
                .iter()
                .all(|height| *height == Share::WHOLE)
        );
        assert_eq!(mean_of(&[&fault]), Share::percent(92));
        fault.windows.every = Some(Duration::from_millis(1_001));
        fault.windows.length = Some(Duration::from_millis(1));
        let day = Instant::START + Duration::from_secs(86_400);
        assert_eq!(mean(&[&fault], day), None);
    }
}
