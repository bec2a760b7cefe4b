//! The list of a provider's models: where it is, and how it is read.

use serde_json::Value;

use super::azure;
use super::request::{Destination, escaped};
use crate::wire::Dialect;
use crate::wire::dialect::Family;

/// The path and query of the list, to be appended to a base URL as a request's path is.
pub(crate) fn path(dialect: Dialect, to: &Destination<'_>) -> String {
    match (dialect, dialect.family()) {
        (Dialect::Azure, _) => {
            let version = escaped(to.version.unwrap_or(azure::VERSION), false);
            format!("/openai/models?api-version={version}")
        }
        (_, Family::Openai) => "/models".to_owned(),
        // One page of the largest size: both have fewer models than that.
        (_, Family::Anthropic) => "/v1/models?limit=1000".to_owned(),
        (_, Family::Gemini) => "/v1beta/models?pageSize=1000".to_owned(),
    }
}

/// The names in a list, in its order; `None` if the body is no list.
pub(crate) fn read(body: &[u8]) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    // Some imitations answer with the bare array.
    let all = [body.get("data"), body.get("models"), Some(&body)];
    let list = all.into_iter().flatten().find_map(Value::as_array)?;
    let names = list.iter().filter_map(|one| {
        let name = one.get("id").or_else(|| one.get("name"))?.as_str()?;
        Some(name.strip_prefix("models/").unwrap_or(name).to_owned())
    });
    Some(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_list_is_read() {
        for list in [
            r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"}]}"#,
            r#"{"data":[{"type":"model","id":"a"},{"id":"b"}],"has_more":false}"#,
            r#"{"models":[{"name":"models/a","version":"001"},{"name":"models/b"}]}"#,
            r#"[{"id":"a"},{"id":"b"}]"#,
        ] {
            assert_eq!(read(list.as_bytes()).unwrap(), ["a", "b"], "{list}");
        }
        for wrong in ["", "{}", "<html>", r#"{"data":"none"}"#] {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn the_list_is_below_the_base_url_of_the_vendors_sdk() {
        let to = Destination {
            model: "m",
            streamed: false,
            version: None,
        };
        for (dialect, expected) in [
            (Dialect::Openai, "/v1/models"),
            (Dialect::Deepseek, "/models"),
            (Dialect::Moonshot, "/v1/models"),
            (Dialect::Openrouter, "/api/v1/models"),
            (Dialect::Xai, "/v1/models"),
            (Dialect::Azure, "/openai/models?api-version=2024-10-21"),
            (Dialect::Anthropic, "/v1/models?limit=1000"),
            (Dialect::Gemini, "/v1beta/models?pageSize=1000"),
        ] {
            let whole = format!("{}{}", dialect.base_path(), path(dialect, &to));
            assert_eq!(whole, expected);
        }
    }
}
