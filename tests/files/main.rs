//! The files that a user writes: each is understood whole, or refused with a place, a caret and a
//! hint; and the JSON Schema says the same of them.

mod fleet;
mod policy;
mod scenario;
mod schema;
