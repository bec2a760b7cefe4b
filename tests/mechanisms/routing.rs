//! Who is asked first.

use super::Row;

pub(crate) const ROWS: &[Row] = &[];
