//! `firedrill map`: where policies recover from a fault.

use snapbox::str;

use crate::{Project, calm, stderr, stdout};

/// One provider with a queue, and calls that are tried again until their users give up.
fn storm() -> Project {
    let policy = "name: again
retry:
  max_attempts: 100
  max_attempts_per_provider: 100
  backoff: { base: 5s, factor: 1, max: 5s, jitter: none }
timeouts: { attempt: 10s }
failures: { overloaded: retry, server_error: retry }
";
    let scenario = "name: storm
about: Does it recover?
run: { duration: 1m, seeds: 1 }
providers:
  main:
    dialect: openai
    model: gpt-4.1
    ttft: { p50: 600ms, p99: 3s }
    speed: 130 tok/s
    capacity: { slots: 8, queue: 80, slowdown: 1.1 }
load:
  rate: 2.7/s
  prompt: { p50: 1_000 tok, p99: 4k tok }
  output: { p50: 115 tok, p99: 600 tok }
  deadline: 30s
faults:
  down: { at: 30s, for: 1m, target: main, inject: outage }
policies: [../policies/again.yaml]
";
    Project::new()
        .with("policies/again.yaml", policy)
        .with("scenarios/storm.yaml", scenario)
}

const MAP: &str = "map scenarios/storm.yaml --steps 3 --fault-length 1s..100s --load 0.4..2 \
                   --within 30s --pieces 5";

#[test]
fn a_short_fault_is_recovered_from_and_a_long_one_under_load_never() {
    let project = storm();
    let words = format!("{MAP} --policy policies/again.yaml --policy resilient --out maps");
    let told = project.firedrill(&words).code(0).stderr_eq("");
    told.stdout_eq(str![[r#"
storm: how long `down` lasts (up), and the load (across)

again
  100s    .   X   #
   10s    .   X   #
    1s    .   .   #
  load  0.4 1.2   2

resilient
  100s    .   .   #
   10s    .   .   #
    1s    .   .   #
  load  0.4 1.2   2

. recovers   o recovers late   X never   # overloaded

"#]]);
    let names = ["storm.map.csv", "storm.map.html", "storm.map.svg"];
    assert_eq!(project.names("maps"), names);
    let csv = project.text("maps/storm.map.csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 9, "{csv}");
    assert!(
        csv.contains("\nagain,0.4,1s,1,recovers,0,1.0000\n"),
        "{csv}"
    );
    let picture = project.text("maps/storm.map.svg");
    assert_eq!(picture.matches("<title>").count(), 2 * 9);
    assert!(
        picture.contains("load 0.4, fault 1s: recovers"),
        "{picture}"
    );
    let page = project.text("maps/storm.map.html");
    assert!(
        page.contains("<h1>storm: does it recover from down?</h1>"),
        "{page}"
    );
    assert!(
        page.contains("<td>recovers</td>") && !page.contains("<pre"),
        "{page}"
    );
    let alone = stdout(&project.output(&format!("{words} --jobs 1")));
    assert_eq!(alone, stdout(&project.output(&format!("{words} --jobs 2"))));
}

#[test]
fn mistakes_of_a_map_have_a_caret() {
    let project = storm().with("scenarios/calm.yaml", &calm());
    let told = |words: &str| stderr(project.firedrill(words).code(2).get_output());
    let shown = [
        told("map scenarios/calm.yaml"),
        told(&format!("{MAP} --fault dwon")),
        told("map scenarios/storm.yaml --load 2..x"),
        told("map scenarios/storm.yaml --fault-length 10m..1s"),
    ];
    snapbox::assert_data_eq!(
        shown.join("\n"),
        str![[r#"
error: a map is of one fault, and there are 0
 --> scenarios/calm.yaml:1:1
  |
1 | name: calm
  | ^^^^
  |
  = help: write one under `faults`

error: there is no fault `dwon`
  --> scenarios/storm.yaml:16:1
   |
16 | faults:
   | ^^^^^^
   |
   = help: did you mean `down`?

error: `x` is not a number
 --> command line:1:11
  |
1 | --load 2..x
  |           ^
  |
  = help: write as in `1.5`

error: `10m..1s` ends before it begins
 --> command line:1:16
  |
1 | --fault-length 10m..1s
  |                ^^^^^^^
  |
  = help: write `1s..10m`

"#]]
    );
}
