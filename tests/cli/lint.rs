//! The warnings of `check`, and their effect on the exit code.

use snapbox::str;

use crate::{Project, calm, scenario, stderr, stdout};

/// A policy whose retries have no jitter.
const EVEN: &str = "name: even\nretry:\n  backoff: { jitter: none }\nbreaker:\n  \
    open: { hint: honour }\ntimeouts:\n  attempt: 15s\n  call: 60s\n";

/// The same with jitter.
fn spread() -> String {
    EVEN.replace("jitter: none", "jitter: full")
        .replace("name: even", "name: spread")
}

#[test]
fn a_finding_is_a_warning_with_its_place_its_why_and_its_remedy() {
    let project = Project::new().with("even.yaml", EVEN);
    let checked = project.firedrill("check even.yaml").code(0);
    checked
        .stdout_eq("ok     even.yaml  (policy)\n")
        .stderr_eq(str![[r#"
warning[no-jitter]: retries come back without jitter
 --> even.yaml:3:14
  |
3 |   backoff: { jitter: none }
  |              ^^^^^^
  |
  = note: calls that failed together return together, again and again
  = help: write `jitter: full`


"#]]);
}

#[test]
fn strict_makes_a_warning_a_failure() {
    let project = Project::new()
        .with("even.yaml", EVEN)
        .with("spread.yaml", &spread());
    project.firedrill("check even.yaml --strict").code(1);
    let clean = project.firedrill("check spread.yaml --strict").code(0);
    clean.stderr_eq("");
    let both = project.output("check spread.yaml even.yaml --strict");
    assert_eq!(both.status.code(), Some(1));
    assert_eq!(stdout(&both).lines().count(), 2, "{}", stdout(&both));
}

#[test]
fn what_a_policy_does_on_purpose_it_allows() {
    let allows = |rules: &str| format!("{EVEN}allow: [ {rules} ]\n");
    let project = Project::new()
        .with("meant/even.yaml", &allows("no-jitter"))
        .with("vain/even.yaml", &allows("no-jitter, no-breaker"))
        .with("wrong/even.yaml", &allows("no-jiter"));
    let meant = project.firedrill("check meant --strict").code(0);
    meant.stderr_eq("");
    let vain = project.firedrill("check vain --strict").code(1);
    vain.stderr_eq(str![[r#"
warning[allow-without-effect]: `no-breaker` warns of nothing here
 --> vain/even.yaml:9:1
  |
9 | allow: [ no-jitter, no-breaker ]
  | ^^^^^
  |
  = note: a later mistake of this kind would not be told
  = help: leave it out of `allow`


"#]]);
    project.firedrill("check wrong").code(2).stderr_eq(str![[r#"
error: `check` has no rule `no-jiter`
 --> wrong/even.yaml:9:10
  |
9 | allow: [ no-jiter ]
  |          ^^^^^^^^
  |
  = help: did you mean `no-jitter`?

"#]]);
}

#[test]
fn what_we_ship_to_start_from_has_no_warning() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut words = vec!["check".to_owned(), "--strict".to_owned()];
    for folder in ["scenarios", "policies"] {
        let entries = std::fs::read_dir(format!("{root}/{folder}")).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let files = paths.filter(|path| path.is_file());
        words.extend(files.map(|path| path.display().to_string()));
    }
    assert!(words.len() > 12, "{words:?}");
    let project = Project::new();
    let checked = project.firedrill(&words.join(" ")).code(0);
    checked.stderr_eq("");
    project.firedrill("init").code(0);
    project.firedrill("check . --strict").code(0).stderr_eq("");
}

#[test]
fn a_wrong_file_outranks_a_warning() {
    let project = Project::new()
        .with("even.yaml", EVEN)
        .with("wrong.yaml", "name: wrong\nretries: 3\n");
    let output = project.output("check even.yaml wrong.yaml --strict");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("warning[no-jitter]"), "{told}");
    assert!(told.contains("error: unknown key `retries`"), "{told}");
}

#[test]
fn a_scenario_says_what_its_policies_meet() {
    let limited = format!("{}limit: {{ rpm: 30 }}\n", spread());
    let text = scenario("tight", "spread", "", "  spread: [ success_rate >= 1% ]\n");
    let project = Project::new()
        .with("policies/spread.yaml", &limited)
        .with("scenarios/tight.yaml", &text);
    let checked = project.firedrill("check").code(0);
    checked.stderr_eq(str![[r#"
warning[limit-below-load]: the limits of all providers allow 60 attempts per minute, and 120 arrive
 --> [..]policies/spread.yaml:9:10
  |
9 | limit: { rpm: 30 }
  |          ^^^
  |
  = note: the client itself refuses what the providers would take (as in scenarios/tight.yaml)
  = help: raise `rpm` above the load, or write `rpm: none`


"#]]);
    // Alone, a policy has no load to compare its limit with.
    let alone = project.firedrill("check policies").code(0);
    alone.stderr_eq("");
}

#[test]
fn what_many_scenarios_share_is_told_once() {
    let text = |name| scenario(name, "even", "", "  even: [ success_rate >= 1% ]\n");
    let project = Project::new()
        .with("policies/even.yaml", EVEN)
        .with("scenarios/a.yaml", &text("a"))
        .with("scenarios/b.yaml", &text("b"));
    let output = project.output("check");
    assert_eq!(output.status.code(), Some(0));
    let told = stderr(&output);
    assert_eq!(told.matches("warning[no-jitter]").count(), 1, "{told}");
}

#[test]
fn providers_of_one_account_share_their_fate() {
    let text = scenario("one", "spread", "", "  spread: [ success_rate >= 1% ]\n").replace(
        "p99: 1s }, speed",
        "p99: 1s }, limits: { rpm: 500, account: acme }, speed",
    );
    let project = Project::new()
        .with("policies/spread.yaml", &spread())
        .with("scenarios/one.yaml", &text);
    let output = project.output("check --strict");
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    let warning = "warning[shared-fate]: `main` and `backup` share the account `acme`\n \
                   --> scenarios/one.yaml:6:3\n";
    assert!(told.contains(warning), "{told}");
}

#[test]
fn a_warning_that_is_no_finding_is_strict_as_well() {
    let overrides = "overrides: { by_name: { nobody: { weight: 2 } } }\n";
    let policy = format!("{}{overrides}", spread());
    let text = calm().replace("no-failover", "spread");
    let project = Project::new()
        .with("policies/spread.yaml", &policy)
        .with("scenarios/calm.yaml", &text);
    project.firedrill("check").code(0);
    project.firedrill("check --strict").code(1);
}

#[test]
fn one_host_twice_in_a_fleet_is_a_warning() {
    let fleet = "fleet:\n  openai: { url: https://api.test/v1, model: gpt-4.1 }\n  \
        backup: { url: https://api.test/v2, model: gpt-4.1-mini }\n  \
        other: { url: https://other.test/v1, model: gpt-4.1 }\n";
    let project = Project::new().with("fleet.yaml", fleet);
    let output = project.output("check fleet.yaml");
    assert_eq!(output.status.code(), Some(0));
    let told = stderr(&output);
    let finding = "warning[shared-fate]: `openai` and `backup` share the host api.test";
    assert!(told.contains(finding), "{told}");
    assert_eq!(told.matches("warning[").count(), 1, "{told}");
    let strict = project.output("check fleet.yaml --strict");
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn a_fault_that_can_never_strike_says_why() {
    let faults = "faults:
  cut: { target: main, inject: stream_cut, after: 10 tok }
  long: { target: main, inject: 500, when: { prompt: '> 900 tok' } }
  streams: { target: main, inject: 500, when: { streamed: true } }
  key: { target: main, inject: auth, when: { key: key-2 } }
  lost: { target: main, inject: capacity_loss, remaining: 30% }
  shrunk: { target: main, inject: limit_shrink, remaining: 30% }
  missed: { target: main, inject: cache_miss }
  down: { at: 10s, for: 20s, target: main, inject: outage }
  hidden: { at: 15s, for: 15s, target: main, inject: slow, factor: 3 }
  longer: { at: 15s, for: 16s, target: main, inject: slow, factor: 3 }
  often: { target: main, inject: 503, rate: 5% }
";
    let (policies, expect) = ("no-failover", "  no-failover: [ calls > 1 ]\n");
    let text = scenario("vain", policies, faults, expect);
    let text = text.replace("prompt: { p50: 300 tok, p99: 900 tok }", "prompt: 900 tok");
    let project = Project::new().with("scenarios/vain.yaml", &text);
    let output = project.output("check --strict");
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    let warnings = told
        .lines()
        .filter_map(|line| line.strip_prefix("warning[never-strikes]: "));
    let expected = [
        "`cut` can never strike: no call is streamed",
        "`long` can never strike: no prompt is so long",
        "`streams` can never strike: no call is streamed",
        "`key` can never strike: the client holds no key `key-2` there",
        "`lost` can never strike: none of its targets has `capacity`",
        "`shrunk` can never strike: none of its targets has `limits`",
        "`missed` can never strike: none of its targets has `cache`",
        "`hidden` can never strike: `down` decides every attempt before it could",
    ];
    assert_eq!(Vec::from_iter(warnings), expected, "{told}");
    let ran = stdout(&project.output("run"));
    assert!(
        ran.contains("fault cut never fired: no call is streamed"),
        "{ran}"
    );
}
