//! Keys of ten shapes: planted in what is read, and looked for in what is shown.
//!
//! `fuzz/` takes this file as well.

use firedrill::engine::Reader;

#[path = "../../src/text/secrets/shapes.rs"]
mod shapes;

pub(crate) use shapes::{SHAPES, Shape};

/// Feeds a reader with `bytes`, as they are and with a key in them. Panics where something does not
/// hold of them, and where a part of the key is shown. A fuzzer can learn the key by watching what
/// its bytes are compared with: what it then writes itself is no secret, and passed over.
pub(crate) fn feed(reader: &Reader, bytes: &[u8]) {
    (reader.read)(bytes);
    (reader.hold)(bytes);
    // Inputs of one length have the same key at the same place, so that a change of one byte
    // changes little else.
    let mut luck = Luck(bytes.len() as u64);
    let key = luck.key();
    if leak(&key, &String::from_utf8_lossy(bytes)).is_some() {
        return;
    }
    let shown = (reader.read)(&planted(bytes, &key, &mut luck));
    if let Some(part) = leak(&key, &shown) {
        panic!("{}: {part} of {key} is shown:\n{shown}", reader.name);
    }
}

/// A stream of numbers: splitmix64.
pub(crate) struct Luck(pub(crate) u64);

impl Luck {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound.max(1) as u64) as usize
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A random key of one of ten shapes.
    pub(crate) fn key(&mut self) -> String {
        let shape = self.of(SHAPES);
        self.key_of(shape)
    }

    /// A random key of this shape.
    pub(crate) fn key_of(&mut self, (start, length, alphabet): Shape) -> String {
        let letters = (0..length).map(|_| char::from(self.of(alphabet.as_bytes())));
        let letters = String::from_iter(letters);
        format!("{start}{letters}")
    }
}

/// `example` with `key` at a random place: put in, or over a word.
pub(crate) fn planted(example: &[u8], key: &str, luck: &mut Luck) -> Vec<u8> {
    let at = luck.below(example.len() + 1);
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let word = example[at..]
        .iter()
        .take_while(|byte| is_word(byte))
        .count();
    let start = example[..at]
        .iter()
        .rev()
        .take_while(|byte| is_word(byte))
        .count();
    let (start, end) = match luck.below(3) {
        0 => (at - start, at - start),
        _ => (at - start, at + word),
    };
    let (before, behind) = luck.of(AROUND);
    let mut bytes = example[..start].to_vec();
    if luck.below(8) == 0 {
        // Latin-1.
        bytes.push(0xe9);
    }
    bytes.extend([before, key, behind].concat().into_bytes());
    bytes.extend(&example[end..]);
    bytes
}

/// The first part of `key` in `shown` that is long enough to be worth something.
pub(crate) fn leak<'a>(key: &'a str, shown: &str) -> Option<&'a str> {
    let parts = (0..=key.len() - PART).map(|at| &key[at..at + PART]);
    parts.into_iter().find(|part| shown.contains(part))
}

/// What stands around a planted key.
const AROUND: &[(&str, &str)] = &[
    ("", ""),
    (" ", " "),
    ("\"", "\""),
    ("'", "'"),
    ("key: ", "\n"),
    ("\nkey: [ ", " ]\n"),
    ("\"key\":\"", "\","),
    ("Incorrect API key provided: ", ". "),
    ("https://host/v1?key=", "&x=1"),
    ("https://user:", "@host/v1"),
    ("Bearer ", "\n"),
    ("\u{1b}[31m", "\u{7}"),
    ("\u{e9}", "\u{e9}"),
];

/// Vendors themselves show fewer characters of a key.
const PART: usize = 16;
