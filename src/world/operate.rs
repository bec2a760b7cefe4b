//! Applies an operator's actions to the client processes, each at its time.
//!
//! The scenario says which operations are active when; the client implements them.

use std::rc::Rc;

use super::World;
use super::connect::Simulated;
use super::task::spawn;
use crate::client::Client;
use crate::policy::ProviderId;
use crate::scenario::Scenario;

/// Starts them for client process `number`. A frozen process applies them when it resumes.
pub(super) fn start(
    world: &Rc<World>,
    number: u32,
    client: &Client<Simulated>,
    scenario: &Scenario,
) {
    if scenario.operations.is_empty() {
        return;
    }
    let turns = turns(world.clone(), number, client.clone(), scenario.clone());
    spawn(world, turns);
}

async fn turns(world: Rc<World>, number: u32, client: Client<Simulated>, scenario: Scenario) {
    for turn in scenario.turns() {
        tokio::time::sleep_until(world.moment(turn)).await;
        let heard = async { operate(&world, &client, &scenario) };
        world.processes.in_process(number, heard).await;
    }
}

/// Applies the active operations to the client.
fn operate(world: &World, client: &Client<Simulated>, scenario: &Scenario) {
    let now = world.now();
    for (id, provider) in (0..).map(ProviderId).zip(&scenario.providers) {
        client.isolate(&provider.name, scenario.is_isolated(id, now));
    }
    let pinned = scenario.pinned(now);
    let pinned = pinned.and_then(|id| scenario.providers.get(id.index()));
    client.pin(pinned.map(|provider| provider.name.as_str()));
}
