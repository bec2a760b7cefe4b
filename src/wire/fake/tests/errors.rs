//! Refusals: every cause in every dialect, bare statuses, hints.

use super::*;

fn refused(dialect: Dialect, refusal: &Refusal) -> Answer {
    let answer = Answer::read(&writer(dialect).refusal(&stamp(), refusal));
    assert!(answer.is_whole);
    answer
}

#[test]
fn every_cause_has_a_form_in_every_dialect() {
    for dialect in Dialect::ALL {
        for cause in Cause::ALL {
            for stamp in [stamp(), limited()] {
                let refusal = Refusal::of(cause).after(Duration::from_millis(1_200));
                let answer = Answer::read(&writer(dialect).refusal(&stamp, &refusal));
                let context = format!("{dialect:?} {cause:?} {}", answer.text());
                assert!(answer.is_whole, "{context}");
                assert_eq!(answer.status, writer(dialect).status_of(cause), "{context}");
                assert!((400..600).contains(&answer.status), "{context}");
                assert!(!answer.text().contains(['$', '~']), "{context}");
                match answer.field("content-type") {
                    None => assert_eq!(answer.body, b"", "{context}"),
                    Some("text/html; charset=UTF-8") => assert!(answer.text().contains("<html")),
                    Some(_) if answer.text().contains("cloudflare_error") => {
                        assert_eq!(answer.json()["status"], 520);
                    }
                    Some(_) => {
                        assert!(!message(&answer.json()).is_empty(), "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn types_and_codes_are_the_vendors_own() {
    for (dialect, cause, status, place, value) in OWN.iter().copied() {
        let dialect = Dialect::ALL.into_iter().find(|it| it.name() == dialect);
        let (dialect, cause) = (dialect.unwrap(), Cause::from_name(cause).unwrap());
        assert!(cause.has_form_in(dialect), "{dialect:?} {cause:?}");
        let answer = refused(dialect, &Refusal::of(cause));
        assert_eq!(answer.status, status, "{dialect:?} {cause:?}");
        let found = answer.json().pointer(place).cloned();
        assert_eq!(found, Some(value.into()), "{}", answer.text());
    }
}

#[test]
fn numbers_are_numbers_where_the_vendor_has_them() {
    let bad_gateway = refused(Dialect::Openai, &Refusal::of(Cause::BadGateway)).json();
    assert_eq!(bad_gateway["error"]["code"], 502);
    let quota = refused(Dialect::Openrouter, &Refusal::of(Cause::Quota)).json();
    assert_eq!(quota["error"]["code"], 402);
    let overloaded = refused(Dialect::Gemini, &Refusal::of(Cause::Overloaded)).json();
    assert_eq!(overloaded["error"]["code"], 503);
}

#[test]
fn a_status_may_be_the_wrong_one_for_its_cause() {
    for dialect in Dialect::ALL {
        let right = refused(dialect, &Refusal::of(Cause::Overloaded));
        let refusal = Refusal {
            status: Some(401),
            ..Refusal::of(Cause::Overloaded)
        };
        let wrong = refused(dialect, &refusal);
        assert_eq!(wrong.status, 401);
        assert_eq!(message(&wrong.json()), message(&right.json()));
        if let Dialect::Openrouter | Dialect::Gemini = dialect {
            assert_eq!(wrong.json()["error"]["code"], 401);
        }
    }
}

#[test]
fn every_bare_status_has_an_answer() {
    for dialect in Dialect::ALL {
        for status in 400..=599 {
            let answer = refused(dialect, &Refusal::with_status(status));
            assert_eq!(answer.status, status);
            if answer.field("content-type") == Some("text/html; charset=UTF-8") {
                let page = answer.text();
                assert!(page.contains(&status.to_string()), "{dialect:?} {page}");
            } else {
                assert!(!message(&answer.json()).is_empty(), "{dialect:?} {status}");
            }
        }
    }
    for (status, kind, code) in [
        (400, "invalid_request_error", "invalid_value".into()),
        (401, "invalid_request_error", "invalid_api_key".into()),
        (404, "invalid_request_error", "model_not_found".into()),
        (410, "invalid_request_error", Value::Null),
        (418, "invalid_request_error", Value::Null),
        (500, "server_error", Value::Null),
        (502, "cf_bad_gateway", 502.into()),
        (
            503,
            "service_unavailable_error",
            "server_is_overloaded".into(),
        ),
        (504, "cf_gateway_timeout", 504.into()),
        (529, "server_error", Value::Null),
    ] {
        let error = refused(Dialect::Openai, &Refusal::with_status(status)).json();
        assert_eq!(error["error"]["type"], kind, "{status}");
        assert_eq!(error["error"]["code"], code, "{status}");
    }
    for (status, kind) in [
        (402, "billing_error"),
        (422, "invalid_request_error"),
        (503, "api_error"),
        (529, "overloaded_error"),
    ] {
        let error = refused(Dialect::Anthropic, &Refusal::with_status(status)).json();
        assert_eq!(error["error"]["type"], kind, "{status}");
    }
}

#[test]
fn the_edge_speaks_html_json_or_not_at_all() {
    let page = refused(Dialect::Anthropic, &Refusal::of(Cause::Edge));
    assert_eq!(page.status, 520);
    let title = "api.anthropic.com | 520: Web server is returning an unknown error";
    assert!(page.text().contains(title));
    let empty = refused(Dialect::Openai, &Refusal::of(Cause::EdgeEmpty));
    assert_eq!((empty.status, empty.body.as_slice()), (520, &b""[..]));
    let json = refused(Dialect::Openrouter, &Refusal::of(Cause::EdgeJson)).json();
    assert_eq!(json["cloudflare_error"], true);
    let challenge = refused(Dialect::Openai, &Refusal::of(Cause::Challenge));
    assert_eq!(challenge.status, 403);
    assert_eq!(challenge.field("cf-mitigated"), Some("challenge"));
    let google = refused(Dialect::Gemini, &Refusal::of(Cause::Edge));
    assert!(google.text().contains("Error 502 (Bad Gateway)!!1"));
    let cloudflare = refused(Dialect::Gemini, &Refusal::with_status(522));
    assert!(cloudflare.text().contains("522: Connection timed out"));
}

/// A cause that is not an edge's, so that there is JSON to read the wait from.
fn hinted(dialect: Dialect, form: HintFormat) -> Answer {
    let wait = Duration::from_millis(37_200);
    let hint = Some(Hint { wait, form });
    let refusal = Refusal {
        hint,
        ..Refusal::of(Cause::RateLimit)
    };
    refused(dialect, &refusal)
}

#[test]
fn each_dialect_has_its_own_way_to_say_how_long_to_wait() {
    for (dialect, seconds, millis, message) in [
        (
            Dialect::Openai,
            Some("38"),
            Some("37200"),
            "try again in 37.2s.",
        ),
        (
            Dialect::Azure,
            Some("38"),
            Some("37200"),
            "retry after 38 seconds.",
        ),
        (Dialect::Deepseek, None, None, ""),
        (Dialect::Moonshot, None, None, "try again after 38 seconds"),
        (Dialect::Openrouter, Some("38"), None, ""),
        (Dialect::Xai, None, None, ""),
        (Dialect::Anthropic, Some("38"), None, ""),
        (Dialect::Gemini, None, None, "retry in 37.2s"),
    ] {
        let answer = hinted(dialect, HintFormat::Own);
        assert_eq!(answer.field("retry-after"), seconds, "{dialect:?}");
        assert_eq!(answer.field("retry-after-ms"), millis, "{dialect:?}");
        let text = answer.text();
        assert!(text.contains(message), "{dialect:?} {text}");
        assert_eq!(
            text.contains("37.2"),
            message.contains("37.2"),
            "{dialect:?}"
        );
    }
    let details = hinted(Dialect::Gemini, HintFormat::Own).json()["error"]["details"].clone();
    assert_eq!(
        details[1]["@type"],
        "type.googleapis.com/google.rpc.RetryInfo"
    );
    assert_eq!(details[1]["retryDelay"], "37.2s");
}

#[test]
fn nobody_says_how_long_to_wait_for_money() {
    for dialect in Dialect::ALL {
        for cause in [Cause::Quota, Cause::SpendLimit] {
            let refusal = Refusal::of(cause).after(Duration::from_millis(37_200));
            let answer = refused(dialect, &refusal);
            assert!(answer.fields.keys().all(|name| !name.starts_with("retry")));
            let tells = answer.text().contains("37.2s");
            assert_eq!(tells, dialect == Dialect::Gemini, "{}", answer.text());
        }
    }
}

#[test]
fn every_form_of_a_hint_is_the_same_in_every_dialect() {
    for dialect in Dialect::ALL {
        for (form, field, value) in [
            (HintFormat::Seconds, "retry-after", "38"),
            (HintFormat::Millis, "retry-after-ms", "37200"),
            // 90.5 s into the world and 37.2 s, rounded up.
            (
                HintFormat::Date,
                "retry-after",
                "Wed, 01 Jan 2025 00:02:08 GMT",
            ),
            (
                HintFormat::Past,
                "retry-after",
                "Wed, 01 Jan 2025 00:00:53 GMT",
            ),
            (HintFormat::Negative, "retry-after", "-38"),
            (HintFormat::Nan, "retry-after", "NaN"),
            (HintFormat::Absurd, "retry-after", "3155760000"),
        ] {
            let answer = hinted(dialect, form);
            let hints = answer
                .fields
                .keys()
                .filter(|name| name.starts_with("retry"));
            assert_eq!(hints.collect::<Vec<_>>(), [field], "{form:?}");
            assert_eq!(answer.field(field), Some(value), "{form:?}");
            assert!(!answer.text().contains("37.2"), "{dialect:?} {form:?}");
            let date = matches!(form, HintFormat::Date | HintFormat::Past);
            let now = date.then_some("Wed, 01 Jan 2025 00:01:30 GMT");
            assert_eq!(answer.field("date"), now, "{form:?}");
        }
        let answer = hinted(dialect, HintFormat::Body);
        assert!(answer.fields.keys().all(|name| !name.starts_with("retry")));
        let text = answer.text();
        assert!(
            text.contains("37.2s") || text.contains("38 seconds"),
            "{text}"
        );
    }
}

#[test]
fn a_refusal_may_say_whether_to_retry() {
    for dialect in Dialect::ALL {
        for should_retry in [true, false] {
            let refusal = Refusal {
                should_retry: Some(should_retry),
                ..Refusal::of(Cause::Overloaded)
            };
            let said = refused(dialect, &refusal);
            let expected = should_retry.to_string();
            assert_eq!(said.field("x-should-retry"), Some(expected.as_str()));
        }
        let said = refused(dialect, &Refusal::of(Cause::Overloaded));
        let own = (dialect == Dialect::Anthropic).then_some("true");
        assert_eq!(said.field("x-should-retry"), own, "{dialect:?}");
    }
}

#[test]
fn a_rate_limit_names_model_limit_and_wait() {
    let stamp = Stamp {
        quotas: Quotas {
            requests: Some(Quota {
                limit: 500,
                remaining: 0,
                reset: Duration::from_secs(60),
            }),
            ..Quotas::default()
        },
        ..stamp()
    };
    let refusal = Refusal::with_status(429).after(Duration::from_millis(120));
    let writer = Writer::new(Dialect::Openai, "gpt-4.1");
    assert_eq!(
        Answer::read(&writer.refusal(&stamp, &refusal)).text(),
        "{\"error\":{\"message\":\"Rate limit reached for gpt-4.1 in organization \
         org-firedrill on requests per min (RPM): Limit 500, Used 500, Requested 1. Please \
         try again in 120ms. Visit https://platform.openai.com/account/rate-limits to learn \
         more.\",\"type\":\"requests\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}"
    );
}

/// Dialect, cause, status, a path in the body, and the value there.
const OWN: &[(&str, &str, u16, &str, &str)] = &[
    ("openai", "rate_limit", 429, "/error/type", "requests"),
    ("openai", "token_limit", 429, "/error/type", "tokens"),
    ("openai", "slow_down", 429, "/error/code", "slow_down"),
    ("openai", "quota", 429, "/error/code", "insufficient_quota"),
    (
        "openai",
        "spend_limit",
        429,
        "/error/type",
        "insufficient_quota",
    ),
    (
        "openai",
        "overloaded",
        503,
        "/error/code",
        "server_is_overloaded",
    ),
    ("openai", "region", 403, "/error/type", "request_forbidden"),
    ("azure", "rate_limit", 429, "/error/code", "429"),
    (
        "azure",
        "content_filter",
        400,
        "/error/innererror/code",
        "ResponsibleAIPolicyViolation",
    ),
    (
        "azure",
        "model_gone",
        404,
        "/error/code",
        "DeploymentNotFound",
    ),
    ("azure", "timeout", 408, "/error/code", "Timeout"),
    (
        "deepseek",
        "quota",
        402,
        "/error/message",
        "Insufficient Balance",
    ),
    (
        "deepseek",
        "unprocessable",
        422,
        "/error/code",
        "invalid_request_error",
    ),
    (
        "moonshot",
        "quota",
        429,
        "/error/type",
        "exceeded_current_quota_error",
    ),
    (
        "moonshot",
        "overloaded",
        429,
        "/error/type",
        "engine_overloaded_error",
    ),
    (
        "moonshot",
        "concurrency",
        429,
        "/error/type",
        "rate_limit_reached_error",
    ),
    (
        "xai",
        "quota",
        429,
        "/code",
        "Some resource has been exhausted",
    ),
    (
        "openrouter",
        "model_error",
        502,
        "/error/metadata/provider_name",
        "OpenAI",
    ),
    (
        "anthropic",
        "overloaded",
        529,
        "/error/type",
        "overloaded_error",
    ),
    (
        "anthropic",
        "rate_limit",
        429,
        "/error/type",
        "rate_limit_error",
    ),
    (
        "anthropic",
        "slow_down",
        429,
        "/error/details/error_code",
        "ramp_limit_exceeded",
    ),
    (
        "anthropic",
        "spend_limit",
        429,
        "/error/details/error_code",
        "enforced_spend_limit_reached",
    ),
    (
        "anthropic",
        "quota",
        400,
        "/error/type",
        "invalid_request_error",
    ),
    (
        "anthropic",
        "too_large",
        413,
        "/error/type",
        "request_too_large",
    ),
    (
        "anthropic",
        "gateway_timeout",
        504,
        "/error/type",
        "timeout_error",
    ),
    (
        "gemini",
        "auth",
        400,
        "/error/details/0/reason",
        "API_KEY_INVALID",
    ),
    (
        "gemini",
        "region",
        400,
        "/error/status",
        "FAILED_PRECONDITION",
    ),
    ("gemini", "overloaded", 503, "/error/status", "UNAVAILABLE"),
    (
        "gemini",
        "gateway_timeout",
        504,
        "/error/status",
        "DEADLINE_EXCEEDED",
    ),
];
