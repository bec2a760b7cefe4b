//! One test per documented routing setting, and properties of all orders.

use super::super::reason::Notes;
use super::*;
use crate::policy::config::{ProviderOverride, Task};

mod always;
mod orders;
mod sessions;

/// A router over a fleet, with the settings that tests change.
struct Rig {
    policy: Policy,
    members: Vec<ProviderInfo>,
}

impl Rig {
    /// Providers with these names, under `route`, written as in a policy file.
    fn new(names: &str, route: &str) -> Self {
        let text = format!("name: p\nroute: {{ {route} }}\n");
        Self {
            policy: Policy::parse("p.yaml", &text).unwrap(),
            members: names.split(' ').map(ProviderInfo::named).collect(),
        }
    }

    /// With these priority groups, in fleet order.
    fn priority_groups(self, groups: &[u32]) -> Self {
        self.each(groups, |written, &group| {
            written.priority_group = Some(group)
        })
    }

    /// With these weights, in fleet order.
    fn weights(self, weights: &[u32]) -> Self {
        self.each(weights, |written, &weight| written.weight = Some(weight))
    }

    fn each<T>(mut self, values: &[T], set: fn(&mut ProviderOverride, &T)) -> Self {
        for (member, value) in self.members.iter().zip(values) {
            let by_name = &mut self.policy.overrides.by_name;
            set(by_name.entry(member.name.clone()).or_default(), value);
        }
        self
    }

    /// With these prices in dollars per million tokens, prompt and output, in fleet order.
    fn prices(mut self, prices: &[(&str, &str)]) -> Self {
        for (member, (input, output)) in self.members.iter_mut().zip(prices) {
            member.input = Money::parse_usd(input);
            member.output = Money::parse_usd(output);
        }
        self
    }

    /// With these ratings, in fleet order.
    fn qualities(mut self, qualities: &[Option<u32>]) -> Self {
        for (member, quality) in self.members.iter_mut().zip(qualities) {
            member.quality = *quality;
        }
        self
    }

    /// With a rule for the task `t`.
    fn task(mut self, task: Task) -> Self {
        self.policy.route.tasks.insert("t".into(), task);
        self
    }

    fn router(&self) -> Router {
        let settings: Vec<_> = self
            .members
            .iter()
            .enumerate()
            .map(|(at, member)| Settings::resolve(&self.policy, at, &member.name))
            .collect();
        Router::new(&self.policy, &self.members, &settings, RngStreams::new(1))
    }

    /// The names in the order of the first call.
    fn order(&self, ask: &CallContext) -> String {
        self.names(
            &self
                .router()
                .turn(CallId(1), ask, Instant::START, &mut Notes::default()),
        )
    }

    fn names(&self, turn: &ProviderOrder) -> String {
        let names: Vec<_> = turn
            .order()
            .map(|id| self.members[id.index()].name.as_str())
            .collect();
        names.join(" ")
    }

    /// The orders of this many calls.
    fn orders(&self, router: &mut Router, ask: &CallContext, calls: u64) -> Vec<String> {
        (0..calls)
            .map(|call| {
                self.names(&router.turn(CallId(call), ask, Instant::START, &mut Notes::default()))
            })
            .collect()
    }
}

/// A call of the task `t`.
fn of_task() -> CallContext {
    CallContext {
        task: Some("t".into()),
        ..tokens(1_000, 1_000)
    }
}

/// A call of this session.
fn of_session(session: u64) -> CallContext {
    CallContext {
        session: Some(session),
        ..CallContext::default()
    }
}

fn tokens(prompt: u64, output: u64) -> CallContext {
    CallContext {
        prompt,
        output,
        ..CallContext::default()
    }
}

fn prefer(words: &[&str]) -> Task {
    Task {
        prefer: words.iter().map(|&word| word.to_owned()).collect(),
        ..Task::default()
    }
}

/// How many of these orders each of `names` leads.
fn led(orders: &[String], names: &str) -> Vec<usize> {
    let leads = |name| {
        orders
            .iter()
            .filter(move |order| order.split(' ').next() == Some(name))
    };
    names.split(' ').map(|name| leads(name).count()).collect()
}

fn at(second: u64) -> Instant {
    Instant::START + Duration::from_secs(second)
}

const STRATEGIES: [Strategy; 8] = [
    Strategy::Priority,
    Strategy::RoundRobin,
    Strategy::Weighted,
    Strategy::Cheapest,
    Strategy::Quality,
    Strategy::Balanced,
    Strategy::LeastLatency,
    Strategy::Score,
];
