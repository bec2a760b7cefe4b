//! What a look at an endpoint says: a line for each step, and whose fault it is if one failed.

use std::time::Duration;

use crate::client::{Dialect, Trouble, Usage};
use crate::policy::FailureClass;
use crate::text::suggestion::suggestion;
use crate::text::visible::visible;
use crate::units::duration;

/// An endpoint, as it is looked at.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) host: &'a str,
    pub(super) dialect: Dialect,
    /// The model to ask, if one is named.
    pub(super) model: Option<&'a str>,
    /// The number of keys.
    pub(super) keys: u16,
}

impl Subject<'_> {
    /// The line above its steps.
    pub(super) fn head(&self) -> String {
        let model = self.model.map(|model| format!(", {model}"));
        let (name, host, dialect) = (self.name, self.host, self.dialect.name());
        format!("{name}  {host}  ({dialect}{})", model.unwrap_or_default())
    }

    /// Whether a connection opened.
    pub(super) fn reached(&self, result: &Result<(), Trouble>, took: Duration) -> String {
        match result {
            Ok(()) => ok(&format!("reached in {}", written(took))),
            Err(trouble) => fails("is not reached", trouble, self),
        }
    }

    /// Whether a key is accepted, from the answer to the question for the list of models.
    pub(super) fn key(&self, key: u16, listed: &Result<Vec<String>, Trouble>) -> String {
        let name = match self.keys {
            0 => "a request without a key".to_owned(),
            1 => "the key".to_owned(),
            _ => format!("key {} of {}", key + 1, self.keys),
        };
        match listed {
            Err(trouble) if is_of_key(trouble.class) => {
                fails(&format!("{name} is refused"), trouble, self)
            }
            Err(trouble) => note(&format!(
                "whether {name} is accepted is not known: no list of models ({})",
                said(trouble)
            )),
            Ok(_) if self.dialect == Dialect::Openrouter => {
                note("the list of models needs no key here: an answer tells whether it is accepted")
            }
            Ok(_) => ok(&format!("{name} is accepted")),
        }
    }

    /// Which models are listed, and whether that is as it should be. An answer says more than a
    /// list, which may leave out aliases.
    pub(super) fn models(
        &self,
        listed: &Result<Vec<String>, Trouble>,
        answer_follows: bool,
    ) -> (String, bool) {
        let models = match listed {
            Ok(models) => models,
            Err(_) if answer_follows => return (note("lists no models"), true),
            Err(trouble) => return (fails("lists no models", trouble, self), false),
        };
        let count = match models.len() {
            1 => "lists one model".to_owned(),
            count => format!("lists {count} models"),
        };
        let Some(model) = self.model else {
            let names = models.iter().take(MOST_NAMED).map(String::as_str);
            let mut names = Vec::from_iter(names);
            names.extend((models.len() > MOST_NAMED).then_some("…"));
            return (ok(&format!("{count}: {}", names.join(", "))), true);
        };
        if self.dialect == Dialect::Azure {
            return (ok(&format!("{count}; deployments are not listed")), true);
        }
        if models.iter().any(|listed| listed == model) {
            return (ok(&format!("{count}, `{model}` among them")), true);
        }
        let line = format!("{count}, `{model}` not among them{}", meant(model, models));
        match answer_follows {
            true => (note(&line), true),
            false => (line_of("fails", &line), false),
        }
    }

    /// How long an answer took, or why none came.
    pub(super) fn answer(
        &self,
        result: &Result<Option<Usage>, Trouble>,
        took: Duration,
        listed: Option<&[String]>,
    ) -> String {
        match result {
            Ok(usage) => {
                let tokens = usage.map(|usage| {
                    let (sent, got) = (usage.prompt_tokens, usage.completion_tokens);
                    format!(": {sent} tokens in, {got} out")
                });
                ok(&format!(
                    "answered in {}{}",
                    written(took),
                    tokens.unwrap_or_default()
                ))
            }
            Err(trouble) if trouble.class == FailureClass::TimeoutAttempt => {
                let lead = format!("does not answer within {}", written(took));
                fails(&lead, trouble, self)
            }
            Err(trouble) => {
                let missing = self
                    .model
                    .filter(|_| trouble.class == FailureClass::ModelGone);
                let meant = missing
                    .zip(listed)
                    .map(|(model, listed)| meant(model, listed));
                let lead = format!("does not answer{}", meant.unwrap_or_default());
                fails(&lead, trouble, self)
            }
        }
    }

    /// Whose fault a failure is, and what to do.
    fn blame(&self, trouble: &Trouble) -> String {
        use FailureClass as F;
        let wait = trouble
            .wait
            .map(|wait| format!(" It asks to wait {}.", duration::write(wait)));
        let is_untrusted = trouble.message.as_deref();
        let is_untrusted = is_untrusted.is_some_and(|said| said.contains("certificate"));
        match trouble.class {
            F::Connect if is_untrusted => "the way to it: does a proxy stand between, with a \
                 certificate of its own? `SSL_CERT_FILE` names its authority's file"
                .to_owned(),
            F::Connect | F::TimeoutConnect => {
                "the address or the way to it: is the URL right, and may this machine reach it?"
                    .to_owned()
            }
            F::Auth if self.keys == 0 => {
                "yours: it wants a key. Name one with `--key env:NAME`, or under `keys`".to_owned()
            }
            F::Auth => "yours: is the key whole, of this vendor, and not revoked?".to_owned(),
            F::Forbidden => "yours: the key is known, and may not do this".to_owned(),
            F::Quota => "yours: the account has no money or quota left".to_owned(),
            F::RateLimited => {
                format!(
                    "yours: the account's limit is used up.{}",
                    wait.unwrap_or_default()
                )
            }
            F::ModelGone => {
                "yours: this key has no such model here, or the URL is wrong".to_owned()
            }
            F::BadRequest | F::Rejected | F::ContextTooLong | F::ContentFilter => format!(
                "unclear: it does not take the request. Is `{}` its dialect, and does the model \
                 take a short answer?",
                self.dialect.name()
            ),
            F::Malformed => format!(
                "unclear: no answer of `{}`. Is the URL the one that the vendor's SDK takes?",
                self.dialect.name()
            ),
            F::Overloaded | F::ServerError => {
                format!(
                    "the provider's: see its status page.{}",
                    wait.unwrap_or_default()
                )
            }
            _ => "the provider's, or of the way to it: look again".to_owned(),
        }
    }
}

