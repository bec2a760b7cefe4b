//! The settings of a request: set from code one by one, or read from OpenAI's form as a whole.

use std::sync::Arc;

use serde::Serialize;

use super::raw::{Fields, Raw};
use super::{Message, Request};

/// Why a JSON value is not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is not JSON, or not an object.
    #[error("a request is a JSON object: {0}")]
    Json(String),
    /// A field is not of OpenAI's form.
    #[error("`{field}`: {why}")]
    Field {
        /// The field.
        field: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A function that the model may ask to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool(Raw);

/// Which tools the model must ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// As the model decides.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// The function of this name.
    Function(String),
}

impl Tool {
    /// A function with its name, what it does, and the JSON schema of its parameters.
    ///
    /// # Errors
    /// When the schema cannot be written as JSON.
    pub fn function(
        name: impl AsRef<str>,
        description: impl AsRef<str>,
        parameters: &impl Serialize,
    ) -> Result<Self, RequestError> {
        #[derive(Serialize)]
        struct Form<'a, T> {
            r#type: &'a str,
            function: Function<'a, T>,
        }
        #[derive(Serialize)]
        struct Function<'a, T> {
            name: &'a str,
            description: &'a str,
            parameters: T,
        }
        let form = Form {
            r#type: "function",
            function: Function {
                name: name.as_ref(),
                description: description.as_ref(),
                parameters,
            },
        };
        Raw::of(&form)
            .map(Self)
            .map_err(|error| wrong("tools", error.to_string()))
    }
}

impl Request {
    /// The request that a user of OpenAI's chat completions sends: a [`serde_json::Value`], the
    /// request type of another client, or any other value that is written as such JSON.
    ///
    /// `model`, `stream` and `stream_options` are left out: the fleet and the method that is called
    /// say these. Fields that this client does not know are kept, for providers of OpenAI's family.
    ///
    /// ```
    /// # use firedrill::client::Request;
    /// let form = serde_json::json!({
    ///     "model": "gpt-4.1",
    ///     "temperature": 0.2,
    ///     "messages": [{ "role": "user", "content": "Are you there?" }],
    /// });
    /// let request = Request::from_openai(&form)?;
    /// # Ok::<(), firedrill::client::RequestError>(())
    /// ```
    ///
    /// # Errors
    /// When the value is not such a request, or asks for more than one answer (`n`).
    pub fn from_openai(form: &impl Serialize) -> Result<Self, RequestError> {
        let raw = Raw::of(form).map_err(|error| RequestError::Json(error.to_string()))?;
        Self::from_json(raw.text())
    }

    /// Like [`from_openai`](Self::from_openai), from the text of the JSON. The order of keys, which
    /// structured outputs follow, stays as it is in the text.
    ///
    /// # Errors
    /// As [`from_openai`](Self::from_openai).
    pub fn from_json(text: &str) -> Result<Self, RequestError> {
        let fields: Result<Fields, _> = serde_json::from_str(text);
        let mut fields = fields.map_err(|error| RequestError::Json(error.to_string()))?;
        let messages = fields.take("messages");
        let messages = messages.ok_or_else(|| wrong("messages", "there are none"))?;
        let messages: Result<Vec<Message>, _> = serde_json::from_str(messages.text());
        let mut request = Self {
            messages: Arc::new(messages.map_err(|error| wrong("messages", reason(&error)))?),
            ..Self::default()
        };
        for (name, value) in fields.iter() {
            request.set(name, value)?;
        }
        Ok(request)
    }

    /// Sets any field of OpenAI's form by its name.
    ///
    /// # Errors
    /// When the value cannot be written as JSON, or is not what the field holds; `messages` are
    /// added one by one.
    pub fn field(mut self, name: &str, value: &impl Serialize) -> Result<Self, RequestError> {
        let value = Raw::of(value).map_err(|error| wrong(name, error.to_string()))?;
        self.set(name, &value)?;
        Ok(self)
    }

