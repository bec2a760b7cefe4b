//! Holds the production client lean: no simulator below it, and few packages.

use std::collections::BTreeSet;
use std::process::Command;

/// Packages that `default-features = false, features = ["client"]` must stay under, itself
/// included. Never raise it.
const FEWER_THAN: usize = 75;

#[test]
fn the_client_needs_no_simulator_and_few_packages() {
    let packages = packages_of("client");
    assert!(!has_simulator(&packages), "`client` needs turmoil");
    let count = packages.len();
    let list = packages.into_iter().collect::<Vec<_>>().join(", ");
    assert!(
        count < FEWER_THAN,
        "`client` needs {count} packages: {list}"
    );
}

#[test]
fn the_simulator_is_seen_where_it_is() {
    let packages = packages_of("sim");
    assert!(has_simulator(&packages), "{packages:?}");
}

fn has_simulator(packages: &BTreeSet<String>) -> bool {
    packages
        .iter()
        .any(|package| package.starts_with("turmoil"))
}

/// The names and versions of all packages that the library needs with this feature alone.
fn packages_of(feature: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "--no-default-features"])
        .args(["--features", feature])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo can be started");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {problem}");
    String::from_utf8(output.stdout)
        .expect("cargo writes UTF-8")
        .lines()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>())
        .map(|words| words.join(" "))
        .collect()
}
