//! Runs written by hand, event by event, and the reports on them. Through the public API.

mod by_hand;
mod conduct;
mod measured;
mod merged;
mod page;
mod rendered;
pub(crate) mod rig;
