//! Whole drills: the conduct pack, the scenario of every mechanism, the presets, and blame.

mod blame;
mod conduct;
mod mechanisms;
mod presets;
