//! The files that a user writes: each is read as a whole, or refused with a location, a caret and a
//! hint; and the JSON Schema agrees.

mod articles;
mod fleet;
mod keys;
mod policy;
mod readers;
mod reports;
mod scenario;
mod schema;
