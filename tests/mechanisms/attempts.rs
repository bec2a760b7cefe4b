//! How often a call tries, after what wait, and what it makes of what servers say.

use super::Row;

pub(crate) const ROWS: &[Row] = &[];
