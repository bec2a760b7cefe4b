//! The output for people and for programs.

use std::time::Duration;

use firedrill::expect::{Bound, Op};
use firedrill::policy::{BreakerState as Breaker, FailureClass, FailureReason};
use firedrill::report::{Format, Report, RunStats, Subject, Verdict, json_results, read};

use super::rig::{BACKUP, PRIMARY, Story, expectation, fault, secs, subject};

/// A primary that is down for a third of the hour, a storm that never comes, expectations of all
/// kinds.
fn drilled() -> Subject {
    let mut subject = subject();
    subject.faults = vec![
        fault("primary-down", 1_200, 1_200, None),
        fault("storm", 9_000, 60, None),
    ];
    let success = |text, during| expectation(text, during, Op::AtLeast, Bound::Share(990_000_000));
    let quick = expectation(
        "latency.p95 < 2.5s",
        None,
        Op::Below,
        Bound::Time(2_500_000_000),
    );
    subject.expect = vec![
        (
            "no-failover".to_owned(),
            vec![success("success_rate >= 99%", None), quick.clone()],
        ),
        (
            "priority-fallback".to_owned(),
            vec![
                success("success_rate during primary-down >= 99%", Some(0)),
                success("success_rate during storm >= 99%", Some(1)),
                quick,
            ],
        ),
        ("resilient".to_owned(), vec![success("uptime >= 99%", None)]),
    ];
    subject
}

/// A call every two seconds for an hour.
fn told(subject: &Subject, falls_back: bool) -> RunStats {
    let mut story = Story::of(subject);
    for at in (0..3_600).step_by(2).map(secs) {
        let down = (secs(1_200)..secs(2_400)).contains(&at);
        let mut call = story.call(at);
        call.asks(at, PRIMARY);
        if !down {
            call.first_token(at + 600)
                .billed(at + 900, 900, 200)
                .answered(at + 1_900);
            continue;
        }
        call.fails(at + 4, FailureClass::Connect);
        if falls_back {
            call.asks(at + 4, BACKUP);
            call.first_token(at + 1_200)
                .billed(at + 2_000, 900, 200)
                .answered(at + 2_400);
        } else {
            call.ends(at + 4, FailureReason::Exhausted(FailureClass::Connect));
        }
        story.fires(at, 0);
    }
    if falls_back {
        story.breaker(secs(1_210), PRIMARY, Breaker::Open);
        story.breaker(secs(2_410), PRIMARY, Breaker::HalfOpen);
        story.breaker(secs(2_411), PRIMARY, Breaker::Closed);
        story.bills(secs(2_500), BACKUP, None, (10_000, 500));
    }
    story.end()
}

fn report() -> Report {
    let subject = drilled();
    let policies = vec![
        ("no-failover".to_owned(), told(&subject, false)),
        ("priority-fallback".to_owned(), told(&subject, true)),
    ];
    Report::new(&subject, "scenarios/primary-outage.yaml", "1..5", policies)
}

#[test]
fn the_table_leads_with_the_verdict() {
    insta::assert_snapshot!(report().render(Format::Table, false));
}

#[test]
fn the_table_fits_eighty_columns_but_for_what_was_written_by_hand() {
    let subject = drilled();
    let name = "a-policy-with-a-name-that-is-much-too-long-to-type-".to_owned();
    let report = Report::new(&subject, "a.yaml", "7", vec![(name, told(&subject, false))]);
    let table = report.render(Format::Table, false);
    assert!(
        table.starts_with("- primary-outage   seed 7 x 1h   1,800 calls"),
        "{table}"
    );
    let rows: Vec<&str> = table.lines().take(3).collect();
    assert!(rows.iter().all(|row| row.len() <= 80), "{table}");
    assert!(table.is_ascii());
}

