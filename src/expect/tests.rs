//! What is read, what is refused, and what the refusal says.

use super::*;
use crate::trace::FaultId;
use proptest::prelude::*;

fn read(text: &str) -> Result<Expectation, Diagnostic> {
    let faults = ["primary-down", "backup-storm"].map(String::from);
    parse(text, &faults, &|range, message| {
        Diagnostic::of_text("x.yaml", text, range, message)
    })
}

#[test]
fn an_expectation_is_a_metric_a_comparison_and_a_bound() {
    for (text, metric, op, bound) in [
        (
            "success_rate >= 99.5%",
            "success_rate",
            Op::AtLeast,
            Bound::Share(995_000_000),
        ),
        (
            "ttft.p95<2.5s",
            "ttft.p95",
            Op::Below,
            Bound::Time(2_500_000_000),
        ),
        (
            "latency.p50 > 300 ms",
            "latency.p50",
            Op::Above,
            Bound::Time(300_000_000),
        ),
        (
            "cost_per_success <= 0.004 USD",
            "cost_per_success",
            Op::AtMost,
            Bound::Money(4_000_000),
        ),
        (
            " outages <= 3 ",
            "outages",
            Op::AtMost,
            Bound::Number(3_000_000_000),
        ),
        (
            "attempts_per_call <= 1.3",
            "attempts_per_call",
            Op::AtMost,
            Bound::Number(1_300_000_000),
        ),
    ] {
        let read = read(text).unwrap();
        assert_eq!(
            (read.metric.as_str(), read.op, read.bound),
            (metric, op, bound)
        );
        assert_eq!((read.text.as_str(), read.when), (text.trim(), When::Always));
        assert_eq!((read.argument, read.of, read.than), (None, None, None));
    }
}

#[test]
fn an_expectation_may_be_about_a_fault() {
    let read = read("success_rate  during backup-storm>=98%").unwrap();
    assert_eq!(
        (read.metric.as_str(), read.when),
        ("success_rate", When::During(FaultId(1)))
    );
}

#[test]
fn an_expectation_may_be_about_a_part_of_the_calls() {
    let of = |text| read(text).unwrap().of;
    let task = |name: &str| Some(Of::Task(name.to_owned()));
    assert_eq!(of("uptime of chat >= 9%"), task("chat"));
    assert_eq!(
        of("uptime of client 3 after primary-down >= 9%"),
        Some(Of::Client(3))
    );
    assert_eq!(
        of("uptime of client during primary-down >= 9%"),
        task("client")
    );
    let key = read("attempts(openai/2) of chat > 0").unwrap();
    assert_eq!(key.argument.as_deref(), Some("openai/2"));
}

#[test]
fn the_value_of_an_expectation_can_be_marked() {
    for (text, value) in [
        ("uptime >= 9%", "9%"),
        ("uptime>=9% with 95%", "9%"),
        ("uptime >= other + 5%", "other + 5%"),
        ("uptime >=", ""),
        ("uptime", ""),
    ] {
        assert_eq!(&text[value_in(text)], value, "{text}");
    }
}

#[test]
fn an_expectation_may_be_about_the_time_after_a_fault() {
    let minute = 60_000_000_000;
    let after = |from, to| {
        let fault = FaultId(0);
        When::After { fault, from, to }
    };
    for (text, when) in [
        ("goodput after primary-down >= 4.5/s", after(0, None)),
        (
            "goodput after primary-down from 1m >= 9/min",
            after(minute, None),
        ),
        (
            "goodput after primary-down to 1m > 1/s",
            after(0, Some(minute)),
        ),
        (
            "goodput after primary-down from 30s to 1m>1/s",
            after(minute / 2, Some(minute)),
        ),
    ] {
        let read = read(text).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(read.when, when, "{text}");
    }
    assert_eq!(
        read("goodput >= 9/min").unwrap().bound,
        Bound::Rate(150_000_000)
    );
}

