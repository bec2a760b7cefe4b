//! Makes the subject of a report from a scenario.

use std::borrow::Cow;
use std::sync::Arc;

use crate::provider::why_never;
use crate::report::breakdown::{Origin, Origins};
use crate::report::subject::{MeasuredFault, MeasuredProvider, Subject, UptimeRule};
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::seeded::Workload;
use crate::trace::FaultId;

impl From<&Scenario> for Subject {
    fn from(scenario: &Scenario) -> Self {
        let providers = scenario.providers.iter().map(|provider| MeasuredProvider {
            name: provider.name.clone(),
            model: provider.model.clone(),
            keys: provider.key_count,
            price: provider.price.clone(),
        });
        // Whether a policy sends health checks is not known here.
        let faults = scenario.faults.iter().zip(why_never(scenario, true));
        let faults = faults.map(|(fault, why_never)| MeasuredFault {
            name: fault.name.clone(),
            windows: fault.windows,
            targets: fault.targets.clone(),
            why_never,
        });
        let tasks = scenario.load.tasks.iter();
        Self {
            name: scenario.name.clone(),
            about: scenario.about.clone(),
            duration: scenario.run.duration,
            clients: scenario.load.clients,
            providers: providers.collect(),
            tasks: tasks.map(|task| task.name.clone()).collect(),
            faults: faults.collect(),
            alerts: scenario.alerts.clone(),
            policies: scenario.policies.clone(),
            expect: scenario.expect.clone(),
            uptime: UptimeRule {
                window: scenario.uptime.window,
                down_above: scenario.uptime.down_above,
            },
            answers_are_traced: true,
            notes: scenario.load.notes(),
            traces: Vec::new(),
            resolved: scenario.resolved(),
        }
    }
}

/// Where each call of `scenario` comes from under `seed`.
pub(super) fn origins(scenario: &Scenario, seed: u64) -> Origins {
    let workload = Workload::new(&scenario.load, scenario.run.duration, seed);
    Arc::new(move |call| Origin {
        task: workload.task_number(call),
        client: workload.client(call),
    })
}

/// `subject`, which is that of `scenario`, in a run under `seed`: marks the faults that do not
/// happen under this seed.
pub(super) fn under_seed<'a>(
    subject: &'a Subject,
    scenario: &Scenario,
    seed: u64,
) -> Cow<'a, Subject> {
    let streams = RngStreams::new(seed);
    let numbered = (0..=u16::MAX).map(FaultId).zip(&scenario.faults);
    let happens = Vec::from_iter(numbered.map(|(id, fault)| fault.happens(id, streams)));
    if happens.iter().all(|happens| *happens) {
        return Cow::Borrowed(subject);
    }
    let mut subject = subject.clone();
    for (fault, happens) in subject.faults.iter_mut().zip(happens) {
        if !happens {
            fault.never_happens();
        }
    }
    Cow::Owned(subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Drill;
    use crate::units::Share;

    #[test]
    fn only_faults_that_happen_under_a_seed_have_windows_in_its_run() {
        let drill = Drill::load("scenarios/primary-outage.yaml").expect("it is shipped");
        let mut scenario = drill.scenario().clone();
        let all = |subject: &Subject| Vec::from_iter(subject.faults.iter().map(|one| one.windows));
        let certain = under_seed(drill.subject(), &scenario, 1);
        assert_eq!(all(&certain), all(drill.subject()));
        scenario.faults[0].chance = Share::percent(50);
        let is_usual = |seed| {
            let windows = under_seed(drill.subject(), &scenario, seed).faults[0].windows;
            windows == drill.subject().faults[0].windows
        };
        let usual = (1..=20).filter(|seed| is_usual(*seed)).count();
        assert!((1..20).contains(&usual), "{usual} of 20 seeds");
    }
}
