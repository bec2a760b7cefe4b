//! How large a run is: `check` says it, and `run` refuses what does not fit into `--memory`.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

use crate::{Project, calm, stderr};

#[test]
fn check_says_how_large_a_run_is() {
    project()
        .firedrill("check calm.yaml")
        .success()
        .stdout_eq(str![[r#"
ok     calm.yaml  (2 seeds, 1 policy; 120 calls in 1m, at most 120 in flight: 4.6 MB)

"#]]);
}

#[test]
fn calls_that_do_not_fit_are_refused_before_anything_runs() {
    // A call takes half a second: 5,000 a second.
    let words = "run calm.yaml --memory 20MB --set load.rate=5_000/s --set run.duration=2s";
    project()
        .firedrill(words)
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `calm` has 4,000 calls in flight, which take 156.0 MB; 20.0 MB may be used
  = help: lower the load, or allow more with `--memory`, or `--engine model`, which needs a seventh

"#]]);
}

#[test]
fn calls_that_may_not_fit_are_a_warning_and_fewer_runs_at_a_time() {
    let words = "run calm.yaml --memory 1MB --set load.rate=20/s --jobs 4 --quiet";
    let output = project().output(words);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    snapbox::assert_data_eq!(
        stderr(&output),
        str![[r#"
warning: calm: up to 1,200 calls can be in flight, which take 46.8 MB; 1.0 MB may be used
warning: 1 of 4 runs at a time: each takes 624.0 kB of 1.0 MB that may be used

"#]]
    );
}

#[test]
fn a_size_has_a_unit() {
    project()
        .firedrill("run calm.yaml --memory 4")
        .code(2)
        .stderr_eq(str![[r#"
error: invalid value '4' for '--memory <SIZE>': write a size as in `4GB` or `512MB`

For more information, try '--help'.

"#]]);
}

#[cfg(target_os = "linux")]
#[test]
fn runs_go_on_in_a_limited_address_space() {
    // Room for the program and its calls, but not for a heap of 64 MB in each thread.
    let limited = r#"ulimit -v 170000 && exec "$0" "$@""#;
    let project = project();
    Command::new("sh")
        .args(["-c", limited])
        .arg(cargo_bin!("firedrill"))
        .args("run calm.yaml --seeds 1..32 --jobs 4 --quiet".split(' '))
        .current_dir(project.path(""))
        .env_remove("CI")
        .env_remove("MALLOC_ARENA_MAX")
        .assert()
        .code(0);
}

fn project() -> Project {
    Project::new().with("calm.yaml", &calm())
}
