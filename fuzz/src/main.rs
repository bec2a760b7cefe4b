//! Feeds one reader of bytes from outside with what libFuzzer makes up, as it is and with a key in
//! it. `READER` names the reader.

#![no_main]

use std::sync::LazyLock;

use firedrill::engine::{READERS, Reader};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/files/keys.rs"]
mod keys;

fuzz_target!(|bytes: &[u8]| {
    (READER.read)(bytes);
    (READER.hold)(bytes);
    // Inputs of one length have the same key at the same place, so that a change of one byte
    // changes little else.
    let mut luck = keys::Luck(bytes.len() as u64);
    let key = luck.key();
    let shown = (READER.read)(&keys::planted(bytes, &key, &mut luck));
    if let Some(part) = keys::leak(&key, &shown) {
        panic!("{part} of {key} is shown:\n{shown}");
    }
});

static READER: LazyLock<&Reader> = LazyLock::new(|| {
    let names = Vec::from_iter(READERS.iter().map(|reader| reader.name));
    let name = std::env::var("READER").unwrap_or_default();
    let named = READERS.iter().find(|reader| reader.name == name);
    named.unwrap_or_else(|| panic!("set READER to one of {}", names.join(", ")))
});
