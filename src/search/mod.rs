//! Searches policies and worlds: tune and hunt, on either engine.
//!
//! - [`dimension`]: one thing that is searched, and the values that it can have.
//! - [`space`]: which settings of a policy are searched.
//! - [`optimizer`]: proposes what to try next; `surrogate`: predicts what of that is worth a run.
//! - [`batch`]: runs on all cores, remembered, so that a search can go on after an interruption.
//! - [`goal`]: what a search is after; [`worlds`]: the scenarios, and what a run comes to as
//!   numbers; `ranking`: which of two candidates is better.
//! - [`tune`]: settings with which a policy does better.
//! - [`evaluate`]: the same numbers for an optimiser outside.
//! - [`hunt`]: the world that a policy does not survive.
//! - [`map`]: where a policy recovers from a fault, by its length and the load; `scaled`: a load so
//!   many times as heavy.
//!
//! A search decides by numbers alone, and by draws that are keyed by its seed: the same question
//! has the same answer, whatever the number of threads. Files, progress and results as texts are
//! the command line's.

pub mod batch;
pub mod dimension;
pub mod evaluate;
pub mod goal;
pub mod hunt;
pub mod map;
pub mod optimizer;
mod ranking;
mod scaled;
pub mod space;
mod surrogate;
pub mod tune;
pub mod worlds;
