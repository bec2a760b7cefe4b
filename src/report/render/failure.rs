//! A policy that failed an expectation, below the expectation: its calls over time, the faults over
//! time, and the story of its worst run.

use super::chart::strip;
use crate::report::story::{Names, Pick, Story};
use crate::report::{Judged, Report};

/// The lines of one policy.
pub(super) fn lines(report: &Report, place: usize, policy: &Judged) -> Vec<String> {
    let timeline = &policy.state.timeline;
    let mut lines = vec![
        format!(
            "{}, tenths of calls that failed over time (. none, X all):",
            policy.name
        ),
        strip::failed(timeline),
        strip::axis(timeline),
    ];
    let faults = report.subject.faults.iter().zip(&policy.state.fired);
    let fired = faults.filter(|(_, fired)| **fired > 0);
    let faults = fired.map(|(fault, _)| strip::fault(timeline, fault, WIDTH));
    lines.extend(faults.take(MOST_FAULTS));
    let story = report.stories.iter().find(|story| story.policy == place);
    if let Some(story) = story {
        lines.extend(told(report, story, &policy.name));
    }
    lines.iter().map(|line| format!("  {line}")).collect()
}

fn told(report: &Report, story: &Story, policy: &str) -> Vec<String> {
    let providers = report.subject.providers.iter();
    let faults = report.subject.faults.iter();
    let names = Names::new(
        Vec::from_iter(providers.map(|one| one.name.as_str())),
        Vec::from_iter(faults.map(|one| one.name.as_str())),
    );
    let mut lines = story.lines(&names, WIDTH);
    let first = story.worst.told().first().map(|story| story.call);
    let pick = first.map_or(Pick::Failed, Pick::Call);
    lines.push(report.trace(policy, story.seed, pick));
    lines
}

/// The usual width of a terminal, without the indent.
const WIDTH: usize = 78;

/// More faults are not drawn.
const MOST_FAULTS: usize = 4;
