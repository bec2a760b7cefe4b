//! The path of a request, in each family of dialects.

use crate::wire::Family;

/// The path of a request.
pub(super) struct RequestPath<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) model: Option<&'a str>,
    pub(super) streamed: bool,
    pub(super) key: Option<&'a str>,
}

impl<'a> RequestPath<'a> {
    /// Any prefix before the dialect's own path is accepted: a proxy may have added it.
    pub(super) fn of(family: Family, target: &'a str) -> Option<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let of = |endpoint, model| Self {
            endpoint,
            model,
            streamed: false,
            key: None,
        };
        match family {
            Family::Openai => {
                let mut known = ENDPOINTS.into_iter();
                let (base, endpoint) =
                    known.find_map(|(end, endpoint)| Some((path.strip_suffix(end)?, endpoint)))?;
                let last = base.rsplit_once('/');
                let deployment = last.filter(|(parent, _)| parent.ends_with("/deployments"));
                Some(of(endpoint, deployment.map(|(_, name)| name)))
            }
            Family::Anthropic => path
                .ends_with("/v1/messages")
                .then(|| of(Endpoint::Chat, None)),
            Family::Gemini => {
                let (model, verb) = path.rsplit_once("/models/")?.1.split_once(':')?;
                let streamed = match verb {
                    "generateContent" => false,
                    "streamGenerateContent" => true,
                    _ => return None,
                };
                let key = query.split('&').find_map(|pair| pair.strip_prefix("key="));
                Some(Self {
                    endpoint: Endpoint::Chat,
                    model: Some(model),
                    streamed,
                    key,
                })
            }
        }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Chat,
    Responses,
    Embeddings,
}

/// The ends of paths in OpenAI's family.
const ENDPOINTS: [(&str, Endpoint); 3] = [
    ("/chat/completions", Endpoint::Chat),
    ("/responses", Endpoint::Responses),
    ("/embeddings", Endpoint::Embeddings),
];
