//! The router: the order in which a call tries the providers.
//!
//! A call gets one order when it begins; the first attempt and every fallback follow it. The router
//! ignores breakers and what the call has already tried.
//!
//! Every provider gets a rank: first the word of the task's `prefer` that matches it, then its
//! priority group, then what the strategy measures, then its position in the fleet. Providers with
//! the same word and priority group form a group. Some strategies, and sessions, then move one
//! provider of a group to the front of it. A fleet of one group under `priority` or `round_robin`
//! needs no list.
//!
//! - `turns`: which provider leads next, under `round_robin` and `weighted`.
//! - `observed`: what attempts showed about a provider, and how that decays.
//! - `latency`, `score`: the two strategies that compare these observations.
//! - `tasks`: which providers a task's rule prefers, and which it excludes.
//! - `affinity`: the provider of a session, and weighted draws.

mod affinity;
mod latency;
mod observed;
mod score;
mod tasks;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::BTreeMap;
use std::time::Duration;

use super::call_context::CallContext;
use super::config::{Affinity, Policy, Score, Strategy};
use super::provider_info::ProviderInfo;
use super::reason::{Lead, Measured, Notes, Ranked, Reason, Refusal};
use super::settings::Settings;
use super::{CallId, ProviderId};
use crate::rng::{Purpose, RngStreams, Stream};
use crate::time::Instant;
use crate::units::Money;
use observed::Observed;
use tasks::Rule;
use turns::Turns;

/// Orders the providers for each call.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    strategy: Strategy,
    score: Score,
    half_life: Duration,
    affinity: Affinity,
    tasks: BTreeMap<String, Rule>,
    places: Vec<Candidate>,
    /// Whether the fleet lists lower priority groups before higher ones.
    lined_up: bool,
    /// Whether there is only one priority group.
    level: bool,
    turns: Turns,
    observed: Vec<Observed>,
    draws: RngStreams,
    /// Empty between calls; kept to reuse its allocation.
    ranks: Vec<Rank>,
}

/// The order in which one call tries the providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProviderOrder {
    /// As the fleet lists them, from this one on, wrapping around.
    From {
        /// The first.
        first: u16,
        /// How many there are.
        providers: u16,
    },
    /// These, in this order.
    Listed(Vec<ProviderId>),
}

/// The result of an attempt, as the router counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptResult {
    /// It succeeded, after this long (to the first token, if it was streamed).
    Well(Duration),
    /// It failed through the provider's fault.
    Failed,
    /// It was cancelled, or its failure does not count against the provider.
    Nothing,
}

impl Router {
    /// A router over these providers with their settings. Providers beyond the 65,535th are left
    /// out; one without settings has weight 1 and priority group 0.
    pub(crate) fn new(
        policy: &Policy,
        members: &[ProviderInfo],
        settings: &[Settings],
        draws: RngStreams,
    ) -> Self {
        let members = &members[..members.len().min(usize::from(u16::MAX))];
        let strategy = policy.route.strategy;
        let places: Vec<_> = members
            .iter()
            .enumerate()
            .map(|(at, member)| Candidate::new(member, settings.get(at), strategy))
            .collect();
        let rules = policy.route.tasks.iter();
        Self {
            strategy,
            score: policy.route.score,
            half_life: policy.route.half_life,
            affinity: policy.route.affinity,
            tasks: rules
                .map(|(name, task)| (name.clone(), Rule::new(task, members)))
                .collect(),
            lined_up: places.is_sorted_by_key(|place| place.priority_group),
            level: places
                .windows(2)
                .all(|pair| pair[0].priority_group == pair[1].priority_group),
            turns: Turns::new(places.len()),
            observed: vec![Observed::default(); places.len()],
            places,
            draws,
            ranks: Vec::new(),
        }
    }

    /// The order for a call that begins now. It is empty if the fleet is empty, or if the rule of
    /// the call's task excludes every provider.
    pub(super) fn turn(
        &mut self,
        call: CallId,
        ask: &CallContext,
        now: Instant,
        notes: &mut Notes,
    ) -> ProviderOrder {
        let session = ask.session.filter(|_| self.affinity == Affinity::Session);
        let ruled = self.rule(ask).is_some();
        if !ruled
            && session.is_none()
            && let Some((first, led_by)) = self.plain()
        {
            let turn = ProviderOrder::From {
                first,
                providers: small(self.places.len()),
            };
            notes.add(|| self.ordered(led_by, turn.order().map(|id| self.unmeasured(id))));
            return turn;
        }
        let mut ranks = std::mem::take(&mut self.ranks);
        self.rank(&mut ranks, call, ask, now);
        if notes.are_wanted() && ranks.len() < self.places.len() {
            self.note_left_out(&ranks, notes);
        }
        let led_by = self.lead(&mut ranks, call, session, ruled);
        notes.add(|| self.ordered(led_by, ranks.iter().map(|rank| self.ranked(rank))));
        let turn = ProviderOrder::Listed(ranks.iter().map(|rank| rank.provider).collect());
        ranks.clear();
        self.ranks = ranks;
        turn
    }