#[test]
fn an_expectation_may_name_what_it_is_about_and_what_it_is_compared_with() {
    let one = read("recovery_time(openai) during backup-storm <= 60s").unwrap();
    assert_eq!(one.metric, "recovery_time");
    assert_eq!(one.argument.as_deref(), Some("openai"));
    assert!(!one.by_interval);
    for (text, factor, shift) in [
        ("cost <= 1.15*resilient", 1_150_000_000, None),
        ("cost <= resilient", 1_000_000_000, None),
        (
            "uptime >= resilient + 5%",
            1_000_000_000,
            Some((false, 50_000_000)),
        ),
        ("uptime >= 2 * resilient-0.5%", 2_000_000_000, None),
        (
            "uptime >= resilient - 0.5 %",
            1_000_000_000,
            Some((true, 5_000_000)),
        ),
    ] {
        let Ok(other) = read(text) else {
            assert!(text.contains("-0.5%"), "{text}: a name may hold a dash");
            continue;
        };
        assert_eq!(other.bound, Bound::Times(factor), "{text}");
        assert_eq!(other.than.as_deref(), Some("resilient"), "{text}");
        let by = |(is_less, share)| Shift {
            is_less,
            by: Bound::Share(share),
        };
        assert_eq!(other.shift, shift.map(by), "{text}");
    }
    let sure = read("success_rate >= 99.5% with 95 %").unwrap();
    assert_eq!(
        (sure.bound, sure.by_interval),
        (Bound::Share(995_000_000), true)
    );
}

#[test]
fn wrong_expectations_point_at_what_is_wrong() {
    for (text, column, part, hint) in WRONG {
        let problem = read(text).unwrap_err();
        let shown = problem.to_string();
        assert!(shown.contains(part) && shown.contains(hint), "{shown}");
        assert_eq!(problem.column(), column, "{shown}");
    }
}

