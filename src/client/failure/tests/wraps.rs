//! Errors inside other errors: of every row of the table, in every form in which gateways pass
//! errors on, the class is that of the bare error.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::*;
use crate::policy::classify::signs;

/// An error in OpenAI's form that shows a sign.
fn bare((is_word, text): (bool, &str)) -> Value {
    let text = text.replace("..", " x ").replace('*', "_x_");
    let text = text.trim_matches('_');
    if let Some(field) = text.strip_prefix("param=") {
        return json!({ "error": { "message": "Refused.", "param": field } });
    }
    if let Some(number) = text.strip_prefix("status_code=") {
        let number: u16 = number.parse().unwrap();
        return json!({ "base_resp": { "status_code": number, "status_msg": "Refused." } });
    }
    match is_word {
        true => json!({ "error": { "message": "Refused.", "code": text } }),
        false => json!({ "error": { "message": format!("Refused: {text} x") } }),
    }
}

/// The error as gateways and engines pass it on.
fn wraps(bare: &Value) -> Vec<Value> {
    let text = bare.to_string();
    let twice = Value::String(text.clone()).to_string();
    let inner = bare.get("error").unwrap_or(bare);
    vec![
        json!([bare]),
        json!({ "errors": [inner] }),
        json!({ "detail": bare }),
        json!({ "detail": [{ "msg": text, "loc": ["body"] }] }),
        json!({ "message": text }),
        json!({ "error": text }),
        json!({ "error": { "message": text, "type": "None", "param": "None", "code": "400" } }),
        json!({ "error": { "message": bare, "type": null } }),
        json!({ "error": { "message": format!("litellm.APIError: upstream - {text} at 7") } }),
        json!({ "error": { "message": twice } }),
        json!({ "error": { "message": "Provider returned error", "code": 400,
            "metadata": { "raw": text, "provider_name": "P" } } }),
        json!({ "status": "failure", "message": format!("p error: failed | {{\"raw\":{text}}}") }),
        json!({ "error": { "details": [{ "x": 1 }, inner] } }),
        json!({ "error": { "innererror": inner } }),
        json!({ "fault": { "faultstring": text } }),
        json!({ "object": "error", "message": text, "type": "error" }),
        inner.clone(),
    ]
}

fn class(status: u16, body: &[u8]) -> FailureClass {
    let status = StatusCode::from_u16(status).unwrap();
    let failed = refusal(status, &HeaderMap::new(), read_error(body));
    failed.failure.class
}

#[test]
fn every_certain_sign_decides_whatever_the_status() {
    let mut wrong = Vec::new();
    for (is_word, text, expected, is_certain) in signs() {
        let body = bare((is_word, text)).to_string();
        for status in [400, 403, 429, 500] {
            let found = class(status, body.as_bytes());
            if is_certain && found != expected {
                wrong.push(format!("{status} {body}: {found}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_wrapped_error_has_the_class_of_the_bare_one() {
    let mut wrong = Vec::new();
    for (is_word, text, ..) in signs() {
        let bare = bare((is_word, text));
        let expected = class(400, bare.to_string().as_bytes());
        let wrapped = wraps(&bare).into_iter().map(|wrapped| wrapped.to_string());
        let marked = format!("\u{feff}{bare}");
        let loud = match is_word {
            true => json!({ "error": { "code": text.trim_matches('*').to_uppercase() } }),
            false => bare.clone(),
        };
        let is_plain = is_word && !text.contains(['*', '=']);
        let loud = is_plain.then(|| loud.to_string());
        for body in wrapped.chain([marked]).chain(loud) {
            let found = class(400, body.as_bytes());
            if found != expected {
                wrong.push(format!("{body}: {found}, not {expected}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(9)]
    );
}

#[test]
fn three_vendors_are_rows() {
    check(&[
        (
            400,
            r#"{"code":"Arrearage","message":"Access denied.","request_id":"x"}"#,
            Quota,
        ),
        (
            400,
            r#"{"error":{"code":"data_inspection_failed","message":"x","type":
            "data_inspection_failed"}}"#,
            ContentFilter,
        ),
        (
            429,
            r#"{"code":"Throttling.RateQuota","message":"x"}"#,
            RateLimited,
        ),
        (
            400,
            r#"{"error":{"code":"invalid_parameter_error","message":"<400>
            InternalError.Algo.InvalidParameter: Range of input length should be [1, 204800]"}}"#,
            ContextTooLong,
        ),
        (429, r#"{"error":{"code":"1113","message":"x"}}"#, Quota),
        (
            400,
            r#"{"error":{"code":1301,"message":"x"}}"#,
            ContentFilter,
        ),
        (
            429,
            r#"{"error":{"code":"1305","message":"x"}}"#,
            Overloaded,
        ),
        (
            403,
            r#"{"code":"The caller does not have permission to execute the specified operation",
            "error":"Your newly created team doesn't have any credits or licenses yet."}"#,
            Quota,
        ),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        cases: 256,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_body_makes_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[\\PC{}\"\\\\:<>/a-z秒]{0,200}",
        status in 400_u16..600,
    ) {
        class(status, &bytes);
        class(status, text.as_bytes());
        class(status, json!({ "error": { "message": text } }).to_string().as_bytes());
        class(status, format!("<html>{text}").as_bytes());
    }
}
