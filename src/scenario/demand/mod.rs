//! What the users ask for: the parts of `load`, each read, checked and written by its own type.
//!
//! - `load`: when calls arrive, and the load as a whole.
//! - `curve`: rates that change over time; `course`: how many calls they bring by when.
//! - `tasks`: what calls ask, by kind; and the beginnings that prompts share.
//! - `users`: users who wait for an answer before they ask again, and who click again.
//!
//! Which call arrives when is drawn by `workload`; trace files are read by `replay`.

mod course;
mod curve;
mod load;
mod tasks;
mod users;

pub(super) use course::{BILLIONTH, CALL, Course};
pub use curve::{RateCurve, Step};
pub(super) use load::Written;
pub use load::{Arrivals, Calls, Load, Prefix, Row};
pub use tasks::{Prefixes, Priority, Task};
pub use users::{UserRetry, Users};