#[rustfmt::skip]
const WRONG: [(&str, usize, &str, &str); 50] = [
    ("", 1, "no comparison", "write as in"),
    ("success_rate 99%", 1, "no comparison", "write as in"),
    (">= 99%", 1, "no metric", "write as in"),
    ("success_rate == 99%", 14, "`==` is not a comparison", "`>=` or `<=`; both"),
    ("success_rate ≥ 99%", 14, "`≥` is not a comparison", "write `>=`"),
    ("success_rate =< 99%", 14, "`=<` is not a comparison", "write `<=`"),
    ("success_rate != 99%", 14, "`!=` is not a comparison", "`<=`, `>` or `<`"),
    ("99% <= uptime", 1, "the value stands before", "write `uptime >= 99%`"),
    ("2s > latency.p95 of chat", 1, "the value stands", "`latency.p95 of chat < 2s`"),
    ("95% <= uptime < 99%", 15, "two comparisons", "`uptime >= 95%` and `uptime < 99%`"),
    ("uptime >= 95% <= 99%", 15, "two comparisons", "write two expectations"),
    ("success_rate >=", 16, "no value", "write as in"),
    ("success_rate >= 9 lots", 17, "no unit of time", "`ms`"),
    ("success_rate >= -1", 17, "`-1` is no value", "`99.5%`"),
    ("success_rate >= 101%", 17, "more than the whole", "100%"),
    ("success_rate >= 99,5%", 17, "has a comma", "write `99.5%`"),
    ("calls >= 1,000", 10, "`1,000` has a comma", "`1_000` or `1.000`"),
    ("attempts_per_call <= 1,5", 22, "`1,5` has a comma", "write `1.5`"),
    ("latency.p95 <= 5 parsecs", 16, "no unit of time", "`ms`"),
    ("latency.p95 <= 1 min", 16, "no unit of time", "write `1m`"),
    ("latency.p95 <= 1.5 Seconds", 16, "no unit of time", "write `1.5s`"),
    ("cost <= 5 EUR", 9, "`EUR` is no currency here", "convert it"),
    ("cost <= €5", 9, "`€` is no currency here", "convert it"),
    ("cost <= $5", 9, "needs its currency", "write `5 USD`"),
    ("cost <= 5.50 dollars", 9, "needs its currency", "write `5.50 USD`"),
    ("calls >= 99999999999", 10, "too large", "write at most"),
    ("cost <= lots * other", 9, "`lots * other` is no value", "`1.15 * my-policy`"),
    ("cost <= 1.15 * one other", 9, "is no value", "`1.15 * my-policy`"),
    ("cost <= 1.15 * every", 16, "not one policy", "compare with one"),
    ("cost <= 1.15 *", 9, "is no value", "`1.15 * my-policy`"),
    ("cost <= other + 5 EUR", 17, "no currency here", "convert it"),
    ("cost <= other +", 9, "`other +` is no value", "`99.5%`"),
    ("goodput >= 4/parsec", 12, "a rate cannot be per `parsec`", "`/s`"),
    ("uptime >= 9% with", 14, "an interval of this kind", "`with 95%`"),
    ("uptime >= 9% with 3%", 14, "an interval of this kind", "`with 95%`"),
    ("uptime >= with 95%", 11, "no value", "write as in"),
    ("recovery_time( >= 9%", 1, "`recovery_time(` is no metric", "`recovery_time(openai)`"),
    ("a() >= 9%", 1, "`a()` is no metric", "`recovery_time(openai)`"),
    ("(a) >= 9%", 1, "`(a)` is no metric", "`recovery_time(openai)`"),
    ("a(openai, key 2) >= 9%", 3, "more than one name", "write `a(openai/2)`"),
    ("a of >= 9%", 3, "no task after `of`", "`success_rate of chat >= 95%`"),
    ("a of during primary-down >= 9%", 3, "no task after `of`", "of chat"),
    ("a of client x >= 9%", 13, "`x` is no number of a client", "`of client 0`"),
    ("a during primary-down of chat >= 9%", 23, "`of` does not belong", "write as in"),
    ("success_rate during >= 9%", 14, "no fault after `during`", "write as in"),
    ("a during primary-dwon >= 9%", 10, "unknown fault", "did you mean `primary-down`?"),
    ("a during primary-down again >= 9%", 23, "`again` does not", "write as in"),
    ("a after nothing >= 9%", 9, "unknown fault `nothing`", "known: `primary-down`"),
    ("a after primary-down from 5 >= 9%", 27, "unit", "`"),
    ("a after primary-down from 2m to 1m >= 9%", 33, "ends before it begins", "more than"),
];

#[test]
fn a_hint_that_is_followed_is_read_and_means_what_was_meant() {
    let mut followed = 0;
    for (text, column, ..) in WRONG {
        let problem = read(text).unwrap_err();
        let hint = problem.hint_text().unwrap();
        let written = hint
            .strip_prefix("write `")
            .and_then(|rest| rest.strip_suffix('`'))
            .filter(|written| !written.contains('`'));
        let Some(written) = written else {
            continue;
        };
        followed += 1;
        // The hint replaces the part with the caret, or all of it.
        let replaced = match read(written) {
            Ok(_) => written.to_owned(),
            Err(_) => {
                let carets = problem.to_string().matches('^').count();
                let start = text.char_indices().nth(column - 1).unwrap().0;
                let end = text[start..].char_indices().nth(carets);
                let end = end.map_or(text.len(), |(at, _)| start + at);
                format!("{}{written}{}", &text[..start], &text[end..])
            }
        };
        assert!(read(&replaced).is_ok(), "{text}: {replaced}");
    }
    assert!(followed >= 10, "{followed}");
}

#[test]
fn a_message_repeats_no_more_than_eighty_characters() {
    let long = "x".repeat(500);
    for text in [
        format!("{long} of {long} during {long} >= 9%"),
        format!("a({long} {long}) >= 9%"),
        format!("a >= 5 {long}"),
        format!("a >= 5 * {long} {long}"),
        format!("a of client {long} >= 9%"),
        format!("a >= 9{long}"),
        format!("a {} 9%", "=".repeat(500)),
    ] {
        let problem = match read(&text) {
            Ok(_) => panic!("{text}"),
            Err(problem) => problem,
        };
        let told = format!(
            "{} {}",
            problem.message(),
            problem.hint_text().unwrap_or("")
        );
        assert!(told.chars().count() < 300, "{told}");
    }
}

