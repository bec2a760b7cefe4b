//! Stories told to the report, event by event, and what it makes of them. Through the public API.

mod checked;
mod conduct;
mod measured;
mod merged;
mod rendered;
mod rig;