    fn set(&mut self, name: &str, value: &Raw) -> Result<(), RequestError> {
        match name {
            "model" | "stream" | "stream_options" => {}
            "messages" => return Err(wrong(name, "add messages one by one")),
            "max_tokens" | "max_completion_tokens" => {
                let tokens: Option<Option<u32>> = value.read();
                let tokens = tokens.ok_or_else(|| wrong(name, "this is no number of tokens"))?;
                self.max_tokens = tokens.or(self.max_tokens);
            }
            "n" if value.is_null() || value.text() == "1" => {}
            "n" => return Err(wrong(name, "a call has one answer: send more calls")),
            _ => self.fields.set(name, value.clone()),
        }
        Ok(())
    }

    /// Sets the temperature, from 0 to 2. Anthropic's ends at 1: more is lost there, as
    /// [`Lossy`](super::Lossy) says.
    #[must_use]
    pub fn temperature(self, temperature: f64) -> Self {
        self.with("temperature", &temperature)
    }

    /// Samples from the tokens that make up this share of the probability.
    #[must_use]
    pub fn top_p(self, share: f64) -> Self {
        self.with("top_p", &share)
    }

    /// Sets texts at which the answer stops.
    #[must_use]
    pub fn stop<S: AsRef<str>>(self, texts: impl IntoIterator<Item = S>) -> Self {
        let texts: Vec<String> = texts.into_iter().map(|s| s.as_ref().to_owned()).collect();
        self.with("stop", &texts)
    }

    /// Sets the seed of the provider's own sampling.
    #[must_use]
    pub fn seed(self, seed: i64) -> Self {
        self.with("seed", &seed)
    }

    /// Sets the tools that the model may ask for.
    #[must_use]
    pub fn tools(self, tools: impl IntoIterator<Item = Tool>) -> Self {
        let tools: Vec<Raw> = tools.into_iter().map(|tool| tool.0).collect();
        self.with("tools", &tools)
    }

    /// Sets which tools the model must ask for.
    #[must_use]
    pub fn tool_choice(self, choice: &ToolChoice) -> Self {
        let function =
            |name| serde_json::json!({ "type": "function", "function": { "name": name }});
        match choice {
            ToolChoice::Auto => self.with("tool_choice", "auto"),
            ToolChoice::None => self.with("tool_choice", "none"),
            ToolChoice::Required => self.with("tool_choice", "required"),
            ToolChoice::Function(name) => self.with("tool_choice", &function(name)),
        }
    }

    /// Wants a JSON object as the answer.
    #[must_use]
    pub fn json_object(self) -> Self {
        self.with(
            "response_format",
            &serde_json::json!({ "type": "json_object" }),
        )
    }

    /// Wants an answer of this JSON schema, which has a name.
    ///
    /// # Errors
    /// When the schema cannot be written as JSON.
    pub fn json_schema(self, name: &str, schema: &impl Serialize) -> Result<Self, RequestError> {
        #[derive(Serialize)]
        struct Form<'a, T> {
            r#type: &'a str,
            json_schema: Schema<'a, T>,
        }
        #[derive(Serialize)]
        struct Schema<'a, T> {
            name: &'a str,
            strict: bool,
            schema: T,
        }
        let json_schema = Schema {
            name,
            strict: true,
            schema,
        };
        let r#type = "json_schema";
        self.field(
            "response_format",
            &Form {
                r#type,
                json_schema,
            },
        )
    }

    /// Sets a name for the end user, by which providers find abuse.
    #[must_use]
    pub fn user_id(self, user: impl AsRef<str>) -> Self {
        self.with("user", user.as_ref())
    }

    /// With a field whose value is always JSON.
    fn with(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        if let Ok(value) = Raw::of(value) {
            self.fields.set(name, value);
        }
        self
    }
}

fn wrong(field: &str, why: impl Into<String>) -> RequestError {
    RequestError::Field {
        field: field.to_owned(),
        why: why.into(),
    }
}

/// What is wrong, without the place, which is one in the field and not in the text.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}