/// How each part is written, and what it is read as.
fn bounds() -> impl Strategy<Value = (String, Bound)> {
    prop_oneof![
        (0..=1_000_u64).prop_map(|tenths| {
            (
                format!("{}.{}%", tenths / 10, tenths % 10),
                Bound::Share(tenths * 1_000_000),
            )
        }),
        (1..9_000_u64).prop_map(|ms| (format!("{ms}ms"), Bound::Time(ms * 1_000_000))),
        (0..9_000_u64).prop_map(|usd| (format!("{usd} USD"), Bound::Money(usd * 1_000_000_000))),
        (0..9_000_u64).prop_map(|n| (n.to_string(), Bound::Number(n * 1_000_000_000))),
        (1..9_000_u64).prop_map(|n| (format!("{n}k tok"), Bound::Tokens(n * 1_000))),
        (1..9_000_u64).prop_map(|n| (format!("{n}/s"), Bound::Rate(n * 1_000_000_000))),
    ]
}

fn parts() -> impl Strategy<Value = (String, Expectation)> {
    let name = || "[a-z][a-z_-]{0,6}[a-z]";
    let is_free = |name: &String| !["of", "during", "after", "with", "key"].contains(&&**name);
    let name = move || name().prop_filter("a word of the grammar", is_free);
    let argument = proptest::option::of((name(), proptest::option::of(0_u8..9)));
    let of = prop_oneof![
        Just(None),
        name().prop_map(|task| Some(Of::Task(task))),
        (0_u32..99).prop_map(|client| Some(Of::Client(client))),
    ];
    let than = proptest::option::of((name(), 1..5_000_u64, any::<bool>(), bounds()));
    let op = proptest::sample::select(&Op::ALL[..]);
    (name(), argument, of, any::<bool>(), op, bounds(), than).prop_map(
        |(metric, argument, of, is_during, (sign, op), (value, bound), than)| {
            let argument = argument.map(|(name, key)| match key {
                None => name,
                Some(key) => format!("{name}/{key}"),
            });
            let mut text = metric.clone();
            text += &argument
                .iter()
                .map(|one| format!("({one})"))
                .collect::<String>();
            text += &match &of {
                None => String::new(),
                Some(Of::Task(task)) => format!(" of {task}"),
                Some(Of::Client(client)) => format!(" of client {client}"),
            };
            text += if is_during {
                " during backup-storm"
            } else {
                ""
            };
            let when = match is_during {
                true => When::During(FaultId(1)),
                false => When::Always,
            };
            let (value, bound, than, shift) = match than {
                None => (value, bound, None, None),
                Some((policy, milli, is_less, (by_text, by))) => {
                    let sign = if is_less { '-' } else { '+' };
                    let factor = format!("{}.{:03}", milli / 1_000, milli % 1_000);
                    let value = format!("{factor} * {policy} {sign} {by_text}");
                    let shift = Some(Shift { is_less, by });
                    (value, Bound::Times(milli * 1_000_000), Some(policy), shift)
                }
            };
            text += &format!(" {sign} {value}");
            let by_interval = false;
            let read = Expectation {
                text: text.clone(),
                metric,
                argument,
                of,
                when,
                op,
                bound,
                than,
                shift,
                by_interval,
                line: None,
            };
            (text, read)
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_from_parts_is_read_as_these_parts((text, expected) in parts()) {
        prop_assert_eq!(read(&text).map_err(|problem| problem.to_string()), Ok(expected));
    }

    #[test]
    fn no_text_makes_it_panic(
        text in "[a-z ()/]{0,9}[<>=≥]{0,2}[-0-9.%a-zUSD*+€, ]{0,12}|\\PC{0,9}",
    ) {
        let _ = read(&text);
        let _ = value_in(&text);
    }
}