#[test]
fn colour_is_there_only_when_it_is_asked_for() {
    assert!(!report().render(Format::Table, false).contains('\u{1b}'));
    let painted = report().render(Format::Table, true);
    assert!(painted.starts_with("\u{1b}[31mx\u{1b}[0m primary-outage"));
    let plain = painted
        .replace("\u{1b}[31m", "")
        .replace("\u{1b}[32m", "")
        .replace("\u{1b}[33m", "")
        .replace("\u{1b}[0m", "");
    assert_eq!(plain, report().render(Format::Table, false));
}

#[test]
fn a_picture_beside_the_page() {
    let report = report().with_picture("primary outage.svg");
    let page = report.render(Format::Markdown, false);
    assert!(page.contains("](primary%20outage.svg)\n"), "{page}");
    insta::assert_snapshot!(report.picture());
}

#[test]
fn rows_for_a_spreadsheet() {
    insta::assert_snapshot!(report().render(Format::Csv, false));
}

#[test]
fn a_page_for_the_repository() {
    insta::assert_snapshot!(report().render(Format::Markdown, false));
}

#[test]
fn the_page_names_no_place_on_this_machine() {
    let subject = drilled();
    let policies = vec![("resilient".to_owned(), told(&subject, true))];
    let report = Report::new(&subject, "/somewhere/else/a.yaml", "1..5", policies)
        .with_overrides(&[("load.rate".to_owned(), "2/s".to_owned())]);
    let page = report.render(Format::Markdown, false);
    let again = "firedrill run a.yaml --policy resilient --seeds 1..5 --set 'load.rate=2/s'\n";
    assert!(page.contains(again), "{page}");
}

#[test]
fn a_report_is_as_good_as_its_worst_expectation() {
    assert_eq!(report().verdict(), Verdict::Fails);
    assert_eq!(report().never_fired(), ["storm"]);
    let subject = drilled();
    let backed_up = vec![("priority-fallback".to_owned(), told(&subject, true))];
    let report = Report::new(&subject, "a.yaml", "1", backed_up);
    assert_eq!(report.verdict(), Verdict::Inconclusive);
    let unknown = vec![("mine".to_owned(), told(&subject, true))];
    let report = Report::new(&subject, "a.yaml", "1", unknown);
    assert_eq!(report.verdict(), Verdict::NotJudged);
}

#[test]
fn what_is_expected_of_every_policy_is_judged_beside_its_own() {
    let mut subject = drilled();
    let [quick, mut cheaper] = ["latency.p95 < 2.5s", "cost <= 2 * priority-fallback"]
        .map(|text| expectation(text, None, Op::AtMost, Bound::Time(2_500_000_000)));
    cheaper.bound = Bound::Times(2_000_000_000);
    cheaper.than = Some("priority-fallback".to_owned());
    subject
        .expect
        .insert(1, ("every".to_owned(), vec![quick, cheaper]));
    let names = ["no-failover", "priority-fallback", "mine"].map(str::to_owned);
    let policies = names.map(|name| (name, told(&subject, true)));
    let of = |policies: &[(String, RunStats)]| {
        let report = Report::new(&subject, "a.yaml", "1", policies.to_vec());
        let document = report.render(Format::Json, false);
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        let texts = |policy: &str| {
            let judged = document["policies"][policy]["expectations"]
                .as_array()
                .unwrap();
            Vec::from_iter(
                judged
                    .iter()
                    .map(|one| one["text"].as_str().unwrap().to_owned()),
            )
        };
        let last = policies.last().map(|(name, _)| texts(name)).unwrap();
        let skipped = document["skipped"].as_array().unwrap().len();
        (
            texts(&policies[0].0),
            last,
            skipped,
            report.render(Format::Table, false),
        )
    };
    // Its own expectations come first if the file has them first; a policy is not compared with
    // itself.
    let (first, mine, skipped, _) = of(&policies);
    assert_eq!(first.len(), 4);
    assert_eq!(first[2..], mine);
    assert_eq!(
        mine,
        ["latency.p95 < 2.5s", "cost <= 2 * priority-fallback"]
    );
    assert_eq!(skipped, 1, "that on `resilient`");
    let (_, fallback, _, _) = of(&policies[..2]);
    assert_eq!(fallback.len(), 4, "{fallback:?}");
    // Without the policy that they are compared with, that comparison is skipped.
    let (_, alone, skipped, table) = of(&policies[2..]);
    assert_eq!((alone.len(), skipped), (1, 2 + 3 + 1 + 1));
    let line = "skipped  1 expectation on every, compared with what is not in this run";
    assert!(table.contains(line), "{table}");
}

