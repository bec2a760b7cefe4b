//! Shows the findings of the policy linter in their files.
//!
//! `policy_file::lint` makes the findings; here a scenario provides the context of a policy, and
//! findings become warnings with a caret.

use std::time::Duration;

use crate::client::FleetFile;
use crate::drill::Drill;
use crate::policy::config::Policy;
use crate::policy_file::lint::{self, Finding, LintContext, LintLocation, LintProvider};
use crate::provider::why_never;
use crate::scenario::{Calls, Load, Provider, Scenario};
use crate::text::{Diagnostic, Document};
use crate::units::Share;

/// The warnings of a policy file alone.
pub(super) fn policy(policy: &Policy, document: &Document) -> Vec<Diagnostic> {
    let findings = lint::lint(policy, &LintContext::default());
    let shown = |finding| shown(finding, document, document);
    findings.into_iter().map(shown).collect()
}

/// The warnings of a fleet, independent of the policy.
pub(super) fn fleet(fleet: &FleetFile) -> Vec<Diagnostic> {
    let known = fleet.hosts().map(|(name, host)| LintProvider {
        name: name.to_owned(),
        host: host.map(|host| format!("the host {host}")),
        first_token: None,
        context: None,
    });
    let findings = lint::lint_fleet(&known.collect::<Vec<_>>()).into_iter();
    let shown = |finding: Finding| {
        let path = match &finding.place {
            LintLocation::Provider(name) => ["fleet", name.as_str()],
            LintLocation::Policy(_) => ["fleet", ""],
        };
        let problem = fleet.document().problem_at_key(&path, &finding.message);
        let problem = problem.warning(finding.code).note(finding.why);
        problem.hint(finding.instead)
    };
    findings.map(shown).collect()
}

/// The warnings of a scenario: of its policies, in its fleet and under its load, and of its faults.
pub(super) fn drill(drill: &Drill) -> Vec<Diagnostic> {
    let mut warnings = policies(drill);
    warnings.extend(faults(drill));
    warnings
}

/// The faults that can never strike.
fn faults(drill: &Drill) -> Vec<Diagnostic> {
    let scenario = drill.scenario();
    let mut policies = drill.policies().iter();
    let has_checks = policies.any(|policy| policy.health_check.is_some());
    let faults = scenario.faults.iter().zip(why_never(scenario, has_checks));
    let warnings = faults.filter_map(|(fault, why)| {
        let why = why?;
        let message = format!("`{}` can never strike: {why}", fault.name);
        let problem = drill
            .document()
            .problem_at_key(&["faults", &fault.name], message);
        let problem = problem.warning("never-strikes");
        let note = "the run is the same without it, and nothing is learnt about it";
        Some(
            problem
                .note(note)
                .hint("change what it waits for, or leave it out"),
        )
    });
    warnings.collect()
}

/// The warnings of a scenario's policies, in its fleet and under its load.
fn policies(drill: &Drill) -> Vec<Diagnostic> {
    let around = surroundings(drill.scenario());
    let policies = drill.policies().iter().zip(drill.policy_documents());
    let warnings = policies.flat_map(|(policy, document)| {
        let alone = lint::lint(policy, &LintContext::default());
        let placed = move |mut finding: Finding| {
            let same =
                |own: &&Finding| (own.code, &own.message) == (finding.code, &finding.message);
            let own = alone.iter().find(same);
            match own {
                Some(own) => finding.why.clone_from(&own.why),
                None => finding.why += &format!(" (as in {})", drill.path().display()),
            }
            let is_own = own.is_some();
            let problem = shown(finding, document, drill.document());
            // A preset alone has no warnings: only those of the combination are shown.
            (!is_own || !problem.file().starts_with("preset ")).then_some(problem)
        };
        let findings = lint::lint(policy, &around).into_iter();
        findings.filter_map(placed).collect::<Vec<_>>()
    });
    warnings.collect()
}

