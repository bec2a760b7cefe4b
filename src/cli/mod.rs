//! The command line: one file per verb.
//!
//! - `run`, `trace`, `merge`, `compare`, `report`, `roi`, `check`, `scorecard`, `init`, `serve`,
//!   `live`, `tune`, `evaluate`, `hunt`, `map`, `schema`, `presets`, `measures`, `explain`,
//!   `import`, `export`, `man`, `completions`: the verbs.
//! - `files`: from the paths on the command line to the files that are meant.
//! - `baseline`: a run against an earlier result.
//! - `session`: the output of a run; `run_view`: the view while it runs.
//! - `verify`: whether runs come out the same again.
//! - `watch`: runs again when a file is saved.
//! - `checkpoint`: finished runs of `--resume`; `interrupt`: signals.
//! - `partition`: which seeds of all this machine runs; `results`: reads results back.
//! - `numbers`: what the runs of an interrupted search came to.
//! - `sweep`: several values of one `--set`; `memory`: whether runs fit into it.
//! - `values`: parses `--set`, `--seeds` and `--jobs`.
//! - `rates`: the output of `check --rates`; `lint`: its warnings.
//! - `output`: the terminal, single files, and exit codes; `file_set`: the files of `--out`.
//!
//! `drill` and `report` do the work; these modules parse arguments and print results.

mod baseline;
mod check;
mod checkpoint;
mod compare;
mod completions;
mod evaluate;
mod explain;
mod export;
mod file_set;
mod files;
mod hunt;
mod import;
mod init;
mod interrupt;
mod lint;
mod live;
mod man;
mod map;
mod measures;
mod memory;
mod merge;
mod numbers;
mod output;
mod output_args;
mod partition;
mod presets;
mod rates;
mod recording;
mod report;
mod results;
mod roi;
mod run;
mod run_view;
mod schema;
mod scorecard;
mod serve;
mod session;
mod sweep;
mod trace;
mod tune;
mod values;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::{CliError, Exit};

/// Tests an LLM failover policy before it meets real outages.
#[derive(Debug, Parser)]
#[command(name = "firedrill", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 all expectations hold, 1 one fails, 2 usage or file error,\n\
                  3 inconclusive or not judged, 4 not deterministic, 5 worse than the baseline,\n\
                  130 interrupted."
)]
struct Cli {
    /// When text is in colour: `auto` asks the terminal, NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    color: output::Color,

    #[command(subcommand)]
    verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Merge(merge::Args),
    Compare(compare::Args),
    Trace(trace::Args),
    Report(report::Args),
    Roi(roi::Args),
    Check(check::Args),
    Evaluate(evaluate::Args),
    Explain(explain::Args),
    Export(export::Args),
    Import(import::Args),
    Init(init::Args),
    Live(live::Args),
    Measures(measures::Args),
    Serve(serve::Args),
    Schema(schema::Args),
    Scorecard(scorecard::Args),
    Hunt(hunt::Args),
    Map(map::Args),
    Presets(presets::Args),
    Tune(tune::Args),
    Man(man::Args),
    Completions(completions::Args),
    #[command(hide = true)]
    Repeat(verify::RepeatArgs),
}

/// Runs the command line and returns its exit code.
pub fn main() -> ExitCode {
    memory::share_heap();
    completions::answer();
    let cli = Cli::parse();
    output::set_color(cli.color);
    let done = match cli.verb {
        Verb::Run(args) => run::run(args),
        Verb::Merge(args) => merge::merge(args),
        Verb::Compare(args) => compare::compare(&args),
        Verb::Trace(args) => trace::trace(args),
        Verb::Report(args) => report::report(args),
        Verb::Roi(args) => roi::roi(args),
        Verb::Check(args) => check::check(&args),
        Verb::Evaluate(args) => evaluate::evaluate(&args),
        Verb::Explain(args) => explain::explain(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Import(args) => import::import(&args),
        Verb::Init(args) => init::init(&args),
        Verb::Live(args) => live::live(&args),
        Verb::Measures(args) => measures::measures(&args),
        Verb::Serve(args) => serve::serve(&args),
        Verb::Schema(args) => schema::schema(&args),
        Verb::Scorecard(args) => scorecard::scorecard(args),
        Verb::Hunt(args) => hunt::hunt(&args),
        Verb::Map(args) => map::map(&args),
        Verb::Presets(args) => presets::presets(&args),
        Verb::Tune(args) => tune::tune(args),
        Verb::Man(args) => man::man(&args),
        Verb::Completions(args) => completions::completions(&args),
        Verb::Repeat(args) => verify::repeat(args),
    };
    let exit = done.unwrap_or_else(|troubles| {
        output::print_errors(&troubles);
        Exit::Usage
    });
    ExitCode::from(exit as u8)
}

/// The result of a verb: an exit code, or errors to print.
type Done = Result<Exit, Vec<CliError>>;

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_arguments_are_well_formed() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_example_of_the_help_can_be_parsed() {
        let mut seen = 0;
        for verb in super::Cli::command().get_subcommands() {
            let after = verb.get_after_help().map(ToString::to_string);
            for line in after.unwrap_or_default().lines() {
                let line = line.trim().trim_start_matches("Example: ");
                // Of a line for a shell, one command.
                let [and, pipe, file, next] = [" && ", " | ", " > ", "; "];
                let parts = line.split(and).flat_map(|part| part.split(pipe));
                let parts = parts.flat_map(|part| part.split(file));
                let parts = parts.flat_map(|part| part.split(next)).map(str::trim);
                for part in parts.filter(|part| part.starts_with("firedrill ")) {
                    let words = shlex::split(part).expect("it is quoted well");
                    let parsed = super::Cli::try_parse_from(words);
                    assert!(parsed.is_ok(), "{part}: {}", parsed.unwrap_err());
                    seen += 1;
                }
            }
        }
        assert!(seen >= 20, "{seen}");
    }
}
