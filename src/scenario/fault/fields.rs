//! The fields of faults: how each is read from its keys, checked, and written.
//!
//! A row of `catalogue` names the fields of its word. A field defines whether its key is required,
//! how it is checked, and how its resolved value is written; the messages are here as well.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::kind::{CloseMode, LateClose, SlowPart};
use super::reader::Reader;
use crate::text::Diagnostic;
use crate::text::name::hint_of_model;
use crate::units::{Bandwidth, Factor, Share, TokenRate, duration, tokens};
use crate::wire::fake::{Cause, Finish, Hint, HintFormat, Inside, Refusal};

/// A parameter of a fault.
pub(super) trait Field {
    /// The type of its checked value.
    type Value;

    /// Its keys.
    const KEYS: Keys;

    /// Reads it, or reports what is wrong with its keys.
    fn read(reader: &Reader<'_>) -> Result<Self::Value, Diagnostic>;

    /// Writes its resolved value: every key, with every default filled in.
    fn write(value: &Self::Value, shown: &mut Map<String, Value>);
}

/// The keys of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub(super) names: &'static [&'static str],
    /// Whether they are required.
    pub(super) are_required: bool,
}

/// Declares fields of one key: `required` with the hint for a missing key, or `optional` with the
/// default. Then, unless the value is used as it is, how it is checked (by the `reader`) and how it
/// is written.
macro_rules! fields {
    (|$reader:ident| $($(#[$doc:meta])*
        $name:ident: $type:ty, $need:ident $key:ident ($default:expr)
        $(, check |$read:ident| $check:expr)?
        $(, show |$value:ident| $shown:expr)?;)*) => {
        $(
            $(#[$doc])*
            pub(super) enum $name {}

            impl Field for $name {
                type Value = $type;

                const KEYS: Keys = Keys {
                    names: &[stringify!($key)],
                    are_required: fields!(@is_required $need),
                };

                fn read($reader: &Reader<'_>) -> Result<$type, Diagnostic> {
                    let value = fields!(@value $need $reader $key $default);
                    fields!(@check value $(, |$read| $check)?)
                }

                fn write(value: &$type, shown: &mut Map<String, Value>) {
                    let value = fields!(@show value $(, |$value| $shown)?);
                    shown.insert(stringify!($key).to_owned(), value);
                }
            }
        )*
    };
    (@is_required required) => { true };
    (@is_required optional) => { false };
    (@value required $reader:ident $key:ident $hint:expr) => {
        $reader.required(stringify!($key), $reader.file.$key.clone(), $hint)?
    };
    (@value optional $reader:ident $key:ident $default:expr) => {
        match ($reader.file.$key.clone(), $default) {
            (Some(value), _) => value,
            (None, default) => return Ok(default),
        }
    };
    (@check $value:ident) => { Ok($value.into()) };
    (@check $value:ident, |$read:ident| $check:expr) => {{
        let $read = $value;
        $check
    }};
    (@show $value:ident) => { json!($value) };
    (@show $own:ident, |$value:ident| $shown:expr) => {{
        let $value = $own;
        json!($shown)
    }};
}

fields! { |reader|
    After: u64, required after ("write after how many tokens: `after: 80 tok`"),
        show |after| tokens::write(*after);
    Billed: bool, optional billed (false);
    By: Duration, required by ("write how much later: `by: 20s`"),
        show |by| duration::write(*by);
    ByOrNever: Option<Duration>, optional by (None), show |by| by.map(duration::write);
    Cap: Bandwidth, required cap ("write how many bytes at most: `cap: 200 B/s`");
    /// The cause of an error that replaces an answer.
    ErrorCause: Cause, optional cause (Cause::ServerError),
        check |name| reader.cause(&name), show |cause| cause.name();
    /// The cause of an error with a given status.
    StatusCause: Cause, optional cause (Refusal::with_status(reader.status()).cause),
        check |name| reader.cause(&name), show |cause| cause.name();
    Slower: Factor, required factor ("write how many times slower: `factor: 3`"),
        check |times| reader.bounded("factor", times, Factor::ONE..=LARGEST);
    /// A factor that may also be below 1.
    Times: Factor, required factor ("write how many times as much: `factor: 1.5`"),
        check |times| reader.times(times);
    Idle: Duration, required idle ("write how long it was idle: `idle: 60s`"),
        show |idle| duration::write(*idle);
    /// The index of a tail: below 0.5 a draw may exceed any run, above 20 there is hardly a tail.
    Index: Factor, required index ("write how heavy the tail is: `index: 1.5`");
    InsideOf: Option<Inside>, optional inside (None);
    Remaining: Share, required remaining ("write how much is left: `remaining: 30%`");
    Model: Arc<str>, required model ("write which model is named: `model: other-model`"),
        check |model| reader.model(&model), show |model| **model;
    Says: Finish, optional says (Finish::Length);
    ShouldRetry: Option<bool>, optional should_retry (None);
    Silence: Duration, required silence ("write how long it is silent: `silence: 20s`"),
        show |silence| duration::write(*silence);
    Speed: TokenRate, required speed ("write how slowly: `speed: 0.5 tok/s`");
    Then: Option<CloseMode>, optional then (None);
    What: SlowPart, optional what (SlowPart::All);
    StreamEnd: CloseMode, optional with (CloseMode::Rst);
    /// How a connection closes on which no answer has begun.
    ConnectionEnd: CloseMode, optional with (CloseMode::Rst),
        check |with| reader.connection_end("with", with);
}

/// A status that is written instead of a word.
pub(super) enum Status {}

impl Field for Status {
    type Value = u16;

    const KEYS: Keys = Keys {
        names: &[],
        are_required: false,
    };

    fn read(reader: &Reader<'_>) -> Result<u16, Diagnostic> {
        Ok(reader.status())
    }

    fn write(_: &u16, _: &mut Map<String, Value>) {}
}

/// The delay of an error; it is not written where there is none.
pub(super) enum Late {}

impl Field for Late {
    type Value = Duration;

    const KEYS: Keys = Keys {
        names: &["by"],
        are_required: false,
    };

    fn read(reader: &Reader<'_>) -> Result<Duration, Diagnostic> {
        Ok(reader.file.by.unwrap_or_default())
    }

    fn write(late: &Duration, shown: &mut Map<String, Value>) {
        if !late.is_zero() {
            shown.insert("by".to_owned(), duration::write(*late).into());
        }
    }
}

/// How a connection on which no answer comes is closed after a while, if it is.
pub(super) enum Ended {}

impl Field for Ended {
    type Value = Option<LateClose>;

    const KEYS: Keys = Keys {
        names: &["silence", "then"],
        are_required: false,
    };

    fn read(reader: &Reader<'_>) -> Result<Option<LateClose>, Diagnostic> {
        let missing = |there: &str, key: &str, hint: &str| {
            let message = format!("`{there}` needs the key `{key}` beside it");
            reader.refuse_key(there, message, hint)
        };
        match (reader.file.silence, reader.file.then) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                missing("silence", "then", "write how it ends: `then: fin` or `rst`")
            }
            (None, Some(_)) => missing("then", "silence", "write when: `silence: 30s`"),
            (Some(silence), Some(then)) => {
                let with = reader.connection_end("then", then)?;
                Ok(Some(LateClose { silence, with }))
            }
        }
    }

    fn write(then: &Option<LateClose>, shown: &mut Map<String, Value>) {
        if let Some(LateClose { silence, with }) = then {
            shown.insert("silence".to_owned(), duration::write(*silence).into());
            shown.insert("then".to_owned(), json!(with));
        }
    }
}