/// A finding as a warning, at the first of its keys that the file has.
fn shown(finding: Finding, policy: &Document, fleet: &Document) -> Diagnostic {
    let problem = match &finding.place {
        LintLocation::Policy(paths) => {
            let paths = paths
                .iter()
                .map(|path| Vec::from_iter(path.iter().map(String::as_str)));
            let found = paths.into_iter().find(|path| has(policy, path));
            let path = found.unwrap_or_else(|| vec!["name"]);
            policy.problem_at_key(&path, finding.message)
        }
        LintLocation::Provider(name) => fleet.problem_at_key(&["providers", name], finding.message),
    };
    problem
        .warning(finding.code)
        .note(finding.why)
        .hint(finding.instead)
}

/// Whether the file itself has this key.
fn has(document: &Document, path: &[&str]) -> bool {
    let Some((last, place)) = path.split_last() else {
        return false;
    };
    document.keys(place).iter().any(|key| key == last)
}

/// The scenario's fleet and load.
fn surroundings(scenario: &Scenario) -> LintContext {
    let load = &scenario.load;
    let deadlines = load
        .kinds()
        .iter()
        .filter_map(|kind| kind.deadline.length());
    let shares = load.kinds().iter().map(|kind| kind.stream);
    let providers = scenario.providers.iter().enumerate();
    LintContext {
        providers: providers
            .map(|(place, provider)| known(scenario, place, provider))
            .collect(),
        offered_per_minute: offered(scenario),
        tokens_per_call: tokens(load),
        deadline: deadlines.min(),
        streamed: Some(mixed(shares.map(Option::unwrap_or_default))),
        clients: Some(load.clients),
    }
}

/// The share of all tasks when they agree, else some share that is neither none nor all.
fn mixed(mut shares: impl Iterator<Item = Share>) -> Share {
    let first = shares.next().unwrap_or_default();
    match shares.all(|share| share == first) {
        true => first,
        false => Share::from_parts(1),
    }
}

fn known(scenario: &Scenario, place: usize, provider: &Provider) -> LintProvider {
    let account = provider.limits.account.as_ref();
    let account = account.map(|account| format!("the account `{account}`"));
    LintProvider {
        name: provider.name.clone(),
        host: account.or_else(|| cause(scenario, place)),
        first_token: Some(provider.ttft.p50),
        context: provider.context,
    }
}

/// The fault that strikes this provider and another, but not the whole fleet: the order of
/// providers cannot avoid it.
fn cause(scenario: &Scenario, place: usize) -> Option<String> {
    let strikes = |targets: &[crate::policy::ProviderId]| {
        let is_group = (2..scenario.providers.len()).contains(&targets.len());
        is_group && targets.iter().any(|target| target.index() == place)
    };
    let mut faults = scenario.faults.iter();
    let fault = faults.find(|fault| strikes(&fault.targets))?;
    Some(format!("the cause of `{}`", fault.name))
}

/// Calls per minute on average, if arrivals do not depend on answers.
fn offered(scenario: &Scenario) -> Option<u64> {
    let length = scenario.run.duration;
    let calls = match &scenario.load.calls {
        Calls::Drawn { rate, .. } => rate.calls_by(crate::time::Instant::START + length),
        Calls::Trace { rows, .. } => rows.len() as u128,
        Calls::Listed { at } => at.len() as u128,
        Calls::Users { .. } => return None,
    };
    let per_minute = calls * MINUTE.as_nanos() / length.as_nanos().max(1);
    u64::try_from(per_minute).ok()
}

/// The median of a call's tokens, unless a trace says them.
fn tokens(load: &Load) -> Option<u64> {
    let first = load.kinds().first()?;
    let prompt = load.common.prompt.or(first.prompt)?;
    let output = load.common.output.or(first.output)?;
    Some(prompt.p50.saturating_add(output.p50))
}

const MINUTE: Duration = Duration::from_secs(60);
