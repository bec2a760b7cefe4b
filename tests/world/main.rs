//! The simulated world at its boundary: a scenario in, a trace and a report out; and its random
//! draws, loads and profiles.

mod clients;
mod decisions;
mod engines;
mod fault_catalogue;
mod faults;
mod invariants;
mod large;
mod library_entry;
mod load;
mod oracle;
mod physics;
mod report_stories;
mod stories;
mod storm;
mod tcp;
mod workload;

#[path = "../support/mod.rs"]
mod support;
