//! A scalar whose type the reader leaves open. The parent places its errors.

use serde::de::{Expected, Visitor};

use super::{Error, truncate, whole};

/// Hands a scalar to a visitor that takes values of several kinds.
pub(super) fn any<'de, V: Visitor<'de>>(
    text: &'de str,
    plain: bool,
    visitor: V,
) -> Result<V::Value, Error> {
    let wants_list = format!("{}", &visitor as &dyn Expected).starts_with("a list");
    let read = match (plain, text) {
        (true, "true") => visitor.visit_bool(true),
        (true, "false") => visitor.visit_bool(false),
        // `007` and `1_000` keep their text: they may be names.
        (true, text) => match whole(text, u64::MAX) {
            Ok(number) if number.to_string() == text => visitor.visit_u64(number),
            _ => visitor.visit_borrowed_str(text),
        },
        (false, text) => visitor.visit_borrowed_str(text),
    };
    match wants_list {
        true => read.map_err(|error| bracketed(error, &truncate(text))),
        false => read,
    }
}

/// The error that a list is wanted, with what to write.
pub(super) fn bracketed(error: Error, item: &str) -> Error {
    error.hint(format!("write `[ {item} ]`"))
}
