//! How much is asked of providers, and what becomes of calls that find no room.

use super::Row;

pub(crate) const ROWS: &[Row] = &[];
