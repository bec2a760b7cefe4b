//! The load: the parts of `load`, each read, checked and written by its own type.
//!
//! - `load`: when calls arrive, and the load as a whole.
//! - `curve`: rates that change over time.
//! - `tasks`: kinds of calls, and the prefixes that prompts share.
//! - `listed`: calls at given moments.
//! - `users`: users in a closed loop, and retries by users.
//!
//! `seeded` draws which call arrives when; `replay` reads trace files.

mod curve;
mod listed;
mod load;
mod tasks;
mod users;

pub(crate) use curve::{BILLIONTH, CALL};
pub use curve::{RateCurve, Step};
pub(super) use load::Written;
pub use load::{Arrivals, Calls, Load};
pub use tasks::{Deadline, Prefixes, Priority, Task};
pub use users::{UserRetry, Users};
