//! `firedrill hunt`: from a question to a scenario that answers it.

use snapbox::str;

use crate::{Project, calm, stderr, stdout};

/// A scenario in which nothing happens by itself.
fn project() -> Project {
    Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("faults.yaml", FAULTS)
}

const FAULTS: &str = "
at_most: 1
faults:
  errors: { inject: server_error, target: main, at: 10s, for: 2s..40s, rate: 10%..100% }
";
const HUNT: &str = "hunt scenarios/calm.yaml --policy no-failover --faults faults.yaml \
                    --seeds 2 --budget 8k \
                    --against resilient --until";

#[test]
fn a_found_world_is_told_written_and_holds_when_it_is_run() {
    let project = project();
    let told = project.firedrill(&format!("{HUNT} success_rate<80%"));
    told.code(1).stderr_eq("").stdout_eq(str![[r#"
no-failover does not survive this: success_rate<80%
  hunted-1: server_error of main at 10s for 15.4s, rate 100%
  it was 76.19% under seed 1
  it breaks under seeds 1, 2
Tried 32 worlds with 8064 calls; 5 steps made it smaller, then the budget was spent.

The first call that failed, under seed 1:
  call 25 at 00:10.181: failed after 0.002s, exhausted (server_error)
    00:10.181    +0.000s  arrives
    00:10.181    +0.000s  asks in this order, as the fleet lists them: main, backup
    00:10.181    +0.000s  attempt 1 at main (first)
    00:10.182    +0.001s  fault hunted-1 strikes
    00:10.183    +0.002s  attempt 1 fails: server_error
    00:10.183    +0.002s  ends: its attempts are spent (1)
    00:10.183    +0.002s  failed: exhausted (server_error)

Other policies there, by success_rate<80%:
  resilient  survives  was 100.00%

On the wire it is the same: it was 76.19%.
wrote scenarios/found/no-failover-server-error.yaml

"#]]);
    let text = project.text("scenarios/found/no-failover-server-error.yaml");
    snapbox::assert_data_eq!(
        text,
        str![[r#"
# What `no-failover` does not survive: found, and made as small as it gets, by
#   firedrill hunt [..]
#     --faults faults.yaml --budget 8k --seeds 1..2 --seed 1
# Tried 32 worlds with 8064 calls; 5 steps made it smaller, then the budget was spent.
# hunted-1: server_error of main at 10s for 15.4s, rate 100%
name: no-failover-server-error
about: Is success_rate<80% for no-failover here?
run: { duration: 60s, seeds: 1 }
providers:
  main: { dialect: openai, model: gpt-4.1, ttft: { p50: 300ms, p99: 1s }, speed: 100 tok/s }
  backup: { dialect: openai, model: gpt-4.1, ttft: { p50: 400ms, p99: 1s }, speed: 80 tok/s }
load:
  arrivals: poisson
  rate: 2/s
  prompt: { p50: 300 tok, p99: 900 tok }
  output: { p50: 50 tok, p99: 200 tok }
policies: [no-failover]
expect: { no-failover: [success_rate<80%] }
faults:
  hunted-1: { inject: server_error, target: main, at: 10s, for: 15.4s, rate: 100% }

"#]]
    );
    project.firedrill("run scenarios/found").code(0);
}

#[test]
fn nothing_found_is_said_with_what_was_covered() {
    let told = project().firedrill(&format!("{HUNT} success_rate<5%"));
    told.code(3).stderr_eq("").stdout_eq(str![[r#"
nothing found: no-failover survived all that was tried (success_rate<5%)
Tried 64 worlds with 8064 calls.

The nearest, under the first seed, was 44.44%:
  hunted-1: server_error of main at 10s for 37.6s, rate 94.5%

Worlds with each kind of fault:
  errors  63

Bounds:
  server_error: for 2s to 40s, rate 10% to 100%

"#]]);
}

#[test]
fn an_interrupted_hunt_goes_on_with_what_it_kept() {
    let project = project();
    let words = format!("{HUNT} success_rate<80% --resume kept");
    let first = stdout(&project.output(&words));
    let kept = project.text("kept/hunt.jsonl");
    let lines = Vec::from_iter(kept.lines());
    let half = lines[..lines.len() / 2].join("\n") + "\n[99,[46";
    std::fs::write(project.path("kept/hunt.jsonl"), half).expect("written");
    assert_eq!(stdout(&project.output(&words)), first);
    assert_eq!(project.text("kept/hunt.jsonl"), kept);
    let other = project.output(&format!("{words} --seed 2"));
    assert!(stderr(&other).contains("is of another search"));
    assert_eq!(other.status.code(), Some(2));
}

#[test]
fn mistakes_on_the_command_line_and_in_the_faults_file_have_a_caret() {
    let wrong = "faults: { a: { inject: outage, target: mian } }\n";
    let project = project().with("wrong.yaml", wrong);
    let told = |words: &str| stderr(project.firedrill(words).code(2).get_output());
    let shown = [
        told(&format!("{HUNT} sucess_rate<80%")),
        told(&format!("{HUNT} success_rate<resilient")),
        told(
            "hunt scenarios/calm.yaml --policy no-failover --until success_rate<80% \
             --faults wrong.yaml",
        ),
        told("hunt scenarios/calm.yaml --policy no-failover --metastable 2m"),
    ];
    snapbox::assert_data_eq!(
        shown.join("\n"),
        str![[r#"
error: there is no measure `sucess_rate`
 --> command line:1:9
  |
1 | --until sucess_rate<80%
  |         ^^^^^^^^^^^
  |
  = help: did you mean `success_rate`?

error: there is no other policy to compare with
 --> command line:1:22
  |
1 | --until success_rate<resilient
  |                      ^^^^^^^^^
  |
  = help: write a value, as in `99%` or `2.5s`

error: this is no fault here: unknown provider `mian`
 --> wrong.yaml:1:11
  |
1 | faults: { a: { inject: outage, target: mian } }
  |           ^
  |
  = help: write it so that it fits the scenario

error: a run of 1m is too short for faults, and 2m after them
 --> scenarios/calm.yaml:3:18
  |
3 | run: { duration: 60s, seeds: 1..2 }
  |                  ^^^
  |
  = help: set a longer `run.duration`, or ask for less time

"#]]
    );
}

#[test]
fn a_fleet_file_is_enough_to_hunt_in() {
    let fleet = "fleet:\n  main: { url: https://a.example/v1, model: gpt-4.1 }\n";
    let project = project().with("fleet.yaml", fleet);
    let words = "hunt --fleet fleet.yaml --policy no-failover --until success_rate<95% \
                 --budget 200k --seeds 1 --against resilient";
    let told = stdout(project.firedrill(words).code(1).get_output());
    assert!(
        told.starts_with("no-failover does not survive this"),
        "{told}"
    );
}
