//! Feeds one reader of bytes from outside with what libFuzzer makes up, as it is and with a key in
//! it. `READER` names the reader.

#![no_main]

use std::sync::LazyLock;

use firedrill::engine::{READERS, Reader};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/files/keys.rs"]
mod keys;

fuzz_target!(|bytes: &[u8]| keys::feed(*READER, bytes));

static READER: LazyLock<&Reader> = LazyLock::new(|| {
    let names = Vec::from_iter(READERS.iter().map(|reader| reader.name));
    let name = std::env::var("READER").unwrap_or_default();
    let named = READERS.iter().find(|reader| reader.name == name);
    named.unwrap_or_else(|| panic!("set READER to one of {}", names.join(", ")))
});
