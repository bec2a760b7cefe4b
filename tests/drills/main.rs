//! Whole drills: the conduct pack, the scenario of every mechanism, and the presets.

mod conduct;
mod mechanisms;
mod presets;
