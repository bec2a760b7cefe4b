//! A provider in an application's configuration: its address, prices and keys.
//!
//! The core sees a [`ProviderInfo`]; connections see a [`Target`], which alone has the keys.

use hyper::header::{HeaderName, HeaderValue};

use super::connect::{Connect, Endpoint, Scheme, without_login};
use super::pool::Pool;
use super::secret::Secret;
use super::{BuildError, Target, Uris, redact};
use crate::policy::keys::KeyId;
use crate::policy::provider_info::ProviderInfo;
use crate::prices;
use crate::text::secrets;
use crate::units::Money;
#[cfg(feature = "cli")]
use crate::wire::client::models;
use crate::wire::request::{Destination, Lossy};
use crate::wire::{Dialect, request};

/// A provider in an application's configuration.
#[derive(Clone, Debug)]
pub struct Provider {
    name: String,
    url: String,
    model: String,
    dialect: Dialect,
    api_version: Option<String>,
    lossy: Lossy,
    keys: Vec<Secret>,
    price: Option<(Money, Money)>,
    quality: Option<u32>,
    context: Option<u64>,
}

impl Provider {
    /// A provider with the name `name` (`***` in place of what looks like a key) at `url` and the
    /// model `model`. Its dialect is OpenAI unless [`dialect`](Self::dialect) sets another.
    ///
    /// `url` is the base URL that the vendor's own SDK takes, such as `http://host:8080/v1` for
    /// OpenAI and its imitations, and the root of the host for Anthropic, Gemini and Azure; at
    /// Azure `model` is the name of the deployment.
    pub fn new(name: impl Into<String>, url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: secrets::without(&name.into()).into_owned(),
            url: url.into(),
            model: model.into(),
            dialect: Dialect::default(),
            api_version: None,
            lossy: Lossy::default(),
            keys: Vec::new(),
            price: None,
            quality: None,
            context: None,
        }
    }

    /// Sets its dialect.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets the version of Azure's interface, such as `2024-10-21`, which is the default. Other
    /// dialects have no such versions, and ignore it.
    #[must_use]
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Some(version.into());
        self
    }

    /// Sets what happens with a request that has a setting which this provider's dialect lacks,
    /// such as a `seed` at Anthropic. By default the provider is not asked. What a request asks
    /// (its messages, images, tools) is never left out.
    #[must_use]
    pub fn lossy(mut self, lossy: Lossy) -> Self {
        self.lossy = lossy;
        self
    }

    /// Adds an API key, sent in the dialect's header for keys and never logged. With several keys,
    /// the next is used while one is rate limited or refused.
    #[must_use]
    pub fn key(mut self, key: impl Into<Secret>) -> Self {
        self.keys.push(key.into());
        self
    }

    /// Sets the price of a million prompt tokens and of a million output tokens. Without a price,
    /// the provider is left out of decisions by price.
    #[must_use]
    pub fn price(mut self, input: Money, output: Money) -> Self {
        self.price = Some((input, output));
        self
    }

    /// Sets the price from [the book](crate::prices); unchanged if the book does not have the
    /// model.
    #[must_use]
    pub fn price_by_the_book(mut self) -> Self {
        let book = prices::price_of(&self.model).map(|price| (price.input, price.output));
        self.price = book.or(self.price);
        self
    }

    /// Sets the quality of its answers, from 0 to 100, by your own rating.
    #[must_use]
    pub fn quality(mut self, quality: u32) -> Self {
        self.quality = Some(quality);
        self
    }

    /// Sets the longest prompt that it takes, in tokens.
    #[must_use]
    pub fn context(mut self, tokens: u64) -> Self {
        self.context = Some(tokens);
        self
    }

    /// The core's view of it.
    pub fn member(&self) -> ProviderInfo {
        ProviderInfo {
            name: self.name.clone(),
            model: self.model.clone(),
            input: self.price.map(|(input, _)| input),
            output: self.price.map(|(_, output)| output),
            quality: self.quality,
            context: self.context,
            keys: u16::try_from(self.keys.len()).unwrap_or(u16::MAX).max(1),
        }
    }

    pub(super) fn into_target<C: Connect>(self) -> Result<Target<C>, BuildError> {
        let parsed = Endpoint::parse(&self.url).and_then(|endpoint| {
            let to = |streamed| Destination {
                model: &self.model,
                streamed,
                version: self.api_version.as_deref(),
            };
            let below = |path: String| format!("{}{path}", endpoint.base_path).parse().ok();
            let uri = |streamed| below(request::path(self.dialect, &to(streamed)));
            let uris = Uris {
                plain: uri(false)?,
                streamed: uri(true)?,
                #[cfg(feature = "cli")]
                models: below(models::path(self.dialect, &to(false)))?,
            };
            let host = HeaderValue::from_str(&endpoint.authority()).ok()?;
            Some((endpoint, uris, host))
        });
        let Some((endpoint, uris, host)) = parsed else {
            return Err(BuildError::Address(without_login(&self.url)));
        };
        if endpoint.scheme == Scheme::Https && !C::TLS {
            return Err(BuildError::NeedsTls(self.url));
        }
        let Some(headers) = headers(self.dialect, &self.keys) else {
            return Err(BuildError::Key(self.name));
        };
        Ok(Target {
            name: self.name,
            model: self.model,
            dialect: self.dialect,
            lossy: self.lossy,
            endpoint,
            uris,
            host,
            headers,
            keys: self.keys,
            pool: Pool::new(),
        })
    }
}

