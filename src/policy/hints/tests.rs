//! What counts as a hint, and which of several hints is used.

use super::*;
use crate::rng::{Purpose, RngStreams};
use crate::units::Share;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The hint in these header fields of a 429.
fn of_head(fields: &[(&str, &str)]) -> Option<Duration> {
    read_all(429, fields, None, None)
}

fn read_all(
    status: u16,
    fields: &[(&str, &str)],
    retry_delay: Option<&str>,
    message: Option<&str>,
) -> Option<Duration> {
    let in_body = retry_delay.map(|delay| ("retrydelay".to_owned(), delay.to_owned()));
    read(&HintSources {
        status,
        header: &|name| find(fields, name),
        fields: in_body.as_slice(),
        message,
    })
}

fn find<'a>(fields: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    let field = fields.iter().find(|(field, _)| *field == name);
    field.map(|(_, value)| *value)
}

fn from_headers(ms: Option<&str>, after: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let fields = [
        ("retry-after-ms", ms),
        ("retry-after", after),
        ("date", date),
    ];
    let fields = fields.into_iter();
    let fields = fields.filter_map(|(name, value)| Some((name, value?)));
    of_head(&Vec::from_iter(fields))
}

fn from_body(retry_delay: Option<&str>, message: Option<&str>) -> Option<Duration> {
    read_all(429, &[], retry_delay, message)
}

#[test]
fn bodies_have_spellings_of_their_own() {
    let azure = "Requests to the ChatCompletions_Create Operation under Azure OpenAI API \
        version 2024-10-21 have exceeded token rate limit of your current pricing tier. \
        Please retry after 37 seconds. Please go here to increase your quota.";
    for (delay, message, millis) in [
        (Some("31s"), None, 31_000),
        (Some("45.837s"), None, 45_837),
        (Some("0s"), None, 0),
        (None, Some(azure), 37_000),
        (None, Some("Please retry after 1 second."), 1_000),
        (None, Some("Please retry after 86400 seconds."), 86_400_000),
        (None, Some("limit: 5\nPlease retry in 45.8s."), 45_800),
        (
            None,
            Some("Limit 30000. Please try again in 6m0s. Visit us."),
            360_000,
        ),
        (None, Some("Please try again in 850ms"), 850),
        (
            None,
            Some("concurrency: 1, please try again after 1 seconds"),
            1_000,
        ),
        (
            None,
            Some("try again after a while, or retry after 3 seconds"),
            3_000,
        ),
        (Some("31s"), Some(azure), 31_000),
        (Some("soon"), Some(azure), 37_000),
    ] {
        let expected = Some(Duration::from_millis(millis));
        assert_eq!(from_body(delay, message), expected, "{delay:?} {message:?}");
    }
    for delay in ["", "s", "-5s", "NaNs", "1e3s", "31 s", "soon"] {
        assert_eq!(from_body(Some(delay), None), None, "{delay}");
    }
    for message in [
        "",
        "retry after ",
        "Please retry after -3 seconds.",
        "Please retry after NaN seconds.",
        "Please retry after a few seconds.",
        "Please retry after 37",
        "Please retry in 45.8",
        "Please retry in -45.8s.",
        "Please try again later.",
    ] {
        assert_eq!(from_body(None, Some(message)), None, "{message}");
    }
}

#[test]
fn fields_of_the_body_hold_hints_under_many_names() {
    let now = [("date", "Wed, 03 Dec 2025 07:45:00 GMT")];
    for (name, value, millis) in [
        ("retry_after", "12", 12_000),
        ("retryafter", "1.5", 1_500),
        ("retry_after_ms", "850", 850),
        ("retryaftermilliseconds", "850", 850),
        ("retry_after_seconds", "850", 850_000),
        ("quotaresetdelay", "5h59m59.96s", 21_599_960),
        ("quotaresettimestamp", "2025-12-03T07:45:40Z", 40_000),
        ("resets_in_seconds", "756", 756_000),
        ("resets_at", "1764747940", 40_000),
        ("x-ratelimit-reset", "1764747940000", 40_000),
        ("retry_at", "Wed, 03 Dec 2025 07:45:40 GMT", 40_000),
    ] {
        let hint = read(&HintSources {
            status: 429,
            header: &|name| find(&now, name),
            fields: &[(name.to_owned(), value.to_owned())],
            message: None,
        });
        assert_eq!(hint, Some(Duration::from_millis(millis)), "{name}: {value}");
    }
}