    /// An attempt starts.
    pub(crate) fn on_start(&mut self, provider: ProviderId, _now: Instant) {
        if let Some(observed) = self.observed_of(provider) {
            observed.on_start();
        }
    }

    /// An attempt ended.
    pub(crate) fn on_end(&mut self, provider: ProviderId, seen: AttemptResult, now: Instant) {
        let half_life = self.half_life;
        if let Some(observed) = self.observed_of(provider) {
            observed.on_end(seen, now, half_life);
        }
    }

    /// The observations of a provider, if the strategy uses them.
    fn observed_of(&mut self, provider: ProviderId) -> Option<&mut Observed> {
        match self.strategy {
            Strategy::Balanced | Strategy::LeastLatency | Strategy::Score => {
                self.observed.get_mut(provider.index())
            }
            _ => None,
        }
    }

    fn rule(&self, ask: &CallContext) -> Option<&Rule> {
        self.tasks.get(ask.task.as_deref()?)
    }

    /// The first of an order that needs no list, where the strategy and the priority groups allow
    /// it.
    fn plain(&mut self) -> Option<(u16, Lead)> {
        let all = 0..self.places.len();
        let (first, led_by) = match self.strategy {
            Strategy::Priority if self.lined_up => (0, Lead::Rank),
            Strategy::RoundRobin if self.level => {
                (self.turns.take(all.map(|at| (at, 1))), Lead::Turn)
            }
            _ => return None,
        };
        Some((small(first), led_by))
    }

    /// The providers that the call may use, as the task, the priority groups and the strategy rank
    /// them.
    fn rank(&self, ranks: &mut Vec<Rank>, call: CallId, ask: &CallContext, now: Instant) {
        let rule = self.rule(ask);
        for (id, place) in (0..).map(ProviderId).zip(&self.places) {
            let word = match rule {
                Some(rule) => rule.word(id, &place.member, ask),
                None => Some(tasks::NO_WORD),
            };
            if let Some(word) = word {
                ranks.push(Rank {
                    group: (word, place.priority_group),
                    key: 0,
                    provider: id,
                });
            }
        }
        self.measure(ranks, call, ask, now);
        ranks.sort_unstable();
    }

    /// Computes the strategy's key of each provider; a smaller key is tried sooner.
    fn measure(&self, ranks: &mut [Rank], call: CallId, ask: &CallContext, now: Instant) {
        let mut each = |key: &dyn Fn(&Candidate, usize) -> u64| {
            for rank in &mut *ranks {
                rank.key = key(&self.places[rank.provider.index()], rank.provider.index());
            }
        };
        match self.strategy {
            Strategy::Priority | Strategy::RoundRobin => {}
            Strategy::Weighted => each(&|place, at| {
                let mut draw = self.drawn(call, at as u64, DrawPurpose::Order);
                affinity::distance(&mut draw, place.weight)
            }),
            Strategy::Cheapest => each(&|place, _| {
                let cost = place.member.cost(ask.prompt, ask.output);
                cost.map_or(u64::MAX, Money::as_nanos)
            }),
            Strategy::Quality => each(&|place, _| {
                let quality = place.member.quality.map(u64::from);
                quality.map_or(u64::MAX, |quality| u64::from(u32::MAX) - quality)
            }),
            Strategy::Balanced => each(&|_, at| {
                let tenths = self.observed[at].health(10, now, self.half_life);
                10 - tenths
            }),
            Strategy::LeastLatency => latency::measure(ranks, &self.observed, now, self.half_life),
            Strategy::Score => score::measure(ranks, &self.score, |id| self.parts(id, ask, now)),
        }
    }

    fn parts(&self, provider: ProviderId, ask: &CallContext, now: Instant) -> score::Parts {
        let member = &self.places[provider.index()].member;
        let observed = &self.observed[provider.index()];
        score::Parts {
            health: observed.health(score::WHOLE, now, self.half_life),
            latency: observed.latency(now, self.half_life),
            cost: member.cost(ask.prompt, ask.output).map(Money::as_nanos),
            quality: member.quality,
        }
    }