/// Whether a failure says that the key is not accepted.
pub(super) const fn is_of_key(class: FailureClass) -> bool {
    matches!(class, FailureClass::Auth | FailureClass::Forbidden)
}

/// The dialect of a vendor's own host; OpenAI's for any other.
pub(super) fn dialect_of(url: &str) -> Dialect {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    let found = HOSTS.iter().find(|(end, _)| host.ends_with(end));
    found.map_or(Dialect::Openai, |(_, dialect)| *dialect)
}

/// The limits that header fields tell. The forms differ: `x-ratelimit-remaining-requests` at
/// OpenAI, `anthropic-ratelimit-requests-remaining` at Anthropic, and `x-ratelimit-remaining` at
/// OpenRouter. Of a field that came twice, the later one is right.
pub(super) fn limits(fields: &[(String, String)]) -> String {
    let mut known: Vec<(String, [Option<&str>; 3])> = Vec::new();
    for (name, value) in fields {
        let parts = name.split_once("ratelimit").map_or("", |(_, rest)| rest);
        let mut parts = Vec::from_iter(parts.split('-').filter(|part| !part.is_empty()));
        let place = parts.iter().position(|part| WORDS.contains(part));
        let Some(word) = place.map(|place| parts.remove(place)) else {
            continue;
        };
        let of = match parts.is_empty() {
            true => "requests".to_owned(),
            false => parts.join(" "),
        };
        let at = known.iter().position(|(known, _)| *known == of);
        let at = at.unwrap_or_else(|| {
            known.push((of, [None; 3]));
            known.len() - 1
        });
        let word = WORDS.iter().position(|known| *known == word);
        known[at].1[word.unwrap_or_default()] = Some(value);
    }
    let told = known.iter().map(|(of, [limit, left, reset])| {
        let left = match (left, limit) {
            (Some(left), Some(limit)) => format!("{left} of {limit} {of} left"),
            (Some(left), None) => format!("{left} {of} left"),
            (None, Some(limit)) => format!("{limit} {of}"),
            (None, None) => of.clone(),
        };
        let reset = reset.map(|reset| format!(", reset {reset}"));
        left + &reset.unwrap_or_default()
    });
    let told = Vec::from_iter(told).join("; ");
    line_of(
        "",
        &match told.as_str() {
            "" => "limits: its headers tell none".to_owned(),
            told => format!("limits: {told}"),
        },
    )
}

