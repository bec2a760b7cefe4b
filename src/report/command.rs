//! The command that repeats a run, quoted for a shell.

use std::path::Path;

use super::seeds;
use crate::policy::CallId;

/// `firedrill run` of the scenario at `path`: with these policies (none = the scenario's own),
/// judged as this policy, with these seeds (`3` or `1..5`), and these `--set` overrides (path,
/// value). Seeds with a gap take one command for each range.
pub(crate) fn run(
    path: &str,
    policies: &[&str],
    judge: Option<&str>,
    seeds: &str,
    overrides: &[(String, String)],
) -> String {
    let mut words = vec!["firedrill run".to_owned(), quoted(path)];
    let policies = policies.iter();
    words.extend(policies.map(|policy| format!("--policy {}", quoted(policy))));
    words.extend(judge.map(|judge| format!("--judge-as {}", quoted(judge))));
    let (words, set) = (words.join(" "), set(overrides));
    let commands = seeds::ranges(seeds).map(|range| match seeds::single(range) {
        Some(seed) => format!("{words} --seed {}{set}", quoted(seed)),
        None => format!("{words} --seeds {}{set}", quoted(range)),
    });
    commands.collect::<Vec<_>>().join(" && ")
}

/// `firedrill trace` of one run: this call of it, or the failed ones.
pub(super) fn trace(
    path: &str,
    policy: &str,
    (seed, call): (u64, Option<CallId>),
    overrides: &[(String, String)],
) -> String {
    let (path, policy) = (quoted(path), quoted(policy));
    let call = call.map_or("--failed".to_owned(), |call| format!("--call {}", call.0));
    let set = set(overrides);
    format!("firedrill trace {path} --policy {policy} --seed {seed} {call}{set}")
}

/// ` --set path=value` for each.
fn set(overrides: &[(String, String)]) -> String {
    let set = overrides.iter();
    set.map(|(path, value)| format!(" --set {}", quoted(&format!("{path}={value}"))))
        .collect()
}

/// The command that reports on these traces of production.
pub(crate) fn report(traces: &[&str]) -> String {
    let traces = traces.iter().map(|path| quoted(path));
    let words = std::iter::once("firedrill report".to_owned());
    words.chain(traces).collect::<Vec<_>>().join(" ")
}

/// `path` as a repository can hold it: relative, without the folders of one machine.
pub(super) fn portable(path: &str) -> &str {
    let found = Path::new(path);
    if found.is_relative() {
        return path;
    }
    found
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("SCENARIO")
}

/// Quotes one word for a POSIX shell. NUL characters are left out, because no shell can take them.
fn quoted(word: &str) -> String {
    let quoter = shlex::Quoter::new().allow_nul(true);
    let quoted = quoter.quote(word);
    quoted.map_or_else(|_| word.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_all_that_matters() {
        let set = [("load.rate".to_owned(), "8/s".to_owned())];
        assert_eq!(
            run("a.yaml", &["mine"], Some("resilient"), "1..5", &set),
            "firedrill run a.yaml --policy mine --judge-as resilient --seeds 1..5 \
             --set 'load.rate=8/s'"
        );
        assert_eq!(
            run("a.yaml", &[], None, "3", &[]),
            "firedrill run a.yaml --seed 3"
        );
        assert_eq!(
            run("a.yaml", &[], None, "3..3", &[]),
            "firedrill run a.yaml --seed 3"
        );
        assert_eq!(
            run("a.yaml", &[], None, "1..2,5..5", &[]),
            "firedrill run a.yaml --seeds 1..2 && firedrill run a.yaml --seed 5"
        );
    }

    #[test]
    fn a_shell_reads_each_word_as_one() {
        let set = [("about".to_owned(), "$HOME; rm `x` \"y\"\n".to_owned())];
        let line = run("my drill's.yaml", &[], None, "1", &set);
        let words = [
            "firedrill",
            "run",
            "my drill's.yaml",
            "--seed",
            "1",
            "--set",
            "about=$HOME; rm `x` \"y\"\n",
        ];
        assert_eq!(shlex::split(&line).unwrap(), words);
    }

    #[test]
    fn only_relative_paths_leave_the_machine() {
        assert_eq!(portable("scenarios/a.yaml"), "scenarios/a.yaml");
        assert_eq!(portable("/somewhere/a.yaml"), "a.yaml");
    }
}
