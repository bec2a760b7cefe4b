//! Warns about settings of a policy that are valid, but probably do not do what its author means.
//!
//! A finding is not an error: every key and unit is valid, and there may be a reason for it. Each
//! says where it is, what it is, why it matters, and what to write instead. Facts about the fleet
//! and its load ([`LintContext`]) enable some findings and suppress others; unknown facts never
//! cause a finding.
//!
//! - `time`: timeouts, and what fits into the deadline.
//! - `retries`: which failures are retried, and how much load and time that adds.
//! - `health`: breakers and checks.
//! - `load`: limits, hedges, and providers with a shared cause of outages.
//! - `queue`: calls that wait.
//! - `quirks`: a policy that describes another client.
//! - `view`: the policy and its context, as the rules use them.
//!
//! `checks` refuses invalid settings; the caller, which has the file, shows the findings.

mod health;
mod load;
mod queue;
mod quirks;
mod retries;
mod time;
mod view;

use std::time::Duration;

use crate::policy::config::Policy;
use crate::units::Share;
use view::View;

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The rule's name: `no-jitter`.
    pub code: &'static str,
    /// Where it stands.
    pub place: LintLocation,
    /// What it is.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// What to write instead.
    pub instead: String,
}

/// Where a finding stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LintLocation {
    /// At the first of these keys that the policy file has; if it has none, at the file as a whole.
    Policy(Vec<Vec<String>>),
    /// At this provider, in the file that lists the fleet.
    Provider(String),
}

/// What is known about the environment of a policy; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LintContext {
    /// The fleet, in order; empty = unknown.
    pub providers: Vec<LintProvider>,
    /// Average number of calls that arrive per minute, at all client processes together.
    pub offered_per_minute: Option<u64>,
    /// Tokens of a call, prompt and output together, as a median.
    pub tokens_per_call: Option<u64>,
    /// How long callers wait; none = without limit, or unknown.
    pub deadline: Option<Duration>,
    /// Share of calls that are streamed.
    pub streamed: Option<Share>,
    /// Client processes, each with its own limits, breakers and budgets.
    pub clients: Option<u32>,
}

/// What is known about a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LintProvider {
    /// Its name.
    pub name: String,
    /// The host, account or other cause of outages that it shares with every provider of the same
    /// value.
    pub host: Option<String>,
    /// The median of its time to the first token.
    pub first_token: Option<Duration>,
    /// Its context in tokens, if it is known.
    pub context: Option<u64>,
}

/// All findings, in the order of [`codes`].
pub(crate) fn lint(policy: &Policy, around: &LintContext) -> Vec<Finding> {
    let view = View { policy, around };
    if !policy.quirks.is_empty() {
        return quirks::has_quirks(&view)
            .into_iter()
            .map(|draft| draft.signed(QUIRKS))
            .collect();
    }
    let is_allowed = |code: &str| policy.allow.iter().any(|allowed| allowed == code);
    let apply = |&(code, rule, _): &(&'static str, Rule, Needs)| {
        let mut findings: Vec<Finding> = Vec::new();
        if is_allowed(code) {
            return findings;
        }
        for draft in rule(&view) {
            // A finding that an override repeats counts once.
            if findings.iter().all(|known| known.message != draft.message) {
                findings.push(draft.signed(code));
            }
        }
        findings
    };
    let findings = RULES.iter().flat_map(apply);
    findings.chain(allowed_in_vain(policy)).collect()
}

/// What `allow` names without need. Rules that need a context are left out: in another scenario
/// they may find something.
fn allowed_in_vain(policy: &Policy) -> Vec<Finding> {
    let around = &LintContext::default();
    let view = View { policy, around };
    let in_vain = policy.allow.iter().filter_map(|allowed| {
        let (code, rule, needs) = RULES.iter().find(|(code, ..)| code == allowed)?;
        if *needs == Needs::Context || !rule(&view).is_empty() {
            return None;
        }
        let draft = Draft::at(&[&["allow"]], format!("`{code}` warns of nothing here"));
        let draft = draft.because("a later mistake of this kind would not be told");
        Some(draft.instead("leave it out of `allow`").signed(IN_VAIN))
    });
    in_vain.collect()
}

