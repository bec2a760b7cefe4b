//! The command that repeats a run, quoted for a shell.

use std::path::Path;

/// `firedrill run` of the scenario at `path`: with these policies (none = the scenario's own),
/// these seeds (`3` or `1..5`), and these `--set` overrides (path, value).
pub(crate) fn run(
    path: &str,
    policies: &[&str],
    seeds: &str,
    overrides: &[(String, String)],
) -> String {
    let mut words = vec!["firedrill run".to_owned(), quoted(path)];
    for policy in policies {
        words.push(format!("--policy {}", quoted(policy)));
    }
    words.push(match single(seeds) {
        Some(seed) => format!("--seed {}", quoted(seed)),
        None => format!("--seeds {}", quoted(seeds)),
    });
    for (path, value) in overrides {
        words.push(format!("--set {}", quoted(&format!("{path}={value}"))));
    }
    words.join(" ")
}

/// The command that reports on these traces of production.
pub(crate) fn report(traces: &[&str]) -> String {
    let traces = traces.iter().map(|path| quoted(path));
    let words = std::iter::once("firedrill report".to_owned());
    words.chain(traces).collect::<Vec<_>>().join(" ")
}

/// The seed, if `seeds` (`3`, `3..3`) is a single one.
pub(super) fn single(seeds: &str) -> Option<&str> {
    match seeds.split_once("..") {
        None => Some(seeds),
        Some((first, last)) => (first == last).then_some(first),
    }
}

/// The number of seeds in `seeds` (`3`, `1..5`); 1 when it cannot be parsed.
pub(super) fn count(seeds: &str) -> u64 {
    let ends = seeds.split_once("..").unwrap_or((seeds, seeds));
    match (ends.0.parse::<u64>(), ends.1.parse::<u64>()) {
        (Ok(first), Ok(last)) => last.saturating_sub(first).saturating_add(1),
        _ => 1,
    }
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
            run("scenarios/a.yaml", &["resilient"], "1..5", &set),
            "firedrill run scenarios/a.yaml --policy resilient --seeds 1..5 --set 'load.rate=8/s'"
        );
        assert_eq!(
            run("a.yaml", &[], "3", &[]),
            "firedrill run a.yaml --seed 3"
        );
        assert_eq!(
            run("a.yaml", &[], "3..3", &[]),
            "firedrill run a.yaml --seed 3"
        );
    }

    #[test]
    fn a_shell_reads_each_word_as_one() {
        let set = [("about".to_owned(), "$HOME; rm `x` \"y\"\n".to_owned())];
        let line = run("my drill's.yaml", &[], "1", &set);
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

    #[test]
    fn seeds_are_counted_with_both_ends() {
        assert_eq!((count("1..5"), count("7"), count("x")), (5, 1, 1));
    }
}
