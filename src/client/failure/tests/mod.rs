//! Errors as the vendors document them, and how the client classifies each.

mod anthropic;
mod gemini;
mod money;
mod openai;
mod variants;
mod wraps;

use FailureClass::*;

use super::*;
use crate::wire::answer::read_error;

/// The classification of an error with a status of its own.
fn refused(status: u16, headers: &[(&'static str, &str)], body: &str) -> Failure {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    // Bodies are wrapped here, and strings in JSON hold no line breaks.
    let body = body.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let failed = refusal(status, &map, read_error(body.as_bytes()));
    assert_eq!(failed.status, Some(status.as_u16()));
    failed.failure
}

/// A status, its body, and their class.
type Row = (u16, &'static str, FailureClass);

fn check(table: &[Row]) {
    for (status, body, class) in table {
        let failure = refused(*status, &[], body);
        assert_eq!(failure.class, *class, "{status} {body}");
    }
}

#[test]
fn the_edge_speaks_html_or_json_of_its_own() {
    let page = "<!DOCTYPE html><title>520: Web server is returning an unknown error</title>";
    for status in [520, 521, 522, 523, 524, 502, 504] {
        check(&[(status, page, ServerError), (status, "", ServerError)]);
    }
    check(&[
        (
            403,
            "<!DOCTYPE html><title>Just a moment...</title>",
            Forbidden,
        ),
        (
            520,
            r#"{"cloudflare_error":true,"status":520}"#,
            ServerError,
        ),
        (
            413,
            "<html><h1>413 Request Entity Too Large</h1></html>",
            ContextTooLong,
        ),
        (408, "", ServerError),
        (409, "", ServerError),
        (424, "", ServerError),
        (
            498,
            r#"{"error":{"message":"x","code":"capacity_exceeded"}}"#,
            Overloaded,
        ),
        (529, "", Overloaded),
    ]);
}

#[test]
fn hints_come_in_headers_and_in_bodies() {
    let azure = r#"{"error":{"code":"429","message":"Please retry after 37 seconds."}}"#;
    let google = gemini::exhausted("PerMinute", "limit: 5", "31s");
    let date = ("date", "Sun, 06 Nov 1994 08:49:07 GMT");
    let until = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
    let hint = |headers: &[(&'static str, &str)], body: &str| {
        let hint = refused(429, headers, body).hint;
        hint.map(|hint| hint.as_millis())
    };
    assert_eq!(
        hint(&[("retry-after-ms", "1500"), ("retry-after", "2")], ""),
        Some(1_500)
    );
    assert_eq!(hint(&[("retry-after", "2")], azure), Some(2_000));
    assert_eq!(hint(&[("retry-after", "2.5")], &google), Some(2_500));
    assert_eq!(hint(&[until, date], &google), Some(30_000));
    assert_eq!(
        hint(&[until], ""),
        None,
        "a date without a date to count from"
    );
    assert_eq!(hint(&[("retry-after", "NaN")], ""), None);
    assert_eq!(hint(&[("retry-after", "-7")], azure), Some(37_000));
    assert_eq!(hint(&[], azure), Some(37_000));
    assert_eq!(hint(&[], &google), Some(31_000));
    assert_eq!(hint(&[], ""), None);
}

#[test]
fn heads_of_every_vendor_hold_hints() {
    let hint = |headers: &[(&'static str, &str)]| {
        let hint = refused(429, headers, "").hint;
        hint.map(|hint| hint.as_millis())
    };
    let date = ("date", "Fri, 31 Jan 2025 12:00:00 GMT");
    assert_eq!(hint(&[("x-ms-retry-after-ms", "1500")]), Some(1_500));
    assert_eq!(
        hint(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "850ms"),
            ("x-ratelimit-remaining-tokens", "29000"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]),
        Some(850)
    );
    assert_eq!(
        hint(&[
            date,
            ("anthropic-ratelimit-output-tokens-remaining", "0"),
            (
                "anthropic-ratelimit-output-tokens-reset",
                "2025-01-31T12:00:42Z"
            ),
        ]),
        Some(42_000)
    );
}

#[test]
fn a_server_may_say_whether_to_try_again() {
    let of = |headers: &[(&'static str, &str)]| refused(529, headers, "").should_retry;
    assert_eq!(of(&[("x-should-retry", "true")]), Some(true));
    assert_eq!(of(&[("X-Should-Retry", "false")]), Some(false));
    assert_eq!(of(&[]), None);
}

#[test]
fn an_error_in_band_says_its_class_in_words_or_digits() {
    use FailureClass::{Overloaded, RateLimited, ServerError};
    for (error, class) in [
        (r#"{"code":"rate_limit_exceeded"}"#, RateLimited),
        (r#"{"code":"429"}"#, RateLimited),
        (r#"{"code":502}"#, ServerError),
        (r#"{"type":"overloaded_error"}"#, Overloaded),
        (r#"{"code":503,"status":"UNAVAILABLE"}"#, Overloaded),
        (r#"{"status":"INTERNAL"}"#, ServerError),
        (r#"{"code":7}"#, ServerError),
        (r#"{"message":"Something broke."}"#, ServerError),
        ("{}", ServerError),
    ] {
        let body = format!(r#"{{"error":{error}}}"#);
        let failed = in_band(read_error(body.as_bytes()));
        assert_eq!(failed.failure.class, class, "{error}");
        assert_eq!(failed.status, Some(200));
    }
}
