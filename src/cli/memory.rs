//! `--memory`: the memory that runs may take, and what is refused because it does not fit; and one
//! heap where the address space is limited.
//!
//! A failed allocation ends a program, and cannot be caught: so a load whose calls do not fit is
//! refused before it starts. `drill` knows how large a run is; here is how large the machine is.

use std::fs;
use std::num::NonZero;

use super::output::{self, CliError};
use crate::drill::{Drill, Engine};
use crate::report::grouped;
use crate::units::{duration, size::write as shown};

/// ` 120 calls in 1m, at most 60 in flight: 2.3 MB`, of one run of `drill`.
pub(super) fn size(drill: &Drill) -> String {
    let size = drill.size();
    let memory = shown(Engine::Wire.memory(size.at_most));
    format!(
        "{} calls in {}, at most {} in flight: {memory}",
        grouped(size.calls),
        duration::write(size.duration),
        grouped(size.at_most),
    )
}

/// Starts the program anew with one heap for all threads, where the address space is limited.
///
/// glibc reserves 64 MB of it for the heap of each thread. Where that does not fit, allocations of
/// a few bytes fail or take a system call each. It reads the number of heaps from the environment,
/// and only as a program starts.
#[cfg(unix)]
pub(super) fn share_heap() {
    use std::env;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    if env::var_os(HEAPS).is_some() || limited_space().is_none() {
        return;
    }
    let mut args = env::args_os();
    if let (Ok(program), Some(name)) = (env::current_exe(), args.next()) {
        // It returns if it fails: then this process goes on as it is.
        let _ = Command::new(program)
            .arg0(name)
            .args(args)
            .env(HEAPS, "1")
            .exec();
    }
}

#[cfg(not(unix))]
pub(super) const fn share_heap() {}

/// The most heaps of glibc's allocator.
#[cfg(unix)]
const HEAPS: &str = "MALLOC_ARENA_MAX";

/// How many runs go on at a time: `workers`, or fewer where so many do not fit into the memory that
/// was `asked` for, or else into half of the machine's.
///
/// # Errors
/// For each scenario of which a single run does not fit.
pub(super) fn fit(
    drills: &[Drill],
    (engine, audits): (Engine, bool),
    workers: NonZero<usize>,
    asked: Option<u64>,
) -> Result<NonZero<usize>, Vec<CliError>> {
    // Audited runs are made by both engines.
    let engine = if audits { Engine::Wire } else { engine };
    let space = limited_space();
    let Some(allowed) = asked.or_else(|| half_of_the_machine(space)) else {
        return Ok(workers);
    };
    let mut problems = Vec::new();
    let mut largest = 0;
    for drill in drills {
        let size = drill.size();
        let usual = engine.memory(size.in_flight);
        largest = usual.max(largest);
        if usual > allowed {
            problems.push(refused(drill, (engine, audits), allowed));
        } else if engine.memory(size.at_most) > allowed {
            output::print_error(&format!(
                "warning: {}: up to {} calls can be in flight, which take {}; {} may be used",
                drill.scenario().name,
                grouped(size.at_most),
                shown(engine.memory(size.at_most)),
                shown(allowed),
            ));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    largest += space.map_or(0, |_| THREAD);
    let at_once = allowed.checked_div(largest).unwrap_or(u64::MAX);
    let at_once = NonZero::new(usize::try_from(at_once).unwrap_or(usize::MAX));
    let fewer = workers.min(at_once.unwrap_or(NonZero::<usize>::MIN));
    if fewer < workers {
        output::print_error(&format!(
            "warning: {fewer} of {workers} runs at a time: each takes {} of {} that may be used",
            shown(largest),
            shown(allowed),
        ));
    }
    Ok(fewer)
}

fn refused(drill: &Drill, (engine, audits): (Engine, bool), allowed: u64) -> CliError {
    let (name, size) = (&drill.scenario().name, drill.size());
    let message = format!(
        "`{name}` has {} calls in flight, which take {}; {} may be used",
        grouped(size.in_flight),
        shown(engine.memory(size.in_flight)),
        shown(allowed),
    );
    let less = match (engine, audits) {
        (_, true) => ", or leave out `--audit`",
        (Engine::Wire, false) => ", or `--engine model`, which needs a seventh",
        (Engine::Model, false) => "",
    };
    let hint = format!("lower the load, or allow more with `--memory`{less}");
    CliError::new(message, &hint)
}

/// Half of the memory that this process can have, with an address space of so many bytes if that is
/// limited; none where the machine does not say.
fn half_of_the_machine(space: Option<u64>) -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let total = read("/proc/meminfo").and_then(|text| total(&text));
    let groups = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let groups = groups
        .iter()
        .filter_map(|path| read(path)?.trim().parse().ok());
    let space = space.map(|space| space.saturating_sub(PROGRAM));
    let least = total.into_iter().chain(groups).chain(space).min();
    least.map(|bytes: u64| bytes / 2)
}

/// The address space that the program and a few threads take, without any call: with less of it, an
/// allocation fails early.
const PROGRAM: u64 = 48_000_000;

/// The address space that one more run at a time takes, for its threads, without any call.
const THREAD: u64 = 5_000_000;

/// The bytes of `MemTotal: 24683656 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib = line.split_whitespace().next()?.parse::<u64>().ok()?;
    kib.checked_mul(1_024)
}

/// The address space that this process can have, if that is limited.
fn limited_space() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    address_space(&limits)
}

/// The soft limit of `Max address space  1000000  unlimited  bytes`.
fn address_space(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_how_much_it_has() {
        let meminfo = "MemTotal:       24683656 kB\nMemFree:         5242880 kB\n";
        assert_eq!(total(meminfo), Some(24_683_656 * 1_024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        let limits = "Limit    Soft Limit   Hard Limit   Units\n\
                      Max address space         1048576              unlimited            bytes\n";
        assert_eq!(address_space(limits), Some(1_048_576));
        assert_eq!(address_space(&limits.replace("1048576", "unlimited")), None);
    }
}
