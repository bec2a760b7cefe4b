//! From the file as written to the resolved scenario: defaults filled in, every value checked.
//!
//! All values are bounded, so that nothing overflows or runs forever later. Each part is checked
//! where it is declared; `load` opens files.

use super::fault::parse::{self, Setting};
use super::provider::{self, Fleet};
use super::{Calls, Load, Run, Scenario, alerts, demand, file, operations, run};
use crate::expect::file as expected;
use crate::prices::Book;
use crate::replay;
use crate::text::findings::Findings;
use crate::text::place::Place;
use crate::text::{Diagnostic, Document};

/// The resolved scenario of `file`, if nothing is wrong with it; `stem` is the file's stem, and
/// `trace` the calls to replay, if any.
pub(super) fn resolve(
    document: &Document,
    stem: &str,
    file: file::File,
    trace: Option<Calls>,
    prices: Option<&Book>,
    findings: &mut Findings,
) -> Option<Scenario> {
    if !findings.may_be_mistyped(document, "name") {
        findings.part(&["name"], || {
            check_stem(document, stem, file.name.as_deref())
        });
    }
    let (network, mut run, uptime) = (file.network, file.run, file.uptime);
    let providers = provider::providers(document, file.providers, (&network, prices), findings);
    let is_replay = file.load.as_ref().is_some_and(|load| load.trace.is_some());
    let mut load = load(document, file.load, trace, findings);
    let has_run = !findings.may_be_mistyped(document, "run");
    if has_run {
        findings.part(&["run"], || Run::check(document, is_replay));
    }
    if let Some(Calls::Trace { rows, .. }) = load.as_mut().map(|load| &mut load.calls) {
        run.duration = replay::length(rows, Some(run.duration).filter(|_| run::is_said(document)));
    }
    // How long calls arrive, as far as that can be read.
    let is_known = has_run && findings.is_read(&["run"]) && (load.is_some() || !is_replay);
    let length = is_known.then_some(run.duration);
    if let (Some(load), Some(length)) = (&load, length) {
        findings.part(&["load"], || load.check_calls(document, length));
    }
    let fleet = Fleet::new(&providers);
    let at = |section| Place::new(document, section);
    let groups = parse::groups(&at("groups"), file.groups, &fleet, findings);
    let setting = Setting {
        fleet: &fleet,
        groups: &groups,
        run: length,
        is_by_trace: is_replay && !run::is_said(document),
        clients: load.as_ref().map(|load| load.clients),
    };
    let faults = parse::faults(&at("faults"), file.faults, &setting, findings);
    let operations = operations::operations(&at("operations"), file.operations, &setting, findings);
    let named = document.keys(&["faults"]);
    let alerts = alerts::alerts(&at("alerts"), file.alerts, &fleet, &named, findings);
    let expect = expected::expectations(document, &file.expect, findings);
    let margins = expected::margins(document, &file.margins, findings);
    findings.part(&["uptime"], || {
        uptime.check(document, length.unwrap_or_default())
    });
    Some(Scenario {
        name: stem.to_owned(),
        about: file.about,
        run,
        network,
        providers: providers
            .into_iter()
            .map(|(_, one)| one)
            .collect::<Option<_>>()?,
        load: load?,
        faults,
        operations,
        alerts,
        policies: file.policies,
        expect,
        margins,
        uptime,
    })
}

fn load(
    document: &Document,
    written: Option<demand::Written>,
    trace: Option<Calls>,
    findings: &mut Findings,
) -> Option<Load> {
    if let Some(written) = written {
        return findings.part(&["load"], || written.checked(document, trace));
    }
    if !findings.may_be_mistyped(document, "load") {
        let problem = document.problem(&["load"], "the key `load` is missing");
        let hint = "add `load: { rate: 1/s, prompt: 500 tok, output: 200 tok }` here";
        findings.add(problem.hint(hint));
    }
    None
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
