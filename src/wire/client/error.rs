//! Errors of providers, in one form.
//!
//! One parser for all dialects: gateways, proxies and compatible APIs use each other's error forms,
//! and every form has its own field names. They also wrap each other's errors: in lists, in
//! objects, and as JSON inside a text. So the whole body is walked, and every field with a known
//! name is collected wherever it stands. The core interprets what was collected.

mod page;

use serde_json::{Deserializer, Map, Value};

/// A provider's description of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    /// The kind of error: `type`, of the outermost object that has one.
    pub kind: Option<String>,
    /// The error itself: `code`; at some vendors a status, in digits.
    pub code: Option<String>,
    /// Google's name for it: `status`.
    pub status: Option<String>,
    /// For humans: the outermost message, and those inside it.
    pub message: Option<String>,
    /// All other words for machines: of inner errors, and of the vendors' own fields (Anthropic's
    /// `error_code`, Google's `reason` and `quotaId`, and `param=NAME` where a field is named).
    pub reasons: Vec<String>,
    /// Fields that may say how long to wait, by their names in lower case: `retrydelay`.
    pub waits: Vec<(String, String)>,
    /// The innermost status in digits: gateways wrap another server's error into their own.
    pub inner_status: Option<u16>,
    /// Whether a refusal's whole body is JSON.
    pub is_json: bool,
}

/// Parses the body of a refusal. What is no JSON is a message as a whole.
pub(crate) fn read_error(bytes: &[u8]) -> ErrorBody {
    let bytes = without_marks(bytes);
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let is_json = true;
        return ErrorBody {
            is_json,
            ..ErrorBody::of(&value)
        };
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_TEXT)]);
    let mut body = ErrorBody::default();
    match page::is_page(&text) {
        true => body.say(&page::text(&text)),
        false => body.read_text(&text, 0),
    }
    body
}

/// The error in this value, if there is one in any form.
pub(super) fn find(value: &Value) -> Option<ErrorBody> {
    let first = value.get(0).unwrap_or(value);
    let is_error = first.as_object().is_some_and(is_error);
    let error = is_error.then(|| ErrorBody::of(first))?;
    (!error.is_empty() || !first["error"].is_null()).then_some(error)
}

/// Whether an object is an error: it has a field for one, or calls itself one.
fn is_error(object: &Map<String, Value>) -> bool {
    let is_said = |key: &str| object.get(key).is_some_and(|value| !value.is_null());
    let is_named = |key: &str| object.get(key).is_some_and(|value| value == "error");
    let is_text = |key: &String| matches!(role(&key.to_ascii_lowercase()), Role::Text);
    let has_text = object.keys().any(is_text) && !is_answer(object);
    ["error", "fault", "base_resp"].into_iter().any(is_said)
        || ["type", "object"].into_iter().any(is_named)
        || has_text
}

/// Whether an object has a field that only answers have.
fn is_answer(object: &Map<String, Value>) -> bool {
    let fields = ["choices", "candidates", "content", "output", "delta"];
    fields.iter().any(|field| object.contains_key(*field))
}

impl ErrorBody {
    /// Parses an error object, or a string in its place, or an object that holds either.
    pub(super) fn of(error: &Value) -> Self {
        let mut body = Self::default();
        match error {
            Value::String(text) => body.read_text(text, 0),
            _ => body.walk(error, 0),
        }
        body
    }

    /// Adds the code beside the error, if the error has none of its own.
    pub(super) fn or_code(mut self, code: &Value) -> Self {
        if self.code.is_none() && !code.is_null() {
            self.read_word("code", code, 0);
        }
        self
    }

    /// Whether nothing was said: some vendors send an error object with empty fields beside every
    /// answer.
    pub(crate) fn is_empty(&self) -> bool {
        let is_json = self.is_json;
        *self
            == Self {
                is_json,
                ..Self::default()
            }
    }