    /// Moves one provider of each group to its front, if the strategy or the session chooses one.
    /// Returns what moved the first of all there.
    fn lead(
        &mut self,
        ranks: &mut [Rank],
        call: CallId,
        session: Option<u64>,
        ruled: bool,
    ) -> Lead {
        let mut led_by = Lead::Rank;
        let groups = ranks.chunk_by_mut(|a, b| a.group == b.group);
        for (nth, group) in groups.enumerate() {
            let is_first = nth == 0;
            let places = &self.places;
            let weighted = |rank: &Rank| {
                let at = rank.provider.index();
                (at, places[at].weight)
            };
            let (first, by) = match (self.strategy, session) {
                (_, Some(session)) if is_first => {
                    (affinity::own(group, places, session), Lead::Session)
                }
                // The leader of a later group under a rule may lead the first group of calls
                // without a rule: a turn here would cost it a turn there, although this call may
                // never reach it.
                (Strategy::RoundRobin, _) if ruled && !is_first => {
                    let mut draw = self.drawn(call, nth as u64, DrawPurpose::Order);
                    (draw.below(group.len() as u64) as usize, Lead::Rank)
                }
                (Strategy::RoundRobin, _) => {
                    (self.turns.take(group.iter().map(weighted)), Lead::Turn)
                }
                (Strategy::Weighted, _) if is_first || !ruled => {
                    (self.turns.take(group.iter().map(weighted)), Lead::Turn)
                }
                (Strategy::LeastLatency, _) if is_first => {
                    let mut draw = self.drawn(call, 0, DrawPurpose::Two);
                    (latency::choose(group, &mut draw), Lead::TwoDrawn)
                }
                _ => (0, Lead::Rank),
            };
            if is_first {
                led_by = by;
            }
            match self.strategy {
                Strategy::RoundRobin => group.rotate_left(first),
                _ => group[..=first].rotate_right(1),
            }
        }
        led_by
    }

    /// Notes the providers that the task's rule leaves out.
    fn note_left_out(&self, ranks: &[Rank], notes: &mut Notes) {
        for provider in (0..).map(ProviderId).take(self.places.len()) {
            if ranks.iter().all(|rank| rank.provider != provider) {
                let why = Refusal::OutsideTask;
                notes.add(|| Reason::PassedOver { provider, why });
            }
        }
    }

    /// The reason of an order.
    fn ordered(&self, led_by: Lead, providers: impl Iterator<Item = Ranked>) -> Reason {
        Reason::Ordered {
            strategy: self.strategy,
            led_by,
            providers: providers.collect(),
        }
    }

    fn unmeasured(&self, provider: ProviderId) -> Ranked {
        Ranked {
            provider,
            preferred: None,
            priority_group: self.places[provider.index()].priority_group,
            measured: None,
        }
    }

    fn ranked(&self, rank: &Rank) -> Ranked {
        let (word, _) = rank.group;
        let measured = match (self.strategy, rank.key) {
            (Strategy::Priority | Strategy::RoundRobin | Strategy::Weighted, _) => None,
            (Strategy::Cheapest | Strategy::Quality, u64::MAX) => None,
            (Strategy::Cheapest, cost) => Some(Measured::Cost(cost)),
            (Strategy::Quality, key) => Some(Measured::Quality(u64::from(u32::MAX) - key)),
            (Strategy::Balanced, key) => Some(Measured::HealthTenths(10 - key)),
            (Strategy::LeastLatency, key) => Some(Measured::Latency(key)),
            (Strategy::Score, key) => Some(Measured::Score(u64::MAX - key)),
        };
        Ranked {
            preferred: (word != tasks::NO_WORD).then_some(word),
            measured,
            ..self.unmeasured(rank.provider)
        }
    }

    fn drawn(&self, call: CallId, of: u64, what: DrawPurpose) -> Stream {
        self.draws.stream(Purpose::Route, call.0, of, what as u64)
    }
}

impl ProviderOrder {
    /// The providers in order, each once.
    pub(crate) fn order(&self) -> impl Iterator<Item = ProviderId> + '_ {
        let count = match self {
            Self::From { providers, .. } => usize::from(*providers),
            Self::Listed(listed) => listed.len(),
        };
        (0..count).map(|nth| self.nth(nth))
    }

    fn nth(&self, nth: usize) -> ProviderId {
        match self {
            Self::From { first, providers } => {
                let left = providers - first;
                match nth as u16 {
                    nth if nth < left => ProviderId(first + nth),
                    nth => ProviderId(nth - left),
                }
            }
            Self::Listed(listed) => listed[nth],
        }
    }
}

/// A number of providers.
fn small(count: usize) -> u16 {
    u16::try_from(count).expect("there are no more providers than that")
}

impl Default for ProviderOrder {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

/// What the router knows of a provider before the first attempt there.
#[derive(Clone, Debug)]
struct Candidate {
    member: ProviderInfo,
    priority_group: u32,
    /// 1 for all unless the strategy uses weights.
    weight: u32,
    /// A hash of the name, so that sessions find the provider at any position in the fleet.
    name: u64,
}

impl Candidate {
    fn new(member: &ProviderInfo, settings: Option<&Settings>, strategy: Strategy) -> Self {
        let weight = settings.filter(|_| strategy == Strategy::Weighted);
        Self {
            member: member.clone(),
            priority_group: settings.map_or(0, |settings| settings.priority_group),
            weight: weight.map_or(1, |settings| settings.weight),
            name: affinity::number(&member.name),
        }
    }
}

/// A provider's rank in an order; a smaller rank is tried sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// The word of the task's rule that matches it, and its priority group.
    group: (u32, u32),
    /// The strategy's key.
    key: u64,
    provider: ProviderId,
}

/// What is drawn for a call; each purpose has its own stream.
#[derive(Clone, Copy, Debug)]
enum DrawPurpose {
    /// Which two providers are compared.
    Two = 0,
    /// The order of the providers after the first.
    Order = 1,
}
