//! The library entry, as a user's own tests would use it.

use firedrill::Diagnostic;
use std::error::Error;
use std::panic::{RefUnwindSafe, UnwindSafe};

use firedrill::client::{self, Answer, AnswerStream, BuildError, Builder, Client, LoadError};
use firedrill::drill::Drill;
use firedrill::policy::config::Policy;
use firedrill::report::{Report, RunStats, Verdict};
use firedrill::trace::{Event, lines::JsonlRecorder};
use firedrill::units::UnitError;

// As in the README.
#[test]
fn resilient_survives_an_outage_of_the_primary() -> Result<(), firedrill::Diagnostic> {
    firedrill::drill::Drill::load("scenarios/primary-outage.yaml")?
        .policy("resilient")?
        .seeds(1..=2)
        .run()
        .assert(); // panics with the report
    Ok(())
}

#[test]
#[should_panic(expected = "an expectation fails")]
fn a_failed_expectation_panics_with_the_report() {
    everything_down().run().assert();
}

#[test]
fn the_panic_shows_the_table_and_how_to_reproduce_it() {
    let report = everything_down().seeds(1..=1).run();
    assert_eq!(report.verdict(), Verdict::Fails);
    let panic = std::panic::catch_unwind(|| report.assert()).expect_err("it fails");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("success_rate"), "{message}");
    assert!(
        message.contains("firedrill run tests/scenarios/"),
        "{message}"
    );
}

#[test]
#[should_panic(expected = "nothing was judged: the scenario has no expectations")]
fn an_asserted_run_without_expectations_panics() {
    let drill = calm().set("expect", "{}").expect("valid");
    drill.run().assert();
}

#[test]
fn a_policy_that_no_expectation_is_about_panics_until_it_is_judged_as_another() {
    let drill = calm().policy("openai-python").expect("a preset");
    let report = drill.run();
    assert_eq!(report.verdict(), Verdict::NotJudged);
    let panic = std::panic::catch_unwind(|| report.assert()).expect_err("it is not judged");
    let message = panic.downcast_ref::<String>().expect("a message");
    let told =
        "`openai-python` was not judged: no expectation is about it; add `--judge-as NAME` (";
    assert!(message.starts_with(told), "{message}");
    assert!(drill.clone().judge_as("resilent").is_err());
    drill
        .judge_as("resilient")
        .expect("it has some")
        .run()
        .assert();
}

/// Half a minute without faults.
fn calm() -> Drill {
    let drill = Drill::load("scenarios/no-faults.yaml").expect("valid");
    let short = drill.seeds(1..=1).set("run.duration", "30s");
    short.expect("valid")
}

#[test]
fn a_value_can_be_set() -> Result<(), Diagnostic> {
    let drill = Drill::load("scenarios/no-faults.yaml")?.seeds(1..=1);
    let slower = drill.clone().set("run.duration", "30s")?;
    assert_eq!(slower.scenario().run.duration.as_secs(), 30);
    assert_eq!(drill.runs(), slower.runs());
    drop(slower.run());
    Ok(())
}

#[test]
fn a_value_reaches_every_policy() -> Result<(), Diagnostic> {
    let drill = Drill::load("scenarios/no-faults.yaml")?
        .policy("resilient")?
        .policy("retry-only")?
        .set("policy.retry.max_attempts", "2")?;
    let attempts = drill
        .policies()
        .iter()
        .map(|policy| policy.retry.max_attempts);
    assert_eq!(Vec::from_iter(attempts), [2, 2]);
    Ok(())
}

#[test]
fn a_mistake_is_a_problem_and_not_a_panic() -> Result<(), Diagnostic> {
    assert!(Drill::load("scenarios/no-such.yaml").is_err());
    let drill = Drill::load("scenarios/no-faults.yaml")?;
    assert!(drill.clone().policy("resilent").is_err());
    assert!(drill.clone().set("load.rat", "4/s").is_err());
    assert!(drill.set("policy.retry.attemps", "4").is_err());
    Ok(())
}

#[test]
fn what_a_user_holds_can_be_shared_between_threads() {
    fn is_shared<T: Send + Sync + Unpin + 'static>() {}
    fn is_plain<T: Clone + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static>() {}
    fn is_error<T: Error + Send + Sync + Unpin + 'static>() {}
    fn is_sent<T: Send + Unpin + 'static>() {}
    is_shared::<Client>();
    #[cfg(feature = "tls")]
    is_shared::<Client<client::Tls>>();
    is_shared::<Builder<client::Tcp>>();
    is_shared::<JsonlRecorder>();
    is_sent::<AnswerStream>();
    is_plain::<Answer>();
    is_plain::<Drill>();
    is_plain::<Event>();
    is_plain::<Policy>();
    is_plain::<Report>();
    is_plain::<RunStats>();
    is_error::<client::Error>();
    is_error::<BuildError>();
    is_error::<LoadError>();
    is_error::<Diagnostic>();
    is_error::<UnitError>();
}

/// The canary: every provider is down, and an expectation that must fail.
fn everything_down() -> Drill {
    Drill::load("tests/scenarios/everything-down.yaml").expect("the canary loads")
}
