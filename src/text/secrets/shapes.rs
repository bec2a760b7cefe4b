//! Ten shapes of keys, for tests that plant some and look for them. `tests/files/keys.rs` takes
//! this file as well.

/// How a key starts, how many characters it has behind that, and of what kinds.
pub(crate) type Shape = (&'static str, usize, &'static str);

/// The shapes.
pub(crate) const SHAPES: &[Shape] = &[
    ("sk-proj-", 48, BASE64),
    ("sk-ant-api03-", 90, BASE64),
    ("sk-", 32, HEX),
    ("AIza", 35, BASE64),
    ("gsk_", 52, BASE62),
    ("xai-", 80, BASE62),
    ("hf_", 34, BASE62),
    ("", 32, HEX),
    ("", 40, BASE62),
    ("", 84, BASE62),
];

const HEX: &str = "0123456789abcdef";
const BASE62: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE64: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
