//! From the file as written to the scenario as meant: defaults filled in, every value checked.
//!
//! All values are bounded, so that nothing later overflows or runs for ever. Providers are read by
//! `profile`, the load by `demand`, faults by `fault::parse`, operations by `operations`, and
//! expectations by `expect`; files are opened by `load`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::check::{bounded, check_name};
use super::fault::Fault;
use super::fault::keys::Written;
use super::fault::parse::{self, Setting};
use super::{
    Calls, LONGEST_RUN, Load, Run, Scenario, Uptime, demand, file, operations, profile, seeds,
};
use crate::expect::{self, Expectation};
use crate::text::units::{duration, share};
use crate::text::{Diagnostic, Document};

/// The scenario that `file` means; `stem` is its file's, and `trace` the calls to replay, if any.
pub(super) fn resolve(
    document: &Document,
    stem: &str,
    file: file::File,
    trace: Option<Calls>,
) -> Result<Scenario, Diagnostic> {
    check_stem(document, stem, file.name.as_deref())?;
    let network = profile::network(document, &file.network)?;
    let providers = profile::providers(document, file.providers, &network)?;
    let is_replay = trace.is_some();
    let load = demand::load(document, file.load, trace)?;
    let run = run(document, &file.run, &load)?;
    demand::check_calls(document, &load, run.duration)?;
    let groups = parse::groups(document, &file.groups, &providers)?;
    let setting = Setting {
        providers: &providers,
        groups: &groups,
        run: run.duration,
        is_replay,
        clients: load.clients,
    };
    let faults = faults(document, &file.faults, &setting)?;
    let run_length = (!is_replay).then_some(run.duration);
    let operations = operations::operations(document, &file.operations, &providers, run_length)?;
    let expect = expectations(document, &file.expect, &faults)?;
    let uptime = uptime(document, &file.uptime, run.duration)?;
    Ok(Scenario {
        name: stem.to_owned(),
        about: file.about,
        run,
        network,
        providers,
        load,
        faults,
        operations,
        policies: file.policies,
        expect,
        uptime,
    })
}

fn check_stem(document: &Document, stem: &str, name: Option<&str>) -> Result<(), Diagnostic> {
    let hint = format!("write `name: {stem}`, like the file");
    match name {
        Some(name) if name == stem => Ok(()),
        Some(name) => Err(document
            .problem(&["name"], format!("`{name}` is not the file's name"))
            .hint(hint)),
        None => Err(document
            .problem(&["name"], "the key `name` is missing")
            .hint(hint)),
    }
}

fn run(document: &Document, file: &file::Run, load: &Load) -> Result<Run, Diagnostic> {
    let duration = match (&load.calls, file.duration) {
        (Calls::Trace { rows, .. }, _) => rows
            .last()
            .map_or(Duration::ZERO, |row| row.arrival.since_start()),
        (_, Some(duration)) => {
            let range = Duration::from_millis(1)..=LONGEST_RUN;
            bounded(
                document,
                &["run", "duration"],
                duration,
                range,
                duration::write,
            )?
        }
        (_, None) => {
            let message = "the key `duration` is missing in `run`";
            let problem = document.problem_at_key(&["run"], message);
            return Err(problem.hint("write as in `run: { duration: 30m }`"));
        }
    };
    let seeds = match &file.seeds {
        Some(written) => seeds(written).map_err(|m| document.problem(&["run", "seeds"], m))?,
        None => 1..=1,
    };
    let drain = file.drain.unwrap_or(Duration::from_secs(3_600));
    let range = Duration::ZERO..=LONGEST_RUN;
    bounded(document, &["run", "drain"], drain, range, duration::write)?;
    Ok(Run {
        duration,
        seeds,
        drain,
    })
}

fn faults(
    document: &Document,
    files: &BTreeMap<String, Written>,
    setting: &Setting<'_>,
) -> Result<Vec<Fault>, Diagnostic> {
    let names = document.keys(&["faults"]);
    if names.len() > MOST_FAULTS {
        let message = format!("more than {MOST_FAULTS} faults");
        return Err(document.problem_at_key(&["faults"], message));
    }
    let mut faults = Vec::new();
    for name in &names {
        check_name(document, &["faults", name], "a fault")?;
        if let Some(file) = files.get(name) {
            faults.push(parse::fault(document, name, file, setting)?);
        }
    }
    Ok(faults)
}

fn expectations(
    document: &Document,
    files: &BTreeMap<String, Vec<String>>,
    faults: &[Fault],
) -> Result<Vec<(String, Vec<Expectation>)>, Diagnostic> {
    let faults: Vec<String> = faults.iter().map(|fault| fault.name.clone()).collect();
    let mut expect = Vec::new();
    for policy in document.keys(&["expect"]) {
        let texts = files.get(&policy).map(Vec::as_slice).unwrap_or_default();
        let mut expected = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            let place = n.to_string();
            let path = ["expect", &policy, &place];
            let point =
                |range, message: String| document.problem(&path, message).within(text, range);
            expected.push(expect::parse(text, &faults, &point)?);
        }
        expect.push((policy, expected));
    }
    Ok(expect)
}

fn uptime(document: &Document, file: &file::Uptime, run: Duration) -> Result<Uptime, Diagnostic> {
    let window = file.window.unwrap_or(Duration::from_secs(10));
    let path = ["uptime", "window"];
    let least = Duration::from_millis(1);
    bounded(
        document,
        &path,
        window,
        least..=LONGEST_RUN,
        duration::write,
    )?;
    if run.as_nanos() / window.as_nanos() > MOST_WINDOWS {
        let message = format!("this makes more than {MOST_WINDOWS} windows in the run");
        return Err(document.problem(&path, message).hint("make them longer"));
    }
    let down_above = file.down_above.unwrap_or(50_000_000);
    let path = ["uptime", "down_above"];
    bounded(document, &path, down_above, 0..=999_999_999, share::write)?;
    Ok(Uptime { window, down_above })
}

const MOST_FAULTS: usize = 1_000;

/// A report counts each window of arrival time.
const MOST_WINDOWS: u128 = 10_000_000;
