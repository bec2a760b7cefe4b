//! Whole drills: the conduct pack, the scenario of every mechanism, the presets, blame, and what
//! there is to tune.

mod blame;
mod conduct;
mod mechanisms;
mod presets;
mod tunable;
