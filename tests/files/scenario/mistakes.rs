//! All mistakes of a file are told in one run, and each once.

use firedrill::Diagnostic;

use super::{Project, story};

/// The location and the message of each diagnostic of a wrong file, a line for each.
fn all_told(problems: Diagnostic) -> String {
    let told = |problem: Diagnostic| {
        let (line, column) = (problem.line(), problem.column());
        format!("{line}:{column} {}", problem.message())
    };
    Vec::from_iter(problems.into_iter().map(told)).join("\n")
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_in_its_order() {
    let text = "\
name: other
abot: What does failover save?
run: { duration: 10 min, seeds: 1-2 }
providers:
  openai:
    dialect: openai
    model: gpt-4.1
    ttft: { p50: 600ms, p99: 300 }
    sped: 130 tok/s
  kimi: { profile: moonshot/kimi-k2, quality: 101 }
  other: { profile: openai/gpt-5000 }
load: { rate: 2, prompt: 900 tokens, output: 220 tok }
faults:
  down: { at: 2m, for: 3m, target: opena, inject: outage }
  late: { at: 9h, target: kimi, inject: outrage }
  some: { target: openai, inject: hang, rate: 0.5, when: { model: gpt-4 } }
  more: { target: [ openai, klmi ], inject: slow }
operations:
  out: { isolate: opnai }
policies: [resilient, resilient, 'a b']
expect:
  resilient:
  - success_rate during down >= 99%
  - success_rate during dwn >= 99%
  - latency.p95
uptime: { window: 10 }
";
    insta::assert_snapshot!(all_told(Project::new().load(text, &[]).unwrap_err()), @"
    1:7 `other` is not the file's name
    2:1 unknown key `abot`
    3:18 `min` is no unit of time
    3:33 `1-2` is not a seed
    8:30 a length of time needs a unit
    9:5 unknown key `sped`
    10:47 `101` is too large
    11:21 there is no profile `openai/gpt-5000`
    12:15 a rate says how many in which time
    12:26 tokens need their unit
    14:36 unknown provider `opena`
    15:41 unknown fault `outrage`
    16:47 a share needs a percent sign
    16:67 none of its targets serves `gpt-4`
    17:29 unknown provider `klmi`
    17:45 `slow` needs the key `factor`
    19:19 unknown provider `opnai`
    20:23 the policy `resilient` is named twice
    20:34 `a b` is neither a policy's name nor a file
    24:25 unknown fault `dwn`
    25:5 there is no comparison
    26:19 a length of time needs a unit
    ");
}

#[test]
fn what_cannot_be_read_makes_nothing_else_wrong() {
    let project = Project::new();
    for (old, new, message) in [
        ("providers:", "provider:", "unknown key `provider`"),
        ("faults:", "foults:", "unknown key `foults`"),
        ("name: story", "nmae: story", "unknown key `nmae`"),
        ("run:", "rum:", "unknown key `rum`"),
        ("load:", "loud:", "unknown key `loud`"),
        ("speed: 130 tok/s", "speed: 130", "a speed needs its unit"),
        ("model: gpt-4.1", "model: gpt-4l", "no model `gpt-4l`"),
        ("inject: outage", "inject: otage", "unknown fault `otage`"),
        ("duration: 10m", "duration: 10", "needs a unit"),
        ("rate: 2/s", "trace: none.csv", "cannot be read"),
    ] {
        let told = all_told(project.load(story(old, new), &[]).unwrap_err());
        assert!(
            told.contains(message) && told.lines().count() == 1,
            "{new}:\n{told}"
        );
    }
}

#[test]
fn all_wrong_settings_of_the_command_line_are_told_after_those_of_the_file() {
    let text = story("seeds: 1..2", "seeds: 0");
    let set = [("load.rate", "2"), ("load.nothing", "1"), ("name.x", "1")];
    let problems = Project::new().load(text, &set).unwrap_err();
    let files = problems
        .clone()
        .into_iter()
        .map(|one| one.file() == "command line");
    assert_eq!(Vec::from_iter(files), [false, true, true, true]);
    insta::assert_snapshot!(all_told(problems), @"
    2:30 no seed at all
    1:12 `x` is not a key here: the file has `story`
    1:12 unknown key `nothing`
    1:17 a rate says how many in which time
    ");
}

/// A file, and mistakes to plant in it: a text in it, and what stands there instead.
const WHOLE: &str = "\
name: story
run: { duration: 10m, seeds: 1..2 }
providers:
  openai:
    profile: openai/gpt-4.1
    ttft: { p50: 600ms, p99: 3s }
    capacity: { slots: 64, queue: 200, degrade: { to: 50%, within: 1m, recover: 2m } }
    limits: { rpm: 500, shrinks_to: 60% }
    quality: 90
  kimi: { profile: moonshot/kimi-k2 }
load: { rate: 2/s, prompt: 900 tok, output: 220 tok, clients: 2, deadline: 30s }
faults:
  down: { at: 2m, for: 3m, target: kimi, inject: reset, rate: 50%, when: { client: 1 } }
operations:
  out: { at: 1m, isolate: openai }
alerts:
  slow: { if: fallback_rate > 20%, over: 5m, every: 15s }
policies: [resilient]
expect: { every: [ success_rate >= 99%, uptime during down >= 50% ] }
";
const PLANTS: [(&str, &str); 20] = [
    ("duration: 10m", "duration: 10"),
    ("p99: 3s", "p99: 3ms"),
    ("p50: 600ms", "p50: 600"),
    ("queue: 200", "queue: -1"),
    ("to: 50%", "to: 0.5"),
    ("rpm: 500", "rpm: 0"),
    ("shrinks_to: 60%", "shrinks_too: 60%"),
    ("quality: 90", "quality: 900"),
    ("kimi-k2 }", "kimi-k2, keys: 0 }"),
    ("clients: 2", "clients: 0"),
    ("deadline: 30s", "deadline: [ 30s ]"),
    ("at: 2m", "at: 300d"),
    ("target: kimi", "target: klmi"),
    ("rate: 50%", "rate: 0%"),
    ("client: 1", "cleint: 1"),
    ("isolate: openai", "isolate: opnai"),
    ("at: 1m", "at: -1m"),
    ("over: 5m", "over: 7s"),
    ("fallback_rate", "cost"),
    (">= 99%", "99%"),
];

#[test]
fn of_two_mistakes_both_are_told_and_nothing_else() {
    let project = Project::new();
    let told = |plants: &[(&str, &str)]| {
        let plant = |text: String, (old, new): &(&str, &str)| {
            assert_eq!(text.matches(old).count(), 1, "{old}");
            text.replacen(old, new, 1)
        };
        let text = plants.iter().fold(WHOLE.to_owned(), plant);
        // Of the location only the line: a mistake moves what stands behind it.
        let problems = project.load(text, &[]).unwrap_err().into_iter();
        Vec::from_iter(problems.map(|one| format!("{} {}", one.line(), one.message())))
    };
    let alone = PLANTS.map(|plant| told(&[plant]));
    for (n, first) in PLANTS.iter().enumerate() {
        assert_eq!(alone[n].len(), 1, "{first:?}: {:?}", alone[n]);
        for m in [1, 4, 9].map(|step| (n + step) % PLANTS.len()) {
            let second = &PLANTS[m];
            // The second of these two follows from the first.
            if (first.0, second.0) == ("p99: 3s", "p50: 600ms") {
                continue;
            }
            let mut both = told(&[*first, *second]);
            let mut wanted = [alone[n].as_slice(), &alone[m]].concat();
            both.sort();
            wanted.sort();
            assert_eq!(both, wanted, "{first:?} and {second:?}");
        }
    }
}