impl<C: Connect> Target<C> {
    /// The header fields of every request with this key. An unknown key is treated as the first.
    pub(super) fn headers(&self, key: KeyId) -> &[(HeaderName, HeaderValue)] {
        let own = self.headers.get(usize::from(key.0));
        own.or(self.headers.first()).map_or(&[], Vec::as_slice)
    }
}

impl<C: Connect> Target<C> {
    /// What the provider said, without keys.
    pub(super) fn without_keys(&self, said: &str) -> String {
        redact::without(&self.keys, said)
    }
}

/// The header fields of all requests, built once.
type Headers = Vec<(HeaderName, HeaderValue)>;

/// The header fields of this dialect for each key, with the key last; one list without a key when
/// there is none. `None` when a header cannot hold one of the keys.
fn headers(dialect: Dialect, keys: &[Secret]) -> Option<Vec<Headers>> {
    let fixed = request::fixed_headers(dialect).iter();
    let fixed: Headers = fixed
        .map(|&(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        })
        .collect();
    if keys.is_empty() {
        return Some(vec![fixed]);
    }
    let with_key = |key: &Secret| {
        let key = Some(key.reveal()).filter(|key| !key.is_empty())?;
        let (name, value) = request::key_header(dialect, key);
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        let mut headers = fixed.clone();
        headers.push((HeaderName::from_static(name), value));
        Some(headers)
    };
    keys.iter().map(with_key).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Tcp;
    use super::*;

    fn provider() -> Provider {
        Provider::new("openai", "http://api.test/v1", "gpt-4.1")
    }

    #[test]
    fn a_key_shows_itself_nowhere() {
        let provider = provider().key("sk-secret");
        assert!(!format!("{provider:?}").contains("secret"));
        for dialect in Dialect::ALL {
            let headers = headers(dialect, &["sk-secret".into()]).unwrap();
            assert!(!format!("{headers:?}").contains("secret"), "{dialect:?}");
        }
        let wrong = provider.key("sk-secret\n").into_target::<Tcp>();
        let error = wrong.err().map(|error| format!("{error} {error:?}"));
        assert!(error.is_some_and(|text| !text.contains("secret")));
    }

    #[test]
    fn each_key_has_headers_of_its_own() {
        let target = provider()
            .key("one")
            .key("two")
            .into_target::<Tcp>()
            .unwrap();
        let sent = |key| {
            let headers = target.headers(KeyId(key)).iter();
            let values = headers.map(|(_, value)| value.to_str().unwrap().to_owned());
            values.collect::<Vec<_>>()
        };
        assert_eq!(sent(0), ["Bearer one"]);
        assert_eq!(sent(1), ["Bearer two"]);
        assert_eq!(sent(2), ["Bearer one"], "there is no third");
        let target = provider().into_target::<Tcp>().unwrap();
        assert_eq!(target.headers(KeyId(0)), []);
    }

    #[test]
    fn an_empty_key_is_refused() {
        let empty = provider().key("").into_target::<Tcp>();
        assert_eq!(empty.err(), Some(BuildError::Key("openai".into())));
    }

    #[test]
    fn decisions_know_what_was_said_and_nothing_else() {
        let usd = |text| Money::parse_usd(text).unwrap();
        let bare = provider().member();
        assert_eq!(
            (bare.name.as_str(), bare.model.as_str()),
            ("openai", "gpt-4.1")
        );
        assert_eq!((bare.input, bare.output, bare.keys), (None, None, 1));
        assert_eq!((bare.quality, bare.context), (None, None));
        let told = provider()
            .price(usd("1"), usd("3"))
            .quality(90)
            .context(1_000);
        let told = told.key("one").key("two").member();
        assert_eq!((told.input, told.output), (Some(usd("1")), Some(usd("3"))));
        assert_eq!(
            (told.quality, told.context, told.keys),
            (Some(90), Some(1_000), 2)
        );
        let book = provider().price_by_the_book().member();
        assert_eq!((book.input, book.output), (Some(usd("2")), Some(usd("8"))));
        let unknown = Provider::new("own", "http://own.test/v1", "own-7b");
        let unknown = unknown
            .price(usd("1"), usd("3"))
            .price_by_the_book()
            .member();
        assert_eq!(unknown.input, Some(usd("1")));
    }

    #[test]
    fn the_dialects_path_stands_behind_the_base_url() {
        let uris = |url: &str, dialect| {
            let provider = Provider::new("p", url, "a model").dialect(dialect);
            let target = provider.into_target::<Tcp>().unwrap();
            let (plain, streamed) = (target.uris.plain, target.uris.streamed);
            [plain.to_string(), streamed.to_string()]
        };
        assert_eq!(
            uris("http://api.test/v1/", Dialect::Openai),
            ["/v1/chat/completions"; 2]
        );
        assert_eq!(
            uris("http://api.test", Dialect::Anthropic),
            ["/v1/messages"; 2]
        );
        assert_eq!(
            uris("http://api.test/proxy", Dialect::Gemini),
            [
                "/proxy/v1beta/models/a%20model:generateContent",
                "/proxy/v1beta/models/a%20model:streamGenerateContent?alt=sse"
            ]
        );
    }
}