#[test]
fn a_reset_without_a_limits_name_is_told_by_its_size() {
    let of = |name, value| of_head(&[(name, value), ("date", "Fri, 31 Jan 2025 12:00:00 GMT")]);
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(of("x-ratelimit-reset", "17"), seconds(17));
    assert_eq!(of("x-ratelimit-reset", "1738324810"), seconds(10));
    assert_eq!(of("x-ratelimit-reset", "1738324810000"), seconds(10));
    assert_eq!(of("ratelimit-reset", "17"), seconds(17));
    assert_eq!(of("x-ratelimit-reset", "soon"), None);
}

#[test]
fn the_more_explicit_hint_wins() {
    let fields = [
        ("retry-after-ms", "1"),
        ("x-ms-retry-after-ms", "2"),
        ("x-amz-retry-after", "3"),
        ("grpc-retry-pushback-ms", "4"),
        ("retry-after", "0.005"),
    ];
    for skipped in 0..fields.len() {
        let all = [&fields[skipped..], &[("x-ratelimit-reset-tokens", "8ms")]].concat();
        let hint = read_all(429, &all, Some("0.006s"), Some("retry in 7ms"));
        let expected = Duration::from_millis(skipped as u64 + 1);
        assert_eq!(hint, Some(expected), "{}", fields[skipped].0);
    }
    let limit = [("x-ratelimit-reset-tokens", "8ms")];
    let hint = |delay, message| {
        let hint = read_all(429, &limit, delay, message);
        hint.map(|hint| hint.as_millis())
    };
    assert_eq!(hint(Some("0.006s"), Some("retry in 7ms")), Some(6));
    assert_eq!(hint(None, Some("retry in 7ms")), Some(7));
    assert_eq!(hint(None, Some("Slow down.")), Some(8));
}

#[test]
fn only_the_limit_that_is_used_up_is_waited_for() {
    let of = |requests: &str, tokens: &str| {
        let hint = of_head(&[
            ("x-ratelimit-remaining-requests", requests),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", tokens),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        hint.map(|hint| hint.as_secs())
    };
    assert_eq!(of("0", "29000"), Some(1));
    assert_eq!(of("59", "0"), Some(360));
    assert_eq!(of("59", "-12"), Some(360), "overdrawn");
    assert_eq!(of("0", "0"), Some(360), "the latest reset counts");
    assert_eq!(of("59", "29000"), None, "no limit is used up");
    assert_eq!(of("", "none"), Some(360), "no limit says what remains");
    assert_eq!(of("0", "none"), Some(1));
}

#[test]
fn limits_are_a_hint_of_rate_limits_only() {
    let fields = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "850ms"),
    ];
    let hint = |status| read_all(status, &fields, None, None);
    assert_eq!(hint(429), Some(Duration::from_millis(850)));
    assert_eq!(hint(503), None);
    assert_eq!(hint(200), None);
}

#[test]
fn limits_say_when_they_are_free_in_four_ways() {
    let of = |name, value| of_head(&[(name, value), ("date", "Fri, 31 Jan 2025 12:00:00 GMT")]);
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let anthropic = "anthropic-ratelimit-input-tokens-reset";
    let unified = "anthropic-ratelimit-unified-reset";
    assert_eq!(of("x-ratelimit-reset-tokens", "1m30s"), seconds(90));
    assert_eq!(of("x-ratelimit-reset-tokens", "17"), seconds(17), "Azure");
    assert_eq!(of(anthropic, "2025-01-31T12:00:42Z"), seconds(42));
    assert_eq!(of(unified, "1738324810"), seconds(10));
    assert_eq!(of(anthropic, "2025-01-31T11:59:00Z"), seconds(0), "past");
    assert_eq!(of(unified, "1738324000"), seconds(0), "past");
    for (name, value) in [
        ("x-ratelimit-reset-tokens", "NaN"),
        ("x-ratelimit-reset-tokens", "-1s"),
        ("x-ratelimit-reset-tokens", ""),
        (anthropic, "soon"),
        (anthropic, "42"),
        (unified, "-1"),
    ] {
        assert_eq!(of(name, value), None, "{name}: {value}");
    }
    let undated = of_head(&[(anthropic, "2025-01-31T12:00:42Z")]);
    assert_eq!(undated, None, "no date to count from");
    let absurd = of(unified, &"9".repeat(99)).expect("a hint");
    assert!(absurd > Duration::from_secs(500 * 365 * 86_400));
}

