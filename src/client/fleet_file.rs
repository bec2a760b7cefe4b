//! The fleet file: the providers of a client, in order, and where their keys are.
//!
//! ```yaml
//! fleet:
//!   openai:   { url: https://api.openai.com/v1, model: gpt-4.1, keys: [ env:OPENAI_API_KEY ] }
//!   deepseek: { url: https://api.deepseek.com, model: deepseek-v3.2, dialect: deepseek }
//! ```
//!
//! A file with the key `fleet` is one. It is used with a policy file, which configures the client,
//! and may be committed: it never contains a key. Any text in it that may be a key is redacted from
//! all messages of this reader.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::Deserializer;

use super::connect::Connect;
use super::connect::Endpoint;
use super::provider::Provider;
use super::secret::Secret;
use super::{BuildError, Builder, Client};
use crate::policy::config::Policy;
use crate::text::findings::Findings;
use crate::text::{Diagnostic, Document, file, secrets};
#[cfg(feature = "cli")]
use crate::units::schema;
use crate::units::{self, Money, UnitError};
use crate::wire::Dialect;
use crate::wire::request::Lossy;

/// A fleet file that was read and checked. It holds no keys.
#[derive(Clone, Debug)]
pub struct FleetFile {
    document: Document,
    folder: PathBuf,
    entries: Vec<(String, Entry)>,
}

/// The reason why a policy file and a fleet file do not make a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// One of the files is wrong, or a key is not where it says.
    #[error(transparent)]
    File(#[from] Diagnostic),
    /// The client cannot be built from them.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The platform's root certificates cannot be loaded.
    #[error("the platform's root certificates cannot be read: {0}")]
    Authorities(#[source] std::io::Error),
}

/// A provider without its address and its keys; its price, if given, is per million tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described<'a> {
    pub(crate) name: &'a str,
    pub(crate) dialect: Dialect,
    pub(crate) model: &'a str,
    pub(crate) price: Option<(Money, Money)>,
    pub(crate) quality: Option<u32>,
    pub(crate) context: Option<u64>,
    pub(crate) keys: usize,
}

/// The whole file.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct File {
    /// The providers, by names of your own, in the order in which they are asked.
    fleet: BTreeMap<String, Entry>,
}

/// One entry of `fleet`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Its dialect.
    #[serde(default)]
    dialect: Dialect,
    /// The base URL that the vendor's own SDK takes, such as `https://api.openai.com/v1`.
    url: String,
    /// The model that answers; at Azure, the name of the deployment.
    model: String,
    /// The version of Azure's interface; `2024-10-21` by default.
    #[cfg_attr(feature = "cli", schemars(regex(pattern = VERSION)))]
    api_version: Option<String>,
    /// What happens with a request that has a setting which this dialect lacks: `refuse` does not
    /// ask this provider, `drop` leaves the setting out.
    #[serde(default)]
    lossy: Lossy,
    /// Where its keys are: `env:NAME` or `file:PATH`, a path relative to this file. With several,
    /// the next is used while one is rate limited or refused.
    #[serde(default)]
    keys: Vec<KeySource>,
    /// Per million tokens; the price book's by default, if it knows the model.
    price: Option<Price>,
    /// How good its answers are, from 0 to 100, as you rate them.
    #[cfg_attr(feature = "cli", schemars(range(min = 0, max = 100)))]
    quality: Option<u32>,
    /// The longest prompt that it takes.
    #[serde(default, with = "units::tokens::option")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Tokens"))]
    context: Option<u64>,
}

/// `price` of a provider, per million tokens.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Price {
    /// A million prompt tokens.
    input: Money,
    /// A million output tokens.
    output: Money,
}

/// The location of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeySource {
    /// In this variable of the environment.
    Variable(String),
    /// In this file, which holds nothing else.
    File(PathBuf),
}

