//! The schemas of [`crate::units`], under the names that readers of bare integers use.

pub use crate::units::schema::*;
pub use crate::units::{Bandwidth, Factor, Money as Usd, Rate, Share, TokenRate as Speed};
