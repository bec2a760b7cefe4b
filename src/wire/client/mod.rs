//! How the client speaks: what it asks, and how it reads what comes back.

pub mod answer;
pub mod request;
