//! `firedrill measures` and `firedrill explain`: every measure and its text.

use firedrill::report::measures::MEASURES;
use snapbox::str;

use crate::{Project, stdout};

#[test]
fn every_measure_is_listed_in_80_columns() {
    let text = stdout(&Project::new().output("measures"));
    for measure in MEASURES {
        let name = measure.full_name();
        let named = text
            .lines()
            .filter(|line| line.split(' ').next() == Some(&name));
        assert_eq!(named.count(), 1, "{name}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_measure_is_explained_with_an_example() {
    let explained = Project::new()
        .firedrill("explain latency_failed.p95")
        .code(0);
    explained.stderr_eq("").stdout_eq(str![[r#"
latency_failed.p95
  From the arrival to the error (or the wrong answer), of calls that failed;
  calls that never ended are left out.
  unit          ms; a length of time, such as `2.5s` or `800ms` as a bound
  several runs  Over all runs together.
  better        low values
  computed      From the arrival to the error that the caller gets, or to the
                wrong answer. Calls that never ended have no such time and are
                left out. Quantiles as for `latency`.
  for example   latency_failed.p95 <= 30s

"#]]);
    let text = stdout(&Project::new().output("explain recovery_time(openai)"));
    assert!(text.contains("recovery_time(openai) <= 30s"), "{text}");
}

#[test]
fn an_unknown_measure_is_an_error_that_names_the_nearest() {
    let unknown = Project::new().firedrill("explain succes_rate").code(2);
    unknown.stdout_eq("").stderr_eq(str![[r#"
error: there is no measure `succes_rate`
  = help: did you mean `success_rate`?

"#]]);
}

#[test]
fn the_page_about_measures_is_what_the_command_prints() {
    let page = stdout(&Project::new().output("measures --markdown"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/measures.md");
    if std::env::var("FIREDRILL_DOCS").is_ok_and(|value| value == "write") {
        std::fs::write(path, &page).expect("docs can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "write docs/measures.md again: FIREDRILL_DOCS=write cargo test --test cli measures"
    );
}