impl FleetFile {
    /// Reads the fleet file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is wrong. Keys are not looked up.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Diagnostic> {
        let path = path.as_ref();
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::from_document(Document::read(path), folder)
    }

    /// Parses the fleet in `text`; diagnostics call it `name`, and paths in it are relative to the
    /// current directory.
    ///
    /// # Errors
    /// When the text is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        Self::from_document(Document::parse(name, text), Path::new(""))
    }

    fn from_document(
        read: Result<Document, Diagnostic>,
        folder: &Path,
    ) -> Result<Self, Diagnostic> {
        // From here on the document is redacted: it cannot show a key.
        let document = read.map_err(Diagnostic::concealed)?.redacted(&is_open)?;
        let entries = document.read_whole(&entries)?;
        Ok(Self {
            document,
            folder: folder.to_owned(),
            entries,
        })
    }

    /// The document, for diagnostics that point into it. It is redacted.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// The providers by name, each with its host.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        self.entries.iter().map(|(name, entry)| {
            let host = Endpoint::parse(&entry.url).map(|endpoint| endpoint.host);
            (name.as_str(), host)
        })
    }

    /// What a simulation can know of the providers.
    pub(crate) fn described(&self) -> impl Iterator<Item = Described<'_>> {
        self.entries.iter().map(|(name, entry)| Described {
            name,
            dialect: entry.dialect,
            model: &entry.model,
            price: entry.price.map(|price| (price.input, price.output)),
            quality: entry.quality,
            context: entry.context,
            keys: entry.keys.len(),
        })
    }

    /// The number of providers.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The providers, with the current keys from the environment and files.
    ///
    /// # Errors
    /// When a key is not where the file says. The error names the variable or the file.
    pub fn providers(&self) -> Result<Vec<Provider>, Diagnostic> {
        self.providers_from(&|name| std::env::var(name).ok())
    }

    /// Like [`providers`](Self::providers), with `variable` in place of the environment.
    ///
    /// # Errors
    /// As [`providers`](Self::providers).
    pub fn providers_from(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<Provider>, Diagnostic> {
        let entries = self.entries.iter();
        entries
            .map(|(name, entry)| self.provider(name, entry, variable))
            .collect()
    }

    fn provider(
        &self,
        name: &str,
        entry: &Entry,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Provider, Diagnostic> {
        let provider = Provider::new(name, &entry.url, &entry.model).dialect(entry.dialect);
        let mut provider = match entry.price {
            Some(price) => provider.price(price.input, price.output),
            None => provider.price_by_the_book(),
        };
        provider = provider.lossy(entry.lossy);
        if let Some(version) = &entry.api_version {
            provider = provider.api_version(version);
        }
        if let Some(quality) = entry.quality {
            provider = provider.quality(quality);
        }
        if let Some(context) = entry.context {
            provider = provider.context(context);
        }
        for (number, place) in entry.keys.iter().enumerate() {
            let key = place.key(&self.folder, variable).map_err(|error| {
                let path = ["fleet", name, "keys", &number.to_string()];
                self.document
                    .problem(&path, error.message())
                    .hint_of(&error)
            })?;
            provider = provider.key(key);
        }
        Ok(provider)
    }
}

impl<C: Connect> Builder<C> {
    /// Adds the providers of a fleet file.
    ///
    /// # Errors
    /// When a key is not where the file says.
    pub fn fleet(self, fleet: &FleetFile) -> Result<Self, Diagnostic> {
        let providers = fleet.providers()?;
        Ok(providers.into_iter().fold(self, Self::provider))
    }

    /// Sets the policy and the fleet from these two files.
    ///
    /// # Errors
    /// When one of the files is wrong, or a key is not where the fleet file says.
    pub fn files(
        self,
        policy: impl AsRef<Path>,
        fleet: impl AsRef<Path>,
    ) -> Result<Self, Diagnostic> {
        let policy = Policy::read(policy)?;
        self.policy(policy).fleet(&FleetFile::read(fleet)?)
    }
}

impl Client {
    /// A client over plain TCP from a policy file and a fleet file; with feature `tls`, `over_tls`
    /// makes one that supports `https` as well.
    ///
    /// # Errors
    /// When one of the files is wrong, a key is not where the fleet file says, or the client cannot
    /// be built from them.
    pub fn from_files(
        policy: impl AsRef<Path>,
        fleet: impl AsRef<Path>,
    ) -> Result<Self, LoadError> {
        let builder = Self::builder().files(policy, fleet)?;
        Ok(builder.build()?)
    }
}

impl KeySource {
    /// Parses the location of a key as the file writes it.
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("env", name) if is_variable(name) => Some(Self::Variable(name.to_owned())),
            ("file", path) if !path.is_empty() => Some(Self::File(path.into())),
            _ => None,
        }
    }

    /// The key itself, or why there is none.
    fn key(
        &self,
        folder: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Secret, UnitError> {
        let (found, shown) = match self {
            Self::Variable(name) => {
                let shown = format!("the environment variable `{name}`");
                let found = variable(name).ok_or_else(|| no_key(format!("{shown} is not set")))?;
                (found, shown)
            }
            Self::File(path) => {
                let shown = format!("the file `{}`", path.display());
                let bytes = file::read(&folder.join(path), LONGEST_KEY)
                    .map_err(|why| UnitError::new(format!("{shown} cannot be read: {why}")))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| UnitError::new(format!("{shown} is no text")))?;
                (text, shown)
            }
        };
        match found.trim() {
            "" => Err(no_key(format!("{shown} is empty"))),
            key => Ok(Secret::new(key)),
        }
    }
}

fn no_key(message: String) -> UnitError {
    UnitError::new(message).or_write("write the key into it")
}

impl<'de> Deserialize<'de> for KeySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let error = UnitError::new("this does not say where the key is");
            error
                .or_write("write `env:NAME` or `file:PATH`")
                .into_serde()
        })
    }
}

#[cfg(feature = "cli")]
impl schemars::JsonSchema for KeySource {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$",
            "examples": ["env:OPENAI_API_KEY"],
        })
    }
}

/// The JSON Schema of fleet files.
#[cfg(feature = "cli")]
pub fn schema() -> serde_json::Value {
    crate::text::schema::of::<File>("A fleet: the providers of a client, and where their keys are")
}