/// ` (did you mean …?)`, if a model is near.
fn meant(model: &str, listed: &[String]) -> String {
    let near = suggestion(model, listed.iter().map(String::as_str), "");
    let is_new = !listed.iter().any(|listed| listed == model);
    let near = near.filter(|near| is_new && near.starts_with("did you mean"));
    near.map_or_else(String::new, |near| format!(" ({near})"))
}

fn fails(what: &str, trouble: &Trouble, subject: &Subject<'_>) -> String {
    let first = line_of("fails", &format!("{what}: {}", said(trouble)));
    format!("{first}\n{}", line_of("", &subject.blame(trouble)))
}

fn ok(what: &str) -> String {
    line_of("ok", what)
}

fn note(what: &str) -> String {
    line_of("note", what)
}

fn line_of(word: &str, what: &str) -> String {
    visible(&format!("  {word:5}  {what}")).into_owned()
}

/// `401 auth (Incorrect API key provided)`.
fn said(trouble: &Trouble) -> String {
    let status = trouble.status.map(|status| format!("{status} "));
    let message = trouble.message.as_deref().map(|message| {
        let line = message.split_whitespace();
        let mut line = Vec::from_iter(line).join(" ");
        if line.chars().count() > LONGEST_MESSAGE {
            line = line.chars().take(LONGEST_MESSAGE).collect::<String>() + "…";
        }
        format!(" ({line})")
    });
    let class = trouble.class.name();
    format!(
        "{}{class}{}",
        status.unwrap_or_default(),
        message.unwrap_or_default()
    )
}

/// In whole milliseconds: below that, nothing is told apart.
fn written(took: Duration) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    format!("{millis} ms")
}

/// Hosts of vendors, by how they end.
const HOSTS: [(&str, Dialect); 8] = [
    ("api.anthropic.com", Dialect::Anthropic),
    ("generativelanguage.googleapis.com", Dialect::Gemini),
    ("api.deepseek.com", Dialect::Deepseek),
    ("api.moonshot.ai", Dialect::Moonshot),
    ("api.moonshot.cn", Dialect::Moonshot),
    ("openrouter.ai", Dialect::Openrouter),
    ("api.x.ai", Dialect::Xai),
    (".openai.azure.com", Dialect::Azure),
];

/// What a field tells.
const WORDS: [&str; 3] = ["limit", "remaining", "reset"];

/// How many models a line names.
const MOST_NAMED: usize = 8;

/// The longest message that is shown, in characters.
const LONGEST_MESSAGE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendors_limits_are_read() {
        let told = |fields: &[(&str, &str)]| {
            let fields = fields
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()));
            limits(&Vec::from_iter(fields)).trim().to_owned()
        };
        let openai = [
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-tokens", "29988"),
        ];
        let expected = "limits: 499 of 500 requests left, reset 120ms; 29988 of 30000 tokens left";
        assert_eq!(told(&openai), expected);
        let anthropic = [
            ("anthropic-ratelimit-input-tokens-limit", "80000"),
            ("anthropic-ratelimit-input-tokens-remaining", "79000"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2026-01-01T00:00:00Z",
            ),
        ];
        let expected = "limits: 79000 of 80000 input tokens left, reset 2026-01-01T00:00:00Z";
        assert_eq!(told(&anthropic), expected);
        let openrouter = [("x-ratelimit-limit", "20"), ("x-ratelimit-remaining", "19")];
        assert_eq!(told(&openrouter), "limits: 19 of 20 requests left");
        assert_eq!(
            told(&[("x-ratelimit-remaining-tokens", "7")]),
            "limits: 7 tokens left"
        );
        assert_eq!(told(&[]), "limits: its headers tell none");
    }

    #[test]
    fn a_vendors_host_tells_its_dialect() {
        for (url, dialect) in [
            ("https://api.openai.com/v1", Dialect::Openai),
            ("https://api.anthropic.com", Dialect::Anthropic),
            ("https://mine.openai.azure.com:443/x", Dialect::Azure),
            ("http://127.0.0.1:8080/v1", Dialect::Openai),
        ] {
            assert_eq!(dialect_of(url), dialect, "{url}");
        }
    }
}
