//! The floor of the model engine: events in a heap, with the draws that the engine makes for a
//! call, and nothing that is decided or counted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use firedrill::engine::Workload;
use firedrill::policy::CallId;
use firedrill::scenario::Scenario;

use super::{ONE_WAY, SERVICE};

/// What happens to a call, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives,
    ReachesTheProvider,
    IsAnswered,
    ReachesTheClient,
}

#[derive(Default)]
struct Events {
    heap: BinaryHeap<Reverse<(u64, u64, Event, CallId)>>,
    set: u64,
}

impl Events {
    fn set(&mut self, at: u64, event: Event, call: CallId) {
        self.set += 1;
        self.heap.push(Reverse((at, self.set, event, call)));
    }
}

/// Runs the calls of `scenario`, each answered by its only provider.
pub(crate) fn run(scenario: &Scenario) {
    let workload = Workload::new(&scenario.load, scenario.run.duration, 1);
    let one_way = ONE_WAY.as_nanos() as u64;
    let service = SERVICE.as_nanos() as u64;
    let mut arrivals = (0..).map(CallId).zip(workload.arrivals());
    let mut events = Events::default();
    let mut next = |events: &mut Events| {
        if let Some((call, at)) = arrivals.next() {
            events.set(at.as_nanos(), Event::Arrives, call);
        }
    };
    next(&mut events);
    while let Some(Reverse((at, _, event, call))) = events.heap.pop() {
        match event {
            Event::Arrives => {
                next(&mut events);
                black_box(workload.tokens(call));
                events.set(at + one_way, Event::ReachesTheProvider, call);
            }
            Event::ReachesTheProvider => {
                // The time to the first token and the speed cost as much as two counts of tokens.
                black_box(workload.tokens(call));
                events.set(at + service, Event::IsAnswered, call);
            }
            Event::IsAnswered => events.set(at + one_way, Event::ReachesTheClient, call),
            Event::ReachesTheClient => {
                black_box(at);
            }
        }
    }
}