/// The findings about a fleet, for any policy.
pub(crate) fn lint_fleet(providers: &[LintProvider]) -> Vec<Finding> {
    let drafts = load::sharing(providers).into_iter();
    drafts.map(|draft| draft.signed(SHARED_FATE)).collect()
}

/// The names of all rules.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(code, ..)| *code)
}

/// One rule.
type Rule = fn(&View) -> Vec<Draft>;

/// What a rule looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// The policy alone: it finds the same in every scenario, or less.
    Policy,
    /// The fleet, the load or the caller's deadline as well.
    Context,
}

const SHARED_FATE: &str = "shared-fate";

/// What is said of a policy with quirks, and nothing else: it is not for production.
const QUIRKS: &str = "quirks";

/// The rule about `allow` itself, which `allow` cannot name.
const IN_VAIN: &str = "allow-without-effect";

const RULES: &[(&str, Rule, Needs)] = &[
    ("fallback-starved", time::fallback_starved, Needs::Context),
    (
        "timeouts-beyond-deadline",
        time::timeouts_beyond_deadline,
        Needs::Context,
    ),
    (
        "timeout-never-fires",
        time::timeout_never_fires,
        Needs::Context,
    ),
    ("no-timeout", time::no_timeout, Needs::Context),
    (
        "waits-beyond-deadline",
        retries::waits_beyond_deadline,
        Needs::Context,
    ),
    ("no-jitter", retries::no_jitter, Needs::Policy),
    (
        "retries-multiply",
        retries::retries_multiply,
        Needs::Context,
    ),
    ("retry-in-vain", retries::retry_in_vain, Needs::Policy),
    ("no-retry-budget", retries::no_retry_budget, Needs::Context),
    ("no-breaker", health::no_breaker, Needs::Policy),
    ("probes-in-turns", health::probes_in_turns, Needs::Policy),
    ("probe-can-hang", health::probe_can_hang, Needs::Context),
    ("ejects-none", health::ejects_none, Needs::Context),
    (
        "hint-for-one-call",
        health::hint_for_one_call,
        Needs::Policy,
    ),
    ("slow-in-flight", health::slow_in_flight, Needs::Policy),
    ("context-unknown", health::context_unknown, Needs::Context),
    ("checks-cost", health::checks_cost, Needs::Context),
    ("hedge-never", load::hedge_never, Needs::Context),
    ("hedge-doubles", load::hedge_doubles, Needs::Context),
    ("limit-below-load", load::limit_below_load, Needs::Context),
    ("reserved-places", load::reserved_places, Needs::Policy),
    ("waits-in-vain", queue::waits_in_vain, Needs::Policy),
    (SHARED_FATE, load::shared_fate, Needs::Context),
    (
        "section-without-effect",
        load::without_effect,
        Needs::Context,
    ),
];

/// A finding without the name of its rule.
struct Draft {
    place: LintLocation,
    message: String,
    why: String,
    instead: String,
}

impl Draft {
    /// At the first of `paths` that the file has.
    fn at(paths: &[&[&str]], message: impl Into<String>) -> Self {
        let owned = |path: &&[&str]| path.iter().map(|step| (*step).to_owned()).collect();
        Self::of(
            LintLocation::Policy(paths.iter().map(owned).collect()),
            message,
        )
    }

    fn of(place: LintLocation, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            why: String::new(),
            instead: String::new(),
        }
    }

    fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = instead.into();
        self
    }

    fn signed(self, code: &'static str) -> Finding {
        Finding {
            code,
            place: self.place,
            message: self.message,
            why: self.why,
            instead: self.instead,
        }
    }
}

#[cfg(test)]
mod tests;
