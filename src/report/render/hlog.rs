//! The latency of answered calls as an HdrHistogram log (`.hlog`), which its analysers read: a file
//! for each policy, with a line for all calls and one, with its tag, for those during each fault.
//! Values are milliseconds.

use std::time::Duration;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::Screen;
use crate::report::{Judged, Report};

/// All policies of `report`, one after another.
pub(super) fn render(report: &Report, _: &Screen) -> String {
    let texts = by_policy(report).into_iter();
    Vec::from_iter(texts.map(|(_, text)| text)).join("\n")
}

/// The name and the log of each policy.
pub(super) fn by_policy(report: &Report) -> Vec<(String, String)> {
    let policies = report.policies.iter();
    let logs = policies.map(|policy| (policy.name.clone(), of(policy)));
    logs.collect()
}

fn of(policy: &Judged) -> String {
    let state = &policy.state;
    let (mut log, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment(&format!("[Policy = {}]", policy.name));
    builder.add_comment("[Latency of answered calls, in milliseconds]");
    let begun = builder
        .with_max_value_divisor(1.0)
        .begin_log_with(&mut log, &mut serializer);
    let mut writer = begun.expect("memory takes any text");
    let during = state.during.iter().zip(&state.faults);
    let during = during.map(|(scope, fault)| (scope, Some(tag(fault))));
    for (scope, tag) in std::iter::once((&state.run, None)).chain(during) {
        let tag = tag.as_deref().and_then(Tag::new);
        let buckets = scope.latency.buckets.histogram();
        let length = Duration::from_nanos(state.run.length_ns);
        writer
            .write_histogram(&buckets, Duration::ZERO, length, tag)
            .expect("memory takes any histogram");
    }
    String::from_utf8_lossy(&log).into_owned()
}

/// The name of a fault, without what a tag may not contain.
fn tag(fault: &str) -> String {
    let allowed = |c: char| !c.is_whitespace() && c != ',';
    let kept = fault.chars().map(|c| if allowed(c) { c } else { '_' });
    kept.collect()
}