#[test]
fn anthropic_has_four_limits_and_that_of_subscriptions() {
    let head = |remaining: [&'static str; 4], unified| {
        let hint = of_head(&[
            ("date", "Fri, 31 Jan 2025 12:00:00 GMT"),
            ("anthropic-ratelimit-requests-remaining", remaining[0]),
            ("anthropic-ratelimit-requests-reset", "2025-01-31T12:00:01Z"),
            ("anthropic-ratelimit-tokens-remaining", remaining[1]),
            ("anthropic-ratelimit-tokens-reset", "2025-01-31T12:00:02Z"),
            ("anthropic-ratelimit-input-tokens-remaining", remaining[2]),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2025-01-31T12:00:03Z",
            ),
            ("anthropic-ratelimit-output-tokens-remaining", remaining[3]),
            (
                "anthropic-ratelimit-output-tokens-reset",
                "2025-01-31T12:00:04Z",
            ),
            ("anthropic-ratelimit-unified-status", unified),
            ("anthropic-ratelimit-unified-reset", "1738324805"),
        ]);
        hint.map(|hint| hint.as_secs())
    };
    for used_up in 0..4 {
        let mut remaining = ["7"; 4];
        remaining[used_up] = "0";
        let expected = Some(used_up as u64 + 1);
        assert_eq!(head(remaining, "allowed_warning"), expected);
    }
    assert_eq!(head(["7"; 4], "allowed"), None);
    assert_eq!(head(["7"; 4], "rejected"), Some(5));
    assert_eq!(head(["0"; 4], "allowed"), Some(4));
}

#[test]
fn another_try_is_recommended_or_forbidden_by_the_server() {
    let of = |fields: &[(&str, &str)]| {
        should_retry(&HintSources {
            status: 500,
            header: &|name| find(fields, name),
            fields: &[],
            message: None,
        })
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[("x-should-retry", "true")]), Some(true));
    assert_eq!(of(&[("x-should-retry", " False ")]), Some(false));
    assert_eq!(of(&[("x-should-retry", "perhaps")]), None);
    assert_eq!(of(&[("grpc-retry-pushback-ms", "120")]), None);
    for forbids in ["-1", "never", ""] {
        let pushback = ("grpc-retry-pushback-ms", forbids);
        assert_eq!(of(&[pushback]), Some(false), "{forbids}");
        assert_eq!(of(&[("x-should-retry", "true"), pushback]), Some(true));
    }
}

