//! The command that repeats a run, quoted for a shell.

use std::path::Path;

use super::seeds;
use super::story::Pick;

/// What the command line changed, beside the policies and the seeds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    /// The policy of `--judge-as`.
    pub judge: Option<&'a str>,
    /// The word of `--engine`, if it is not the usual one.
    pub engine: Option<&'a str>,
    /// The file of `--prices`.
    pub prices: Option<&'a str>,
    /// Each `--set`: path and value.
    pub set: &'a [(String, String)],
}

/// `firedrill run` of the scenario at `path`: with these policies (none = the scenario's own),
/// these seeds (`3` or `1..5`) and these options. Seeds with a gap take one command for each range.
pub(crate) fn run(path: &str, policies: &[&str], seeds: &str, options: Options<'_>) -> String {
    let mut words = vec!["firedrill run".to_owned(), quoted(path)];
    let policies = policies.iter();
    words.extend(policies.map(|policy| format!("--policy {}", quoted(policy))));
    let judge = options.judge;
    words.extend(judge.map(|judge| format!("--judge-as {}", quoted(judge))));
    let engine = options.engine;
    words.extend(engine.map(|engine| format!("--engine {}", quoted(engine))));
    let (words, set) = (words.join(" "), prices_and_set(options));
    let commands = seeds::ranges(seeds).map(|range| match seeds::single(range) {
        Some(seed) => format!("{words} --seed {}{set}", quoted(seed)),
        None => format!("{words} --seeds {}{set}", quoted(range)),
    });
    commands.collect::<Vec<_>>().join(" && ")
}

/// `firedrill trace` of one run: these calls of it. A trace judges nothing, and shows the bytes of
/// the simulated network.
pub(super) fn trace(
    path: &str,
    policy: &str,
    (seed, pick): (u64, Pick),
    options: Options<'_>,
) -> String {
    let (path, policy) = (quoted(path), quoted(policy));
    let calls = match pick {
        Pick::All => String::new(),
        Pick::Call(call) => format!(" --call {}", call.0),
        Pick::Failed => " --failed".to_owned(),
        Pick::Slowest(most) => format!(" --slowest {most}"),
    };
    let set = prices_and_set(options);
    format!("firedrill trace {path} --policy {policy} --seed {seed}{calls}{set}")
}

/// ` --prices file`, and ` --set path=value` for each.
fn prices_and_set(options: Options<'_>) -> String {
    let prices = options.prices.iter();
    let prices = prices.map(|file| format!(" --prices {}", quoted(file)));
    let set = options.set.iter();
    let set = set.map(|(path, value)| format!(" --set {}", quoted(&format!("{path}={value}"))));
    prices.chain(set).collect()
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
pub(crate) fn quoted(word: &str) -> String {
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
        let options = Options {
            judge: Some("resilient"),
            engine: Some("model"),
            prices: Some("our prices.yaml"),
            set: &set,
        };
        assert_eq!(
            run("a.yaml", &["mine"], "1..5", options),
            "firedrill run a.yaml --policy mine --judge-as resilient --engine model \
             --seeds 1..5 --prices 'our prices.yaml' --set 'load.rate=8/s'"
        );
        assert_eq!(
            trace("a.yaml", "mine", (7, Pick::Failed), options),
            "firedrill trace a.yaml --policy mine --seed 7 --failed \
             --prices 'our prices.yaml' --set 'load.rate=8/s'"
        );
        let plain = |seeds| run("a.yaml", &[], seeds, Options::default());
        assert_eq!(plain("3"), "firedrill run a.yaml --seed 3");
        assert_eq!(plain("3..3"), "firedrill run a.yaml --seed 3");
        assert_eq!(
            plain("1..2,5..5"),
            "firedrill run a.yaml --seeds 1..2 && firedrill run a.yaml --seed 5"
        );
    }

    #[test]
    fn a_shell_reads_each_word_as_one() {
        let set = [("about".to_owned(), "$HOME; rm `x` \"y\"\n".to_owned())];
        let set = &set;
        let options = Options {
            set,
            ..Options::default()
        };
        let line = run("my drill's.yaml", &[], "1", options);
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
