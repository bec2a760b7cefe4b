//! Tests an outage in a simulated world: two policies, with the same calls and the same draws.
//!
//! ```sh
//! cargo run --release --example drill
//! ```
//!
//! In a `#[test]`, `report.assert()` fails when an expectation of the scenario does not hold.

use firedrill::Diagnostic;
use firedrill::drill::Drill;
use firedrill::report::Format;

fn main() -> Result<(), Diagnostic> {
    let report = Drill::load("scenarios/primary-outage.yaml")?
        .policy("no-failover")?
        .policy("resilient")?
        .set("load.rate", "0.2/s")?
        .seeds(1..=2)
        .run();
    println!("{}", report.render(Format::Table, false));
    for (policy, state) in report.policies() {
        let (succeeded, calls) = (state.run.succeeded, state.run.calls);
        println!("{policy}: {succeeded} of {calls} calls succeeded");
    }
    Ok(())
}
