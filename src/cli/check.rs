//! `firedrill check`: reads and checks files, without running them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Done, files, lint, memory, output, rates};
use crate::client::FleetFile;
use crate::drill::{Changes, Drill};
use crate::policy::config::Policy;
use crate::text::{Diagnostic, Document};
use files::{Kind, Kinds};
use output::{CliError, Exit};

/// Checks scenarios, policies and fleets, told apart by their keys, and runs nothing.
///
/// What is allowed but will not do what it seems to mean is a warning, which says why, and what to
/// write instead.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill check scenarios policies\n\
                  Example: firedrill check --rates scenarios/brownout.yaml")]
pub(super) struct Args {
    /// Files, or folders to read at any depth [default: scenarios/*.yaml].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print how often each fault is expected to strike over time, and what a stack of them comes
    /// to.
    #[arg(long)]
    rates: bool,
    /// Exit with 1 when there is a warning.
    #[arg(long)]
    strict: bool,
}

/// Checks every file, prints the result of each, and every diagnostic.
pub(super) fn check(args: &Args) -> Done {
    let mut troubles = Vec::new();
    let mut warnings = Warnings::default();
    let kinds = Kinds::new();
    for file in files::find(&args.paths)? {
        let shown = file.path.display();
        let line = match check_file(&file.path, kinds.of(&file.path)) {
            Ok(checked) => {
                warnings.tell(checked.warnings(&file.path));
                let rates = args.rates.then(|| checked.rates()).flatten();
                let rates = rates.map(|text| format!("\n\n{text}"));
                let (summary, rates) = (checked.summary(), rates.unwrap_or_default());
                format!("ok     {shown}  ({summary}){rates}")
            }
            Err(more) => {
                let line = format!(
                    "wrong  {shown}  ({})",
                    counted(more.len() as u64, "problem")
                );
                troubles.extend(CliError::all(more));
                line
            }
        };
        output::print(&line).map_err(|trouble| vec![trouble])?;
    }
    if !troubles.is_empty() {
        Err(troubles)
    } else if args.strict && !warnings.told.is_empty() {
        Ok(Exit::Fails)
    } else {
        Ok(Exit::Holds)
    }
}

/// Warnings, each printed once, by message and location: several scenarios can share a policy.
#[derive(Default)]
struct Warnings {
    told: BTreeSet<String>,
}

impl Warnings {
    fn tell(&mut self, warnings: Vec<String>) {
        for warning in warnings {
            let what = Vec::from_iter(warning.lines().take(2)).join("\n");
            if self.told.insert(what) {
                output::print_error(&warning);
            }
        }
    }
}

/// A valid file.
enum Checked {
    Policy(Box<Policy>, Document),
    Fleet(Box<FleetFile>),
    Scenario(Box<Drill>),
}

/// The contents of the file at `path`, or its diagnostics.
fn check_file(path: &Path, kind: Kind) -> Result<Checked, Vec<Diagnostic>> {
    match kind {
        Kind::Fleet => {
            let fleet = FleetFile::read(path).map_err(Vec::from_iter)?;
            Ok(Checked::Fleet(Box::new(fleet)))
        }
        Kind::Policy => {
            let (policy, document) = read_policy(path).map_err(Vec::from_iter)?;
            Ok(Checked::Policy(Box::new(policy), document))
        }
        Kind::Scenario => {
            let drill = Drill::load_with(path, Changes::default())?;
            Ok(Checked::Scenario(Box::new(drill)))
        }
    }
}

fn read_policy(path: &Path) -> Result<(Policy, Document), Diagnostic> {
    let document = Document::read(path)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let policy = Policy::from_document(&document, stem.as_deref())?;
    Ok((policy, document))
}

impl Checked {
    /// The warnings, as printed.
    fn warnings(&self, path: &Path) -> Vec<String> {
        let shown = |problem: Diagnostic| format!("{problem}\n");
        match self {
            Self::Policy(policy, document) => {
                let warnings = lint::policy(policy, document).into_iter();
                warnings.map(shown).collect()
            }
            Self::Fleet(fleet) => lint::fleet(fleet).into_iter().map(shown).collect(),
            Self::Scenario(drill) => {
                let own = drill.warnings().into_iter();
                let own = own.map(|warning| format!("warning: {}: {warning}", path.display()));
                own.chain(lint::drill(drill).into_iter().map(shown))
                    .collect()
            }
        }
    }

    /// A short summary.
    fn summary(&self) -> String {
        let drill = match self {
            Self::Policy(..) => return "policy".to_owned(),
            Self::Fleet(fleet) => {
                return format!("fleet, {}", counted(fleet.count() as u64, "provider"));
            }
            Self::Scenario(drill) => drill,
        };
        let policies = drill.policies().len();
        let plural = if policies == 1 { "policy" } else { "policies" };
        let seeds = counted(drill.seed_count(), "seed");
        let size = memory::size(drill);
        format!("{seeds}, {policies} {plural}; {size}")
    }

    /// The rates of its faults.
    fn rates(&self) -> Option<String> {
        match self {
            Self::Policy(..) | Self::Fleet(_) => None,
            Self::Scenario(drill) => Some(rates::shown(&drill.scenario().rates())),
        }
    }
}

/// `1 seed`, `5 seeds`.
fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
