//! Keeps the production client small: no simulator in it, and few packages.

use std::collections::BTreeSet;
use std::process::Command;

/// Packages that `default-features = false, features = ["client"]` must stay under, itself
/// included, and with `tls` beside it as well. Never raise it.
const FEWER_THAN: usize = 75;

#[test]
fn the_client_needs_no_simulator_and_few_packages() {
    // On Linux there were 39 when TLS came, and 64 with it; compression adds 8.
    for features in ["client", "client,tls", "client,compression"] {
        let packages = packages_of(features);
        assert!(
            !has_simulator(&packages),
            "`{features}` needs the simulator"
        );
        let count = packages.len();
        let list = packages.into_iter().collect::<Vec<_>>().join(", ");
        assert!(
            count < FEWER_THAN,
            "`{features}` needs {count} packages: {list}"
        );
    }
}

#[test]
fn the_client_alone_has_neither_tls_nor_http_2() {
    let names = |features| -> BTreeSet<String> {
        let packages = packages_of(features).into_iter();
        packages
            .filter_map(|package| package.split(' ').next().map(str::to_owned))
            .collect()
    };
    let (alone, with_tls) = (names("client"), names("client,tls"));
    for package in ["h2", "ring", "rustls", "webpki-roots"] {
        assert!(!alone.contains(package), "`client` needs {package}");
        assert!(with_tls.contains(package), "`tls` lacks {package}");
    }
}

#[test]
fn the_simulator_is_seen_where_it_is() {
    let packages = packages_of("sim");
    assert!(has_simulator(&packages), "{packages:?}");
}

/// Whether they hold the latencies of a report, which the simulator alone has.
fn has_simulator(packages: &BTreeSet<String>) -> bool {
    packages
        .iter()
        .any(|package| package.starts_with("hdrhistogram "))
}

/// The names and versions of all packages that the library needs with these features alone.
fn packages_of(features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "--no-default-features"])
        .args(["--features", features])
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