    /// All words for machines.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let named = [&self.kind, &self.code, &self.status].into_iter().flatten();
        named.chain(&self.reasons).map(String::as_str)
    }

    /// Reads one value that is an error, or a part of one. Plain fields come before those with
    /// more inside, so that the outermost type, code and message win.
    fn walk(&mut self, value: &Value, depth: u8) {
        match value {
            Value::Array(items) if depth < DEEPEST => {
                let items = items.iter().take(MOST_ITEMS);
                items.for_each(|item| self.walk(item, depth + 1));
            }
            Value::Object(object) if depth < DEEPEST => {
                let (inner, plain): (Vec<_>, Vec<_>) =
                    object.iter().partition(|(_, value)| is_deep(value));
                for (key, value) in plain.into_iter().chain(inner) {
                    self.read_field(&key.to_ascii_lowercase(), value, depth);
                }
            }
            Value::String(text) => self.read_text(text, depth),
            _ => {}
        }
    }

    fn read_field(&mut self, key: &str, value: &Value, depth: u8) {
        match role(key) {
            _ if is_wait(key) => self.read_wait(key, value),
            Role::Open => match value {
                Value::Object(_) | Value::Array(_) => self.walk(value, depth + 1),
                _ => {}
            },
            Role::Text => self.walk(value, depth + 1),
            Role::Word => self.read_word(key, value, depth),
            Role::Both => match value {
                Value::String(text) if is_word(text) => self.read_word(key, value, depth),
                _ => self.walk(value, depth + 1),
            },
            Role::Param => {
                if let Value::String(name) = value
                    && says_something(name)
                {
                    self.reasons.push(format!("param={name}"));
                }
            }
            Role::Flag => self.reasons.push(key.to_owned()),
            Role::None => {}
        }
    }

    /// A word for machines, or a number in digits. A word of several words counts as text, too:
    /// xAI's codes are sentences.
    fn read_word(&mut self, key: &str, value: &Value, depth: u8) {
        let word = match value {
            Value::String(text) if says_something(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Object(_) | Value::Array(_) => return self.walk(value, depth + 1),
            _ => return,
        };
        if let Ok(status) = word.parse()
            && (400..600).contains(&status)
        {
            self.inner_status = Some(status);
        }
        // MiniMax's numbers mean other things than its neighbours'; 0 stands beside every answer.
        if key == "status_code" {
            let is_number = word != "0";
            return self
                .reasons
                .extend(is_number.then(|| format!("status_code={word}")));
        }
        let named = match key {
            "type" => &mut self.kind,
            "code" => &mut self.code,
            "status" => &mut self.status,
            _ => return self.reasons.push(word),
        };
        match named {
            None => *named = Some(word),
            Some(_) => self.reasons.push(word),
        }
    }

    fn read_wait(&mut self, key: &str, value: &Value) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return,
        };
        if self.waits.len() < MOST_ITEMS {
            self.waits.push((key.to_owned(), text));
        }
    }

    /// A text for humans, which may hold an error in JSON: that is read as one, and the rest of
    /// the text stays.
    fn read_text(&mut self, text: &str, depth: u8) {
        let text = text.trim();
        let found = (depth < DEEPEST).then(|| object_in(text)).flatten();
        match found {
            None => self.say(text),
            Some((before, value, after)) => {
                self.say(before);
                self.walk(&value, depth + 1);
                self.say(after);
            }
        }
    }

    /// Adds to the message, unless it says that already.
    fn say(&mut self, text: &str) {
        let text = text.trim_matches(|c: char| c.is_whitespace() || ":|,'\"".contains(c));
        let message = self.message.get_or_insert_default();
        let is_new = says_something(text) && !message.contains(text);
        if is_new && message.len() < LONGEST_TEXT {
            let room = text.floor_char_boundary(LONGEST_TEXT - message.len());
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&text[..room]);
        }
        self.message.take_if(|message| message.is_empty());
    }
}

/// What a field of an error is for.
enum Role {
    /// A word for machines.
    Word,
    /// A text for humans, or an error in its place.
    Text,
    /// A word or a text, by what it looks like.
    Both,
    /// More fields.
    Open,
    /// The field of the request that is wrong.
    Param,
    /// A word by its being there.
    Flag,
    /// Something else, such as the request itself, which some servers repeat.
    None,
}

