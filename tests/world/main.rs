//! The simulated world at its boundary: a scenario in, a trace and a report out; and the luck,
//! the loads and the profiles that it is made of.
//!
//! One binary, since each one links the whole library and makes its generic code anew.

mod clients;
mod fault_draws;
mod faults;
mod library_entry;
mod load;
mod physics;
mod profiles;
mod stories;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod workload;