/// Whether a key or a scalar of the file can be shown: it is at a path where no secret belongs, and
/// does not look like one.
fn is_open(path: &[&str], text: &str) -> bool {
    let is_key = path.last() == Some(&text);
    match path {
        ["fleet", _] if is_key => text.len() <= LONGEST_NAME && !secrets::are_in(text),
        ["fleet", _, "api_version"] if is_key => true,
        [_] | ["fleet", _, _] if is_key => text.bytes().all(|b| b.is_ascii_lowercase()),
        ["fleet", _, "url"] => !text.contains('@') && !text.contains('?'),
        [
            "fleet",
            _,
            "dialect" | "model" | "quality" | "context" | "lossy",
        ] => true,
        ["fleet", _, "api_version"] => is_version(text),
        ["fleet", _, "price", ..] => true,
        ["fleet", _, "keys", ""] => KeySource::parse(text).is_some(),
        _ => false,
    }
}

/// The providers of a fleet file, in its order.
fn entries(document: &Document, findings: &mut Findings) -> Option<Vec<(String, Entry)>> {
    let mut file: File = document.read_on(findings)?;
    let mut entries = Vec::new();
    let names = document.keys(&["fleet"]);
    for name in &names {
        if let Some(entry) = file.fleet.remove(name) {
            findings.part(&["fleet", name], || check(document, name, &entry));
            entries.push((name.clone(), entry));
        }
    }
    if names.is_empty() {
        findings.part(&["fleet"], || {
            let problem = document.problem(&["fleet"], "a fleet needs at least one provider");
            let example = "openai: { url: https://api.openai.com/v1, model: gpt-4.1 }";
            Err::<(), _>(problem.hint(format!("write as in `fleet: {{ {example} }}`")))
        });
    }
    Some(entries)
}

/// Checks a provider for errors beyond unknown keys and wrong units.
fn check(document: &Document, name: &str, entry: &Entry) -> Result<(), Diagnostic> {
    let at = |key: &str, message: &str| document.problem(&["fleet", name, key], message);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=LONGEST_NAME).contains(&name.len()) || !name.chars().all(fits) {
        let message = format!("`{name}` cannot name a provider");
        let problem = document.problem_at_key(&["fleet", name], message);
        return Err(problem.hint("write at most 64 letters, digits, `-` and `_`"));
    }
    if !is_url(&entry.url) {
        let problem = at("url", "this is not the base URL of a provider");
        return Err(problem.hint("write as in `https://api.openai.com/v1`, and keys under `keys`"));
    }
    let model = &entry.model;
    if !(1..=100).contains(&model.len()) || !model.chars().all(|c| c.is_ascii_graphic()) {
        let problem = at("model", "this cannot name a model");
        return Err(problem.hint("write 1 to 100 letters, digits and signs, without blanks"));
    }
    if let Some(version) = &entry.api_version {
        if entry.dialect != Dialect::Azure {
            let problem = at("api_version", "only Azure has versions of its interface");
            return Err(problem.hint("leave it out, or write `dialect: azure`"));
        }
        if !is_version(version) {
            let problem = at("api_version", "this is not a version of Azure's interface");
            return Err(problem.hint("write as in `2024-10-21`"));
        }
    }
    if entry.quality.is_some_and(|quality| quality > 100) {
        return Err(at("quality", "this is out of range").hint("write a value from 0 to 100"));
    }
    if entry.context == Some(0) {
        return Err(at("context", "no prompt fits").hint("write as in `1M tok`, or leave it out"));
    }
    if entry.keys.len() > MOST_KEYS {
        let message = format!("more than {MOST_KEYS} keys");
        return Err(document.problem_at_key(&["fleet", name, "keys"], message));
    }
    let Some(price) = entry.price else {
        return Ok(());
    };
    for (key, amount) in [("input", price.input), ("output", price.output)] {
        if amount > DEAREST {
            let path = ["fleet", name, "price", key];
            let message = format!("`{amount}` is too large");
            let hint = format!("write at most {DEAREST}");
            return Err(document.problem(&path, message).hint(hint));
        }
    }
    Ok(())
}

/// [`is_version`] as a regular expression.
#[cfg(feature = "cli")]
const VERSION: &str = "^([0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?|preview|latest)$";

/// Whether requests can be sent to this URL: `http` or `https`, a host, and no login.
fn is_url(text: &str) -> bool {
    let Ok(url) = text.parse::<hyper::Uri>() else {
        return false;
    };
    let authority = url.authority().map_or("", |authority| authority.as_str());
    matches!(url.scheme_str(), Some("http" | "https"))
        && url.host().is_some_and(|host| !host.is_empty())
        && !authority.contains('@')
        && url.query().is_none()
}

/// Azure's versions are days, some of them previews.
fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let fits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    matches!(text, "preview" | "latest") || date.len() == 10 && date.bytes().enumerate().all(fits)
}

fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(fits) && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The highest price per million tokens: a million dollars.
const DEAREST: Money = Money::from_nanos(1_000_000_000_000_000);

/// The longest key, in bytes; a longer file is probably the wrong one.
const LONGEST_KEY: u64 = 1 << 20;

const LONGEST_NAME: usize = 64;

const MOST_KEYS: usize = 1_000;
