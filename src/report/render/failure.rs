//! A policy that failed an expectation, below the expectation: its calls over time, the faults over
//! time, and the story of its worst run.

use crate::report::story::{Names, Pick, Story};
use crate::report::{Judged, MeasuredFault, Report, Timeline};
use crate::time::Instant;
use crate::units::duration;

/// The lines of one policy.
pub(super) fn lines(report: &Report, place: usize, policy: &Judged) -> Vec<String> {
    let timeline = &policy.state.timeline;
    let mut lines = vec![
        format!(
            "{}, tenths of calls that failed over time (. none, X all):",
            policy.name
        ),
        timeline.drawn(),
        axis(timeline),
    ];
    let faults = report.subject.faults.iter().zip(&policy.state.fired);
    let fired = faults.filter(|(_, fired)| **fired > 0);
    let strips = fired.map(|(fault, _)| strip(timeline, fault));
    lines.extend(strips.take(MOST_FAULTS));
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

/// The times below a timeline: `0s        5m        10m`.
pub(super) fn axis(timeline: &Timeline) -> String {
    let stretch = timeline.stretch_ns.max(1);
    let length = stretch.saturating_mul(timeline.calls.len() as u64);
    let steps = STEPS.iter().map(|seconds| seconds * 1_000_000_000);
    let step = steps.into_iter().find(|step| step / stretch >= STEP_WIDTH);
    let Some(step) = step else {
        return String::new();
    };
    let mut axis = String::new();
    let mut at = 0;
    while at < length {
        let place = usize::try_from(at / stretch).unwrap_or(usize::MAX);
        let gap = place.saturating_sub(axis.len());
        axis += &" ".repeat(gap);
        axis += &duration::write(std::time::Duration::from_nanos(at));
        at += step;
    }
    axis
}

/// When a fault is active, below a timeline: `     =====    storm`.
fn strip(timeline: &Timeline, fault: &MeasuredFault) -> String {
    let stretch = timeline.stretch_ns.max(1);
    let marks = (0..timeline.calls.len() as u64).map(|nth| {
        let (start, end) = (nth * stretch, (nth + 1) * stretch);
        let window = fault.windows.at_or_after(Instant::from_nanos(start));
        match window {
            Some((begins, _)) if begins.as_nanos() < end => '=',
            _ => ' ',
        }
    });
    let marks = String::from_iter(marks);
    let line = format!("{}  {}", marks.trim_end(), fault.name);
    line.chars().take(WIDTH).collect()
}

/// The usual width of a terminal, without the indent.
const WIDTH: usize = 78;

/// More faults are not drawn.
const MOST_FAULTS: usize = 4;

/// From one time to the next below a timeline, in seconds: the shortest that leaves room.
const STEPS: [u64; 16] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 21_600, 86_400, 864_000,
];

/// Room for a time below a timeline.
const STEP_WIDTH: u64 = 8;
