//! Hints to wait: in the dialect's form, or in any other known form.

use std::time::Duration;

use super::date::Date;
use super::head::Head;
use super::quota::{whole_millis, whole_seconds};
use super::spec::{FakeSpec, OwnHint};
use super::{Cause, HintFormat, Refusal, Stamp};

/// Writes the fields of the hint of `refusal`.
pub(super) fn fields(head: &mut Head, spec: &FakeSpec, stamp: &Stamp, refusal: &Refusal) {
    let Some(hint) = refusal.hint else {
        return;
    };
    let wait = hint.wait;
    match hint.form {
        HintFormat::Own if keeps_silent(spec, refusal) => {}
        HintFormat::Own => own(head, spec.own_hint, wait),
        HintFormat::Seconds => head.field("retry-after", whole_seconds(wait)),
        HintFormat::Millis => head.field("retry-after-ms", whole_millis(wait)),
        HintFormat::Date => date(head, stamp, Date::after(stamp.at, wait)),
        HintFormat::Past => date(head, stamp, Date::of(stamp.at).before(wait.max(SECOND))),
        HintFormat::Negative => {
            let seconds = whole_seconds(wait.max(SECOND));
            head.field("retry-after", format_args!("-{seconds}"));
        }
        HintFormat::Nan => head.field("retry-after", "NaN"),
        HintFormat::Absurd => head.field("retry-after", CENTURY),
        HintFormat::Body => {}
    }
}

/// The wait in the body of `refusal`, if it has one.
pub(super) fn in_body(spec: &FakeSpec, refusal: &Refusal) -> Option<Duration> {
    let hint = refusal.hint?;
    match hint.form {
        HintFormat::Own => (!keeps_silent(spec, refusal)).then_some(hint.wait),
        HintFormat::Body => Some(hint.wait),
        _ => None,
    }
}

/// Most vendors give no hint for an empty account.
fn keeps_silent(spec: &FakeSpec, refusal: &Refusal) -> bool {
    matches!(refusal.cause, Cause::Quota | Cause::SpendLimit) && !spec.hints_about_money
}

fn own(head: &mut Head, habit: OwnHint, wait: Duration) {
    match habit {
        OwnHint::NoField => {}
        OwnHint::Seconds => head.field("retry-after", whole_seconds(wait)),
        OwnHint::SecondsAndMillis => {
            head.field("retry-after", whole_seconds(wait));
            head.field("retry-after-ms", whole_millis(wait));
        }
    }
}

fn date(head: &mut Head, stamp: &Stamp, until: Date) {
    head.field("date", Date::of(stamp.at).http());
    head.field("retry-after", until.http());
}

const SECOND: Duration = Duration::from_secs(1);

/// A hundred years of 365.25 days, in seconds.
const CENTURY: u64 = 3_155_760_000;
