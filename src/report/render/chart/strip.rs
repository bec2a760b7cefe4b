//! A run over time in one line of characters, for a terminal: which calls failed, the times below,
//! and when a fault is active.

use crate::report::{MeasuredFault, Timeline};
use crate::time::Instant;
use crate::units::duration;

/// One character per interval: `.` when no call failed, `1` to `9` for the tenths that did
/// (rounded up), `X` when all did, a blank when no call arrived.
pub(in crate::report) fn failed(timeline: &Timeline) -> String {
    let pairs = timeline.calls.iter().zip(&timeline.failed);
    let drawn: String = pairs.map(|(&calls, &failed)| mark(calls, failed)).collect();
    drawn.trim_end().to_owned()
}

fn mark(calls: u64, failed: u64) -> char {
    match (calls, failed) {
        (0, _) => ' ',
        (_, 0) => '.',
        _ if failed >= calls => 'X',
        _ => {
            let tenths = (u128::from(failed) * 10).div_ceil(u128::from(calls)).min(9);
            char::from_digit(u32::try_from(tenths).unwrap_or(9), 10).unwrap_or('9')
        }
    }
}

/// The times below: `0s        5m        10m`.
pub(in crate::report) fn axis(timeline: &Timeline) -> String {
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

/// When `fault` is active, and its name: `     =====    storm`, cut at `width`.
pub(in crate::report) fn fault(timeline: &Timeline, fault: &MeasuredFault, width: usize) -> String {
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
    line.chars().take(width).collect()
}

/// From one time to the next, in seconds: the shortest that leaves room.
const STEPS: [u64; 16] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 21_600, 86_400, 864_000,
];

/// Room for a time.
const STEP_WIDTH: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_run_is_drawn_in_sixty_marks() {
        let mut timeline = Timeline::new(Duration::from_secs(60));
        for second in 0..60 {
            for call in 0..10 {
                let at = Instant::from_nanos(second * 1_000_000_000 + call);
                timeline.add(at, second >= 20 && call < second - 20);
            }
        }
        assert_eq!(
            failed(&timeline),
            format!("{}.123456789{}", ".".repeat(20), "X".repeat(30))
        );
    }

    #[test]
    fn a_run_of_no_length_has_one_stretch_and_late_calls_count_at_the_end() {
        let mut timeline = Timeline::new(Duration::ZERO);
        timeline.add(Instant::from_nanos(u64::MAX), true);
        assert_eq!(failed(&timeline), "X");
    }

    #[test]
    fn silence_is_drawn_as_a_blank() {
        let mut timeline = Timeline::new(Duration::from_nanos(3));
        timeline.add(Instant::from_nanos(0), false);
        timeline.add(Instant::from_nanos(2), true);
        assert_eq!(failed(&timeline), ". X");
    }
}