/// Three calls of two nanoseconds' worth of run, so that the document stays short.
fn small() -> Report {
    let mut subject = drilled();
    subject.duration = Duration::from_nanos(2);
    let mut story = Story::of(&subject);
    story
        .call(0)
        .asks(0, PRIMARY)
        .billed(2, 900, 7)
        .answered(3_001);
    story.good(0);
    story.bad(0);
    let policies = vec![
        ("priority-fallback".to_owned(), RunStats::default()),
        ("no-failover".to_owned(), story.end()),
    ];
    Report::new(&subject, "a.yaml", "3", policies)
}

/// Without `resolved`, which the subject writes.
fn document() -> serde_json::Value {
    let text = small().render(Format::Json, false);
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let resolved = document.as_object_mut().unwrap().remove("resolved");
    assert!(resolved.unwrap().is_object());
    document
}

#[test]
fn the_result_document() {
    let pretty = serde_json::to_string_pretty(&document()["policies"]["no-failover"]).unwrap();
    insta::assert_snapshot!(pretty);
}

#[test]
fn the_result_document_says_what_is_undefined_and_what_was_skipped() {
    let document = document();
    assert_eq!(document["schema"], "firedrill.result/2");
    assert_eq!(document["seeds"], "3");
    assert_eq!(document["skipped"][0]["policy"], "resilient");
    let empty = &document["policies"]["priority-fallback"];
    assert!(empty["measures"]["uptime"]["value"].is_null());
    assert_eq!(empty["measures"]["calls"]["value"], 0);
    assert_eq!(empty["expectations"][0]["verdict"], "inconclusive");
}

#[test]
fn the_table_counts_what_was_skipped_for_each_policy() {
    let table = small().render(Format::Table, false);
    let line = "skipped  1 expectation on resilient, which is not in this run";
    assert!(table.contains(line), "{table}");
}

#[test]
fn policies_stand_in_the_order_of_the_run_and_measures_in_that_of_their_table() {
    let text = small().render(Format::Json, false);
    let (_, policies) = text.split_once(",\"policies\":{").unwrap();
    let words = ["calls", "uptime", "cost", "no-failover"];
    let places = words.map(|word| policies.find(&format!("\"{word}\":")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    assert!(policies.starts_with("\"priority-fallback\":"));
}

#[test]
fn several_documents_make_one_with_an_overall_verdict() {
    let report = small();
    let text = json_results(&[&report, &report]);
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let one: serde_json::Value = serde_json::from_str(&report.render(Format::Json, false)).unwrap();
    assert_eq!(all["schema"], "firedrill.results/1");
    assert_eq!(all["verdict"], one["verdict"]);
    assert_eq!(all["verdicts"][one["verdict"].as_str().unwrap()], 2);
    assert_eq!(all["results"], serde_json::json!([one, one]));
    assert_eq!(read(&text).unwrap().len(), 2);
    // As earlier versions wrote them.
    let array = serde_json::json!([one]).to_string();
    assert_eq!(read(&array).unwrap().len(), 1);
}

#[test]
fn every_format_ends_with_exactly_one_line_break() {
    for &format in Format::ALL {
        let text = report().render(format, false);
        assert!(
            text.ends_with('\n') && !text.ends_with("\n\n"),
            "{format:?}"
        );
    }
}
