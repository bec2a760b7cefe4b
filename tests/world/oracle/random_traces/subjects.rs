//! Random subjects: fleets, faults, alert rules, and expectations that ask for scopes.

use std::time::Duration;

use firedrill::expect::alert::{AlertRule, Signal};
use firedrill::expect::{Bound, Expectation, Of, Op, When};
use firedrill::policy::ProviderId;
use firedrill::report::{MeasuredFault, Subject};
use firedrill::time::Windows;
use firedrill::trace::FaultId;
use firedrill::units::Share;
use serde_json::json;

use super::super::fault_id;
use super::draws::Draws;
use crate::report_stories::rig;

pub(crate) fn subject(draws: &mut Draws) -> Subject {
    let mut subject = rig::subject();
    let seconds = draws.pick(&[15, 30, 60, 90]);
    subject.duration = Duration::from_secs(seconds);
    subject.clients = draws.pick(&[1, 2, 3]);
    subject.answers_are_traced = draws.chance(85);
    subject.uptime.window = Duration::from_secs(draws.pick(&[1, 4, 7, 10]));
    subject.uptime.down_above = Share::percent(draws.pick(&[0, 5, 50]));
    let third = subject.providers[1].clone();
    subject.providers.push(third);
    subject.providers[2].name = "last".to_owned();
    subject.providers.truncate(draws.pick(&[1, 2, 3]));
    for provider in &mut subject.providers {
        provider.keys = draws.pick(&[1, 1, 2, 3]);
    }
    if draws.chance(50) {
        subject.tasks = vec!["chat".to_owned(), "batch".to_owned()];
    }
    for place in 0..draws.below(4) {
        let fault = fault(place, seconds, subject.providers.len(), draws);
        subject.faults.push(fault);
    }
    for place in 0..draws.below(4) {
        subject.alerts.push(alert(place, &subject, draws));
    }
    let asked = asked(&subject, draws);
    subject.expect = vec![("p".to_owned(), asked)];
    subject
}

fn fault(place: u64, seconds: u64, providers: usize, draws: &mut Draws) -> MeasuredFault {
    let halves = |halves: u64| Duration::from_millis(500 * halves);
    let length = draws.chance(80).then(|| halves(1 + draws.below(30)));
    let comes_back = length.filter(|_| draws.chance(40));
    let every = comes_back.map(|length| length + halves(1 + draws.below(30)));
    let targets = (0..providers).filter(|_| draws.chance(60));
    let mut targets: Vec<ProviderId> = targets.map(|place| ProviderId(place as u16)).collect();
    if targets.is_empty() {
        targets.push(ProviderId(0));
    }
    MeasuredFault {
        name: format!("fault-{place}"),
        windows: Windows {
            // Some begin with the run, others after its end.
            at: halves(draws.below(2 * seconds + 4)),
            length,
            every,
        },
        targets,
        why_never: None,
    }
}

fn alert(place: u64, subject: &Subject, draws: &mut Draws) -> AlertRule {
    let provider = ProviderId(draws.below(subject.providers.len() as u64) as u16);
    let share = Bound::Share(draws.below(10) * 100_000_000);
    let (signal, bound) = match draws.below(6) {
        0 => (Signal::SuccessRate, share),
        1 => (Signal::FallbackRate, share),
        2 => {
            let percent = draws.pick(&[50, 90, 95, 99]);
            let bound = Bound::Time(draws.below(12) * 500_000_000);
            (Signal::Latency(percent), bound)
        }
        3 => (Signal::Cost, Bound::Money(draws.below(10_000_000))),
        4 => (Signal::FailureRate(provider), share),
        _ => {
            let budget = Share::percent(draws.pick(&[1, 5, 50]));
            let bound = Bound::Number(draws.below(20) * 1_000_000_000);
            (Signal::BurnRate { budget }, bound)
        }
    };
    let every = draws.pick(&[1, 3, 5]);
    let over = (0..draws.pick(&[1, 1, 2])).map(|_| every * (1 + draws.below(5)));
    let over: Vec<Duration> = over.map(Duration::from_secs).collect();
    let faults = (0..subject.faults.len()).map(fault_id);
    let detects: Vec<FaultId> = faults.filter(|_| draws.chance(70)).collect();
    let rule = json!({
        "name": format!("alert-{place}"),
        "text": "",
        "signal": signal,
        "op": draws.pick(&Op::ALL).1,
        "bound": bound,
        "over": over,
        "every": Duration::from_secs(every),
        "pending": Duration::from_secs(draws.pick(&[0, 0, 2, 6])),
        "detects": detects,
    });
    serde_json::from_value(rule).expect("it is a rule")
}

/// Expectations after faults, and of tasks and clients at any time.
fn asked(subject: &Subject, draws: &mut Draws) -> Vec<Expectation> {
    let mut whens = vec![When::Always];
    for place in 0..subject.faults.len() {
        whens.push(When::During(fault_id(place)));
        let from = draws.below(4) * 1_000_000_000;
        let length = draws
            .chance(50)
            .then(|| 500_000_000 + draws.below(8_000_000_000));
        whens.push(When::After {
            fault: fault_id(place),
            from,
            to: length.map(|length| from + length),
        });
    }
    let mut asked: Vec<Expectation> = whens.iter().map(|when| anything(*when)).collect();
    let tasks = subject.tasks.iter().map(|task| Of::Task(task.clone()));
    let clients = (0..subject.clients).map(Of::Client);
    for of in tasks.chain(clients) {
        asked.push(Expectation {
            of: Some(of),
            ..anything(draws.pick(&whens))
        });
    }
    asked
}

/// An expectation about the calls of `when`, whatever it says of them.
pub(crate) fn anything(when: When) -> Expectation {
    let bound = Bound::Number(0);
    Expectation {
        when,
        ..rig::expectation("calls >= 0", None, Op::AtLeast, bound)
    }
}
