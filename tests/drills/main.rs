//! Whole drills: the conduct pack, the scenario of every mechanism, the presets, blame, what there
//! is to tune, and hunts.

mod blame;
mod conduct;
mod hunt;
mod mechanisms;
mod presets;
mod tunable;
mod tune;