/// A hint to wait. A false hint has its own length; all other hints need a `retry_after`.
pub(super) enum HintToWait {}

impl Field for HintToWait {
    type Value = Option<Hint>;

    const KEYS: Keys = Keys {
        names: &["retry_after", "hint"],
        are_required: false,
    };

    fn read(reader: &Reader<'_>) -> Result<Option<Hint>, Diagnostic> {
        let form = reader.file.hint;
        let lies = form.is_some_and(is_lie);
        let wait = match (reader.file.retry_after, form) {
            (Some(_), _) if lies => {
                let message = "this hint has a fixed value and takes no `retry_after`";
                let hint = "leave out `retry_after`, or write another `hint`";
                return reader.refuse("hint", message, hint);
            }
            (Some(wait), _) => wait,
            (None, None) => return Ok(None),
            (None, Some(_)) if lies => UNTOLD,
            (None, Some(_)) => {
                let message = "`hint` needs `retry_after`: how long to wait";
                let hint = "write as in `{ hint: date, retry_after: 20s }`";
                return reader.refuse("hint", message, hint);
            }
        };
        let form = form.unwrap_or_default();
        Ok(Some(Hint { wait, form }))
    }

    fn write(hint: &Option<Hint>, shown: &mut Map<String, Value>) {
        let told = hint.filter(|hint| !is_lie(hint.form));
        let wait = told.map(|hint| duration::write(hint.wait));
        shown.insert("retry_after".to_owned(), wait.into());
        shown.insert("hint".to_owned(), json!(hint.map(|hint| hint.form)));
    }
}

const fn is_lie(form: HintFormat) -> bool {
    matches!(
        form,
        HintFormat::Past | HintFormat::Negative | HintFormat::Nan | HintFormat::Absurd
    )
}

impl Reader<'_> {
    /// The status that is written as the word. Only the row [`STATUS`](super::catalogue::STATUS)
    /// has one.
    fn status(&self) -> u16 {
        self.file.inject.parse().unwrap_or_default()
    }

    fn cause(&self, name: &str) -> Result<Cause, Diagnostic> {
        Cause::from_name(name).ok_or_else(|| {
            let problem = self.problem("cause", format!("unknown cause `{name}`"));
            problem.did_you_mean(name, Cause::ALL.map(Cause::name))
        })
    }

    fn times(&self, times: Factor) -> Result<Factor, Diagnostic> {
        if times == Factor::ONE {
            let hint = "write another factor, or leave the fault out";
            return self.refuse("factor", "a factor of 1 changes nothing", hint);
        }
        self.bounded("factor", times, Factor::milli(0)..=LARGEST)
    }

    fn model(&self, model: &str) -> Result<Arc<str>, Diagnostic> {
        match hint_of_model(model) {
            None => Ok(model.into()),
            Some(hint) => self.refuse("model", "this cannot name a model", hint),
        }
    }

    fn connection_end(&self, key: &str, with: CloseMode) -> Result<CloseMode, Diagnostic> {
        match with {
            CloseMode::End => {
                let message = "there is no body yet that could be cut";
                self.refuse(key, message, "write `rst` or `fin`")
            }
            with => Ok(with),
        }
    }
}

const LARGEST: Factor = Factor::milli(1_000_000);

/// The true wait of a false hint without `retry_after`: the usual period of limits.
const UNTOLD: Duration = Duration::from_secs(60);
