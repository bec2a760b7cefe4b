//! How long a call waits for what, and what it does meanwhile.

use super::Row;

pub(crate) const ROWS: &[Row] = &[];
