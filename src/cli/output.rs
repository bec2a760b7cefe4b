//! The terminal, single files, and exit codes.
//!
//! Results go to stdout, all else to stderr. A reader that closes stdout early (`| head`) is not an
//! error: the rest is not printed, and the verdict is the same.

use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::drill::{NoThread, Threads};
use crate::report::{Report, Screen, Verdict};
use crate::text::Diagnostic;
use crate::text::visible::visible;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// All expectations hold.
    Holds = 0,
    /// One fails; this outranks inconclusive ones.
    Fails = 1,
    /// Wrong usage, or a wrong file.
    Usage = 2,
    /// One is inconclusive, or a policy was not judged.
    Inconclusive = 3,
    /// A run that was repeated had other events.
    NotDeterministic = 4,
    /// A measure is worse than in the baseline.
    Regressed = 5,
    /// Ended by SIGINT or SIGTERM.
    Interrupted = 130,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Self::Holds,
            Verdict::Inconclusive | Verdict::NotJudged => Self::Inconclusive,
            Verdict::Fails => Self::Fails,
        }
    }
}

/// The verdict that the exit code tells: a scenario without expectations is only measured.
pub(super) fn told(report: &Report) -> Verdict {
    match report.verdict() {
        Verdict::NotJudged if report.expects_nothing() => Verdict::Holds,
        verdict => verdict,
    }
}

/// An error outside of files: on the command line, or in the environment. It can also hold the
/// [`Diagnostic`] of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CliError(String);

impl CliError {
    /// An error with its message and its hint (which may be empty).
    pub(super) fn new(message: String, hint: &str) -> Self {
        let hint = if hint.is_empty() {
            String::new()
        } else {
            format!("\n  = help: {hint}")
        };
        Self(format!("error: {message}{hint}"))
    }

    /// An error for each problem.
    pub(super) fn all(problems: Vec<Diagnostic>) -> Vec<Self> {
        problems.into_iter().map(Self::from).collect()
    }
}

impl From<Diagnostic> for CliError {
    fn from(problem: Diagnostic) -> Self {
        Self(problem.to_string().trim_end_matches('\n').to_owned())
    }
}

/// Prints `text` to stdout, ending in one newline.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    let text = text.trim_end_matches('\n');
    printed(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// What came of printing to stdout. A reader that closed it early is no error.
pub(super) fn printed(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("cannot write to stdout: {error}");
            Err(CliError::new(message, ""))
        }
        _ => Ok(()),
    }
}

/// Appends `text` to the summary of the step, where GitHub Actions has a file for it.
pub(super) fn add_step_summary(text: &str) -> Result<(), CliError> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let file = fs::File::options().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let path = Path::new(&path).display();
        CliError::new(
            format!("cannot write the summary `{path}`: {error}"),
            "GITHUB_STEP_SUMMARY names it; unset it to do without",
        )
    })
}

/// Prints `text` to stderr; errors are ignored, because there is no other place to print to.
pub(super) fn print_error(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(text));
}

/// Prints all `troubles` to stderr, each once: several files can share one error on the command
/// line.
pub(super) fn print_errors(troubles: &[CliError]) {
    for (place, trouble) in troubles.iter().enumerate() {
        if !troubles[..place].contains(trouble) {
            let gap = if place == 0 { "" } else { "\n" };
            print_error(&format!("{gap}{}", trouble.0));
        }
    }
}

/// Prints a warning when the machine refused threads; an error when it refused all.
pub(super) fn print_threads(threads: Result<Threads, NoThread>) -> Result<(), CliError> {
    match threads.as_ref().map(Threads::warning) {
        Ok(None) => Ok(()),
        Ok(Some(warning)) => {
            print_error(&format!("warning: {warning}"));
            Ok(())
        }
        Err(error) => Err(no_thread(error)),
    }
}

/// The error of a machine that refuses threads.
pub(super) fn no_thread(error: &NoThread) -> CliError {
    CliError::new(
        error.to_string(),
        "allow more processes (`ulimit -u`) or more memory (`ulimit -v`), or run fewer programs",
    )
}

/// When text is in colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set; anywhere if FORCE_COLOR or CLICOLOR_FORCE is.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `--color` says, for the whole process.
static COLOR: OnceLock<Color> = OnceLock::new();

/// Takes `--color`, before anything is printed.
pub(super) fn set_color(color: Color) {
    let _ = COLOR.set(color);
}

/// What stdout shows: colour as `--color` and the environment say, and the columns of the
/// environment or the terminal; no colour and 80 columns where it is neither.
pub(super) fn screen() -> Screen {
    let is_set = |name: &str| {
        let value = std::env::var_os(name);
        value.is_some_and(|value| !value.is_empty() && value != "0")
    };
    let has_color = match COLOR.get().copied().unwrap_or_default() {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto if is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE") => true,
        Color::Auto => io::stdout().is_terminal(),
    };
    let usual = Screen::default().width;
    let columns = std::env::var("COLUMNS").ok();
    let columns = columns.and_then(|text| text.parse().ok());
    let of_terminal = || {
        let size = terminal_size::terminal_size_of(io::stdout());
        size.map(|(width, _)| usize::from(width.0))
    };
    let width = columns.or_else(of_terminal).unwrap_or(usual);
    Screen {
        color: has_color,
        width: width.clamp(NARROWEST, WIDEST),
    }
}

/// A bar on stderr that counts `runs`; hidden when stderr is no terminal, or when `quiet`.
pub(super) fn progress(runs: u64, quiet: bool) -> ProgressBar {
    progress_of(runs, "runs", quiet)
}

/// As [`progress`], of `total` things, with its message behind.
pub(super) fn progress_of(total: u64, things: &str, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let target = ProgressDrawTarget::stderr_with_hz(BAR_HZ);
    let bar = ProgressBar::with_draw_target(Some(total), target);
    styled(bar, things)
}

/// As [`progress`], with room for lines below it; none where it is hidden.
pub(super) fn progress_with_lines(runs: u64, quiet: bool) -> (Option<MultiProgress>, ProgressBar) {
    if quiet || !io::stderr().is_terminal() {
        return (None, ProgressBar::hidden());
    }
    let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(BAR_HZ));
    let bar = styled(lines.add(ProgressBar::new(runs)), "runs");
    (Some(lines), bar)
}

fn styled(bar: ProgressBar, things: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(&BAR.replace("THINGS", things)) {
        bar.set_style(style.progress_chars("##."));
    }
    // The bar's own thread tells the time left between runs. It panics where none can be started.
    if std::thread::Builder::new().spawn(|| ()).is_ok() {
        bar.enable_steady_tick(Duration::from_secs(1));
    }
    bar
}

/// Writes `text` beside `path` and renames it, so that readers never see half a file.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// The template of the progress bar.
const BAR: &str = "{bar:40} {pos}/{len} THINGS, {eta} left {msg}";

/// A table needs as much, and no line is read that is longer.
const NARROWEST: usize = 60;
const WIDEST: usize = 240;

/// The maximum redraws per second.
const BAR_HZ: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.md");
        write_whole(&path, "one\n").expect("written");
        write_whole(&path, "two\n").expect("written over");
        assert_eq!(fs::read_to_string(&path).expect("text"), "two\n");
        assert_eq!(fs::read_dir(folder.path()).expect("entries").count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_either() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.md");
        fs::create_dir(&path).expect("a folder in the way");
        assert!(write_whole(&path, "one\n").is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("entries").count(), 1);
    }
}
