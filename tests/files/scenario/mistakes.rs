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
    17:29 unknown provider `klmi`
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
