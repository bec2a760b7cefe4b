//! How a hint to wait is put: as the dialect does it, or in any other form that has been seen.

use std::time::Duration;

use super::date::Date;
use super::head::Head;
use super::quota::{whole_millis, whole_seconds};
use super::{Cause, HintFormat, Refusal, Stamp};
use crate::wire::Dialect;

/// Writes what `refusal` says in fields about waiting.
pub(super) fn fields(head: &mut Head, dialect: Dialect, stamp: &Stamp, refusal: &Refusal) {
    let Some(hint) = refusal.hint else {
        return;
    };
    let wait = hint.wait;
    match hint.form {
        HintFormat::Own if is_about_money(dialect, refusal) => {}
        HintFormat::Own => own(head, dialect, wait),
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

/// The wait that the body of `refusal` tells, if it tells one.
pub(super) fn in_body(dialect: Dialect, refusal: &Refusal) -> Option<Duration> {
    let hint = refusal.hint?;
    match hint.form {
        HintFormat::Own => (!is_about_money(dialect, refusal)).then_some(hint.wait),
        HintFormat::Body => Some(hint.wait),
        _ => None,
    }
}

/// Nobody says how long to wait for money, but for Gemini, where that is a limit like others.
fn is_about_money(dialect: Dialect, refusal: &Refusal) -> bool {
    matches!(refusal.cause, Cause::Quota | Cause::SpendLimit) && dialect != Dialect::Gemini
}

/// Moonshot and Gemini tell it in the body alone, DeepSeek not at all.
fn own(head: &mut Head, dialect: Dialect, wait: Duration) {
    match dialect {
        Dialect::Openai | Dialect::Azure => {
            head.field("retry-after", whole_seconds(wait));
            head.field("retry-after-ms", whole_millis(wait));
        }
        Dialect::Anthropic | Dialect::Openrouter => {
            head.field("retry-after", whole_seconds(wait));
        }
        Dialect::Deepseek | Dialect::Moonshot | Dialect::Gemini => {}
    }
}

fn date(head: &mut Head, stamp: &Stamp, until: Date) {
    head.field("date", Date::of(stamp.at).http());
    head.field("retry-after", until.http());
}

const SECOND: Duration = Duration::from_secs(1);

/// A hundred years of 365.25 days, in seconds.
const CENTURY: u64 = 3_155_760_000;
