//! Usage errors: exit code 2, and a message with a hint.

use snapbox::str;

use crate::manual::verbs;
use crate::{Project, calm, stderr, stdout};

const VERBS: [&str; 10] = [
    "run",
    "report",
    "roi",
    "check",
    "init",
    "live",
    "serve",
    "schema",
    "presets",
    "completions",
];

#[test]
fn no_verb_shows_what_there_is() {
    let output = Project::new().output("");
    assert_eq!(output.status.code(), Some(2));
    for verb in VERBS {
        assert!(stderr(&output).contains(&format!("\n  {verb} ")), "{verb}");
    }
}

#[test]
fn no_scenarios_here() {
    Project::new()
        .firedrill("run")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: there is no scenario in `scenarios/*.yaml`
  = help: name a YAML file that has `providers`, or a folder of them

"#]]);
}

#[test]
fn nothing_to_check_here() {
    Project::new()
        .firedrill("check")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: there is no scenario in `scenarios/*.yaml`
  = help: name a YAML file that has `providers`, or a folder of them

"#]]);
}

#[test]
fn a_folder_without_scenarios() {
    let project = Project::new().with("notes/read.me", "hello");
    project
        .firedrill("run notes")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: there is no scenario in `notes`
  = help: name a YAML file that has `providers`, or a folder of them

"#]]);
}

#[test]
fn a_folder_with_policies_only() {
    let project = Project::new().with("policies/mine.yaml", "name: mine\n");
    project
        .firedrill("run policies")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
note: not run: policies/mine.yaml (policy)
error: there is no scenario in `policies`
  = help: name a YAML file that has `providers`, or a folder of them

"#]]);
}

#[test]
fn an_unknown_flag() {
    Project::new()
        .firedrill("run --sed 3")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: unexpected argument '--sed' found

  tip: a similar argument exists: '--seed'

Usage: firedrill run --seed <N> [PATH]...

For more information, try '--help'.

"#]]);
}

#[test]
fn an_unknown_verb() {
    Project::new()
        .firedrill("chek")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: unrecognized subcommand 'chek'

  tip: some similar subcommands exist: 'schema', 'check'

Usage: firedrill [OPTIONS] <COMMAND>

For more information, try '--help'.

"#]]);
}

#[test]
fn an_unknown_format() {
    Project::new()
        .firedrill("run --format jsn")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: invalid value 'jsn' for '--format <FORMAT>'
  [possible values: table, json, csv, [..]]

  tip: a similar value exists: 'json'

For more information, try '--help'.

"#]]);
}

#[test]
fn seeds_that_are_no_numbers() {
    Project::new()
        .firedrill("run --seeds many")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: invalid value 'many' for '--seeds <N|A..B>': `many` is not a seed: write as in `1..5` or `5`

For more information, try '--help'.

"#]]);
}

#[test]
fn seeds_the_wrong_way_round() {
    Project::new()
        .firedrill("run --seeds 7..3")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: invalid value '7..3' for '--seeds <N|A..B>': no seed lies in `7..3`: write `3..7`

For more information, try '--help'.

"#]]);
}

#[test]
fn a_seed_and_seeds() {
    let asked = Project::new().firedrill("run --seed 1 --seeds 3");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: the argument '--seed <N>' cannot be used with '--seeds <N|A..B>'

Usage: firedrill run --seed <N> [PATH]...

For more information, try '--help'.

"#]]);
}

#[test]
fn a_set_without_a_value() {
    Project::new()
        .firedrill("run --set load.rate")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: invalid value 'load.rate' for '--set <PATH=VALUE>': write `path=value`, as in `load.rate=4/s`

For more information, try '--help'.

"#]]);
}

#[test]
fn a_set_path_that_does_not_exist() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let asked = project.firedrill("run --set load.rat=4/s");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: unknown key `rat`
 --> command line:1:12
  |
1 | --set load.rat=4/s
  |            ^^^
  |
  = help: did you mean `rate`?

"#]]);
}

#[test]
fn a_set_value_without_its_unit() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let asked = project.firedrill("run --set load.rate=4");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: a rate says how many in which time
 --> command line:1:17
  |
1 | --set load.rate=4
  |                 ^
  |
  = help: write `4/s` or `4/min`

"#]]);
}

#[test]
fn a_set_policy_path_that_does_not_exist() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let asked = project.firedrill("run --set policy.retry.attemps=4");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: unknown key `attemps`
 --> command line:1:20
  |
1 | --set policy.retry.attemps=4
  |                    ^^^^^^^
  |
  = help: known keys: `max_attempts`, `max_attempts_per_provider`, `max_retries_by_class`, `backoff`, `budget`

"#]]);
}

#[test]
fn one_mistake_on_the_command_line_is_told_once_for_many_files() {
    let project = Project::new().with("scenarios/calm.yaml", &calm()).with(
        "scenarios/still.yaml",
        &calm().replace("name: calm", "name: still"),
    );
    let output = project.output("run --set load.rat=4/s");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output).matches("error:").count(),
        1,
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_file_that_is_not_there() {
    Project::new()
        .firedrill("run no-such.yaml")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: the file cannot be read: there is no such file
 --> no-such.yaml:1:1
  |
1 |
  | ^
  |
  = help: a path on the command line is relative to the current directory

"#]]);
}

#[test]
fn no_jobs_at_all() {
    Project::new()
        .firedrill("run --jobs 0")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: invalid value '0' for '--jobs <N>': write a number from 1 to 1024, as in `4`

For more information, try '--help'.

"#]]);
}

#[test]
fn an_unknown_kind_of_files() {
    let asked = Project::new().firedrill("schema scenarios");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: invalid value 'scenarios' for '[OF]'
  [possible values: scenario, policy, fleet[..]]

  tip: a similar value exists: 'scenario'

For more information, try '--help'.

"#]]);
}

#[test]
fn rates_are_a_matter_of_check() {
    let output = Project::new().output("check --help");
    assert!(stdout(&output).contains("--rates"));
}

#[test]
fn an_unknown_shell() {
    Project::new()
        .firedrill("completions bsh")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: invalid value 'bsh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'bash'

For more information, try '--help'.

"#]]);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = Project::new().output(&format!("completions {shell}"));
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("FIREDRILL_COMPLETE"), "{shell}");
    }
}

#[test]
fn every_help_has_an_example_and_fits_a_terminal() {
    let verbs = verbs();
    assert!(
        VERBS.iter().all(|verb| verbs.iter().any(|one| one == verb)),
        "{verbs:?}"
    );
    for verb in verbs {
        let output = Project::new().output(&format!("{verb} --help"));
        let help = stdout(&output);
        let example = help.split("Example: ").nth(1).unwrap_or_default();
        assert!(example.contains(&format!("firedrill {verb}")), "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }
}

#[test]
fn a_mistyped_file_is_told_with_the_one_beside_it() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    for (typed, meant) in [
        ("scenarios/clam.yaml", "scenarios/calm.yaml"),
        ("scenaros", "scenarios"),
    ] {
        let told = stderr(&project.output(&format!("run {typed}")));
        let hint = format!("did you mean `{meant}`?");
        assert!(told.contains(&hint), "{told}");
    }
}

#[test]
fn no_search_spends_no_calls() {
    for command in ["tune x.yaml --policy y", "hunt x.yaml --policy y"] {
        let output = Project::new().output(&format!("{command} --budget 0"));
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(stderr(&output).contains("write at least one"), "{command}");
    }
}
