//! What a run did not judge, and how to judge it.
//!
//! A policy that the user chose and that no expectation is about must not pass: the report is then
//! not judged. A scenario may list a policy for comparison only, without expectations, as long as
//! another one is judged.

use super::{Report, Verdict};
use crate::policy::ProviderId;
use crate::policy::config::EVERY;

/// The worst verdict of several reports. Those of scenarios without expectations count only when
/// there are no others: they are measured, and not judged.
pub fn overall(reports: &[&Report]) -> Verdict {
    let judged = reports.iter().filter(|report| !report.expects_nothing());
    let worst = judged.map(|report| report.verdict()).max();
    worst.unwrap_or(Verdict::NotJudged)
}

/// A sentence about a fault that never fired, with the reason if it is known.
pub(crate) fn silent_fault(name: &str, why: Option<&str>) -> String {
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    format!("fault {name} never fired{why}")
}

impl Report {
    /// A sentence for each fault that fired under no policy, with the reason where it is known.
    pub(crate) fn silent_faults(&self) -> Vec<String> {
        let sentence = |name: &str| silent_fault(name, self.why_silent(name).as_deref());
        self.never_fired().into_iter().map(sentence).collect()
    }

    fn why_silent(&self, name: &str) -> Option<String> {
        let fault = self
            .subject
            .faults
            .iter()
            .find(|fault| fault.name == name)?;
        if let Some(why) = &fault.why_never {
            return Some(why.clone());
        }
        let is_asked = |target: &ProviderId| {
            let mut policies = self.policies.iter();
            policies.any(|policy| {
                let providers = &policy.state.run.providers;
                providers
                    .get(target.index())
                    .is_some_and(|one| one.attempts > 0)
            })
        };
        let is_recorded = !self.subject.traces.is_empty();
        let is_out_of_reach = !fault.targets.is_empty() && !fault.targets.iter().any(is_asked);
        (is_out_of_reach && !is_recorded).then(|| "no attempt went to its targets".to_owned())
    }

    /// The worst verdict of all expectations; [`Verdict::NotJudged`] when none was judged, or none
    /// of a policy that the user chose.
    pub fn verdict(&self) -> Verdict {
        let judgements = self.policies.iter().flat_map(|policy| &policy.judgements);
        let verdicts = judgements.map(|judgement| judgement.verdict);
        let unjudged = (!self.unjudged().is_empty()).then_some(Verdict::NotJudged);
        let audit = self
            .audit
            .as_ref()
            .filter(|audit| !audit.verdicts.is_empty());
        let audited = audit.map(|_| Verdict::Inconclusive);
        let verdicts = verdicts.chain(unjudged).chain(audited);
        verdicts.max().unwrap_or(Verdict::NotJudged)
    }

    /// Whether the scenario has no expectations: its runs are measured, and not judged.
    pub fn expects_nothing(&self) -> bool {
        let mut expect = self.subject.expect.iter();
        expect.all(|(_, expected)| expected.is_empty())
    }

    /// For each policy that should have been judged and was not, a sentence that says why, and how
    /// to judge it; one sentence when the scenario has no expectations.
    pub fn not_judged(&self) -> Vec<String> {
        if self.expects_nothing() {
            return vec!["nothing was judged: the scenario has no expectations".to_owned()];
        }
        let why = |policy: &str| format!("`{policy}` was not judged: {}", self.why_not(policy));
        self.unjudged().into_iter().map(why).collect()
    }

    /// The policies that should have been judged and were not.
    pub(super) fn unjudged(&self) -> Vec<&str> {
        let are_chosen = !self.written.is_empty();
        let is_judged = self.policies.iter().any(|one| !one.judgements.is_empty());
        if is_judged && !are_chosen {
            return Vec::new();
        }
        let unjudged = self.policies.iter().filter(|one| one.judgements.is_empty());
        unjudged.map(|policy| policy.name.as_str()).collect()
    }

    /// Why a policy was not judged, and how to judge it.
    pub(super) fn why_not(&self, policy: &str) -> String {
        let own = self
            .subject
            .expect
            .iter()
            .filter(|(name, _)| name == policy || name == EVERY);
        let compared =
            own.flat_map(|(_, expected)| expected.iter().filter_map(|one| one.than.as_ref()));
        let missing = compared.filter(|name| self.policies.iter().all(|ran| ran.name != **name));
        if let Some(other) = missing.min() {
            return format!("it is compared with `{other}`; add `--policy {other}`");
        }
        let judges = self.judges();
        match *judges {
            [] => "no expectation is about it".to_owned(),
            [one] => format!("no expectation is about it; add `--judge-as {one}`"),
            _ => format!(
                "no expectation is about it; add `--judge-as NAME` ({})",
                judges.join(", ")
            ),
        }
    }

    /// The policies that have expectations, in the order of the file.
    fn judges(&self) -> Vec<&str> {
        let named = self.subject.expect.iter();
        let named = named.filter(|(name, expected)| name != EVERY && !expected.is_empty());
        named.map(|(name, _)| name.as_str()).collect()
    }
}
