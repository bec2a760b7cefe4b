//! From the file as written to the resolved scenario: defaults filled in, every value checked.
//!
//! All values are bounded, so that nothing overflows or runs forever later. Each part is checked
//! where it is declared; `load` opens files.

use std::collections::BTreeMap;

use super::check::check_name;
use super::fault::Fault;
use super::fault::keys::Written;
use super::fault::parse::{self, Setting};
use super::{Calls, Scenario, file, operations, provider};
use crate::expect::{self, Expectation};
use crate::text::{Diagnostic, Document};

/// The resolved scenario of `file`; `stem` is the file's stem, and `trace` the calls to replay, if
/// any.
pub(super) fn resolve(
    document: &Document,
    stem: &str,
    file: file::File,
    trace: Option<Calls>,
) -> Result<Scenario, Diagnostic> {
    check_stem(document, stem, file.name.as_deref())?;
    let (network, mut run, uptime) = (file.network, file.run, file.uptime);
    network.check(document)?;
    let providers = provider::providers(document, file.providers, &network)?;
    let is_replay = trace.is_some();
    let load = file.load.checked(document, trace)?;
    if let Calls::Trace { rows, .. } = &load.calls {
        let last = rows.last().map(|row| row.arrival.since_start());
        run.duration = last.unwrap_or_default();
    }
    run.check(document, is_replay)?;
    load.check_calls(document, run.duration)?;
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
    let operations = operations::operations(document, file.operations, &providers, run_length)?;
    let expect = expectations(document, &file.expect, &faults)?;
    uptime.check(document, run.duration)?;
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

const MOST_FAULTS: usize = 1_000;