#[test]
fn seconds_and_milliseconds_may_have_decimals() {
    for (ms, seconds, micros) in [
        (None, Some("20"), 20_000_000),
        (None, Some(" 0.5 "), 500_000),
        (None, Some("0"), 0),
        (Some("1500"), None, 1_500_000),
        (Some("12.25"), None, 12_250),
        (Some("1500"), Some("20"), 1_500_000),
        (Some("soon"), Some("20"), 20_000_000),
    ] {
        let expected = Some(Duration::from_micros(micros));
        assert_eq!(
            from_headers(ms, seconds, None),
            expected,
            "{ms:?} {seconds:?}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_no_hint() {
    for text in [
        "", " ", ".", "-1", "-0.5", "+5", "NaN", "inf", "1e3", "1.2.3", "20s", "soon", "٣",
    ] {
        assert_eq!(from_headers(Some(text), Some(text), NOW), None, "{text}");
    }
    assert_eq!(from_headers(None, None, None), None);
}

#[test]
fn an_absurd_hint_saturates() {
    let ages = "9".repeat(400);
    let most = Some(Duration::from_nanos(u64::MAX));
    assert_eq!(from_headers(None, Some(&ages), None), most);
    assert_eq!(
        from_headers(Some(&format!("{ages}.{ages}")), None, None),
        most
    );
}

#[test]
fn a_date_is_a_wait_from_the_answers_own_date() {
    let until = Some("Sun, 06 Nov 1994 08:49:37 GMT");
    let wait = |now| from_headers(None, until, Some(now));
    let half_a_minute = Some(Duration::from_secs(30));
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:07 GMT"), half_a_minute);
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
    assert_eq!(
        wait("Sun, 06 Nov 1994 08:49:38 GMT"),
        Some(Duration::ZERO),
        "the date is in the past"
    );
    assert_eq!(wait("yesterday"), None);
    assert_eq!(
        from_headers(None, until, None),
        None,
        "no date to count from"
    );
}

#[test]
fn the_cap_divides_waiting_from_leaving() {
    let mut hints = Hints {
        retry_after: HintMode::Honour,
        max: Duration::from_secs(60),
        above_max: AboveMax::Fallback,
        ..Hints::default()
    };
    let hint = |seconds| Some(Duration::from_secs(seconds));
    let wait = HintDecision::Wait(Duration::from_secs(60));
    assert_eq!(judge(&hints, None, None), HintDecision::None);
    assert_eq!(judge(&hints, hint(60), None), wait);
    assert_eq!(
        judge(&hints, hint(61), None),
        HintDecision::Beyond(AboveMax::Fallback)
    );
    hints.retry_after = HintMode::Ignore;
    assert_eq!(judge(&hints, hint(61), None), HintDecision::None);
}

const NOW: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");

#[test]
fn a_hint_that_outlasts_the_call_is_beyond() {
    let hints = Hints {
        retry_after: HintMode::Honour,
        max: Duration::from_secs(60),
        above_max: AboveMax::Stop,
        ..Hints::default()
    };
    let left = |seconds| Some(Duration::from_secs(seconds));
    let hint = Some(Duration::from_secs(20));
    assert_eq!(
        judge(&hints, hint, left(20)),
        HintDecision::Beyond(AboveMax::Stop)
    );
    assert_eq!(
        judge(&hints, hint, left(21)),
        HintDecision::Wait(Duration::from_secs(20))
    );
}

#[test]
fn a_spread_comes_on_top_of_the_hint_evenly() {
    let draw = |jitter: Share, hint: u64, k: u64| {
        let hints = Hints {
            jitter,
            ..Hints::default()
        };
        let mut stream = RngStreams::new(1).stream(Purpose::Spread, 1, 0, k);
        spread(&hints, Duration::from_nanos(hint), &mut stream)
    };
    let hint = 20_000_000_000;
    let drawn = Vec::from_iter((0..1_000).map(|k| draw(Share::percent(25), hint, k)));
    let (low, high) = (Duration::from_secs(20), Duration::from_secs(25));
    assert!(drawn.iter().all(|wait| (low..=high).contains(wait)));
    let later = drawn.iter().filter(|wait| wait.as_millis() > 22_500);
    assert!((450..550).contains(&later.count()));
    assert_eq!(
        draw(Share::ZERO, hint, 1),
        low,
        "without jitter, exactly the hint"
    );
    assert_eq!(
        draw(Share::WHOLE, 0, 1),
        Duration::ZERO,
        "a hint of zero stays zero"
    );
    assert!(draw(Share::WHOLE, u64::MAX, 1) >= Duration::from_nanos(u64::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_makes_it_panic(ms in "\\PC*", s in "\\PC*|[0-9A-Z:, .GMT]{0,40}") {
        let _ = from_headers(Some(&ms), Some(&s), Some(&s));
        let _ = from_body(Some(&ms), Some(&s));
        let _ = from_body(Some(&s), Some(&format!("retry after {ms} retry in {s}")));
        let _ = of_head(&LIMITS.map(|limit| (limit.reset, ms.as_str())));
        let _ = of_head(&LIMITS.map(|limit| (limit.reset, s.as_str())));
    }
}