/// The role of a field by its name in lower case.
fn role(key: &str) -> Role {
    match key {
        "type"
        | "code"
        | "status"
        | "reason"
        | "status_code"
        | "statuscode"
        | "error_code"
        | "errorcode"
        | "err_code"
        | "error_type"
        | "errortype"
        | "__type"
        | "exception"
        | "quotaid"
        | "http_status"
        | "http_code"
        | "provider_error_code"
        | "blockreason" => Role::Word,
        "message" | "msg" | "detail" | "error_message" | "errormessage" | "error_description"
        | "description" | "title" | "status_msg" | "faultstring" | "raw" | "body"
        | "error_information" | "errors" => Role::Text,
        "error" | "reasons" => Role::Both,
        "innererror" | "inner_error" | "metadata" | "base_resp" | "fault" | "response" | "data"
        | "details" | "violations" | "headers" | "cause" => Role::Open,
        "param" => Role::Param,
        "flagged_input" => Role::Flag,
        _ => Role::None,
    }
}

/// Whether a field may say how long to wait.
fn is_wait(key: &str) -> bool {
    let says_when = ["after", "delay", "_at", "_in", "time"];
    let is_about = key.contains("retry") || key.contains("wait");
    key.contains("reset") || (is_about && says_when.iter().any(|part| key.contains(part)))
}

fn is_deep(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => true,
        Value::String(text) => text.contains('{'),
        _ => false,
    }
}

/// Whether a text is one word, such as `invalid_request_error`.
fn is_word(text: &str) -> bool {
    text.contains('_') && !text.contains(char::is_whitespace) && !text.contains('{')
}

/// LiteLLM writes Python's `None` as a text.
fn says_something(text: &str) -> bool {
    let text = text.trim();
    let empty = ["", "none", "null", "error", "failure", "success"];
    !empty.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The first JSON object in a text, with what stands before and after it. Some texts hold it with
/// its quotes escaped once more.
fn object_in(text: &str) -> Option<(&str, Value, &str)> {
    let starts = text.match_indices('{').map(|(at, _)| at);
    starts.take(MOST_STARTS).find_map(|at| {
        let (before, rest) = text.split_at(at);
        let parse = |rest: &str| {
            let mut values = Deserializer::from_str(rest).into_iter::<Value>();
            let value = values.next()?.ok()?;
            let has_fields = value.as_object().is_some_and(|object| !object.is_empty());
            has_fields.then(|| (value, values.byte_offset()))
        };
        if let Some((value, end)) = parse(rest) {
            return Some((before, value, &rest[end..]));
        }
        let looks_escaped = rest.starts_with("{\\") || rest.starts_with("{ \\");
        let (value, _) = looks_escaped.then(|| parse(&unescaped(rest))).flatten()?;
        Some((before, value, ""))
    })
}

/// The text with one level of escapes taken off.
fn unescaped(text: &str) -> String {
    let text = text.replace("\\\\", "\u{0}").replace("\\\"", "\"");
    text.replace("\\n", "\n").replace('\u{0}', "\\")
}

/// The bytes without the blanks, and the marks of their order, that some servers put first.
pub(super) fn without_marks(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes.trim_ascii_start();
    while let Some(rest) = bytes.strip_prefix(BYTE_ORDER) {
        bytes = rest.trim_ascii_start();
    }
    bytes
}

/// The byte order mark.
pub(super) const BYTE_ORDER: &[u8] = "\u{feff}".as_bytes();

/// How deep errors are searched within each other. Five levels have been seen.
const DEEPEST: u8 = 12;

/// The longest message that is kept, in bytes.
const LONGEST_TEXT: usize = 8 << 10;

/// The most elements of one list that are read.
const MOST_ITEMS: usize = 16;

/// The most places of a text at which a JSON object is looked for.
const MOST_STARTS: usize = 8;
