//! Every reader of bytes from outside, fed with its examples, with damaged ones, and with keys in
//! them.

use std::fs;
use std::path::Path;

use firedrill::engine::{READERS, Reader};

/// A stream of numbers: splitmix64.
struct Luck(u64);

impl Luck {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A random key of one of ten shapes.
    fn key(&mut self) -> String {
        let (start, length, alphabet) = self.of(KEYS);
        let letters = (0..length).map(|_| char::from(self.of(alphabet.as_bytes())));
        let letters = String::from_iter(letters);
        format!("{start}{letters}")
    }
}

/// Starts of keys, how long they are behind that, and of what characters.
const KEYS: &[(&str, usize, &str)] = &[
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

/// The examples of a reader.
fn examples(reader: &Reader) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(reader.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths = Vec::from_iter(entries.map(|entry| entry.unwrap().path()));
    paths.sort();
    assert!(!paths.is_empty(), "{folder:?} has no example");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// `example` with `key` at a random place: put in, or over a word.
fn planted(example: &[u8], key: &str, luck: &mut Luck) -> Vec<u8> {
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
fn leak<'a>(key: &'a str, shown: &str) -> Option<&'a str> {
    let parts = (0..=key.len() - PART).map(|at| &key[at..at + PART]);
    parts.into_iter().find(|part| shown.contains(part))
}

/// How many of `all` inputs a reader gets. Files with mistakes are read on in several ways, and
/// results are rendered: both take milliseconds, so there are fewer of those.
fn share(reader: &Reader, all: usize) -> usize {
    let slow = READERS.iter().filter(|one| is_slow(one)).count();
    match is_slow(reader) {
        true => all / 400,
        false => (all - slow * (all / 400)).div_ceil(READERS.len() - slow),
    }
}

fn is_slow(reader: &Reader) -> bool {
    let slow = ["scenario", "policy", "fleet", "set", "result"];
    slow.contains(&reader.name)
}

const PLANTED: usize = 20_000;

const DAMAGED: usize = 8_000;

/// Vendors themselves show fewer characters of a key.
const PART: usize = 16;

#[test]
fn no_reader_shows_a_key_planted_in_twenty_thousand_files_bodies_and_messages() {
    let mut shown_any = 0;
    let mut leaks = Vec::new();
    for reader in READERS {
        let examples = examples(reader);
        let mut luck = Luck(1);
        for number in 0..share(reader, PLANTED) {
            let key = luck.key();
            let bytes = planted(&examples[number % examples.len()], &key, &mut luck);
            let shown = (reader.read)(&bytes);
            shown_any += usize::from(!shown.is_empty());
            if let Some(part) = leak(&key, &shown) {
                let text = String::from_utf8_lossy(&bytes);
                leaks.push(format!(
                    "{}: {part} of {key} in\n{text}\nshows\n{shown}",
                    reader.name
                ));
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks, such as {}",
        leaks.len(),
        leaks[0]
    );
    assert!(shown_any > 10_000, "only {shown_any} were shown at all");
}

#[test]
fn every_example_is_read_and_what_is_good_has_no_mistake() {
    for reader in READERS {
        let mut all = examples(reader)
            .into_iter()
            .map(|example| (reader.read)(&example));
        let is_answer = |shown: &str| shown.starts_with("Some");
        assert!(
            all.any(|shown| shown.is_empty() || is_answer(&shown)),
            "{}",
            reader.name
        );
    }
}

#[test]
fn damaged_examples_make_no_reader_panic() {
    for reader in READERS {
        let examples = examples(reader);
        let mut luck = Luck(2);
        for number in 0..share(reader, DAMAGED) {
            let mut bytes = examples[number % examples.len()].clone();
            for _ in 0..=luck.below(4) {
                damage(&mut bytes, &mut luck);
            }
            (reader.read)(&bytes);
        }
    }
}

/// Cuts, doubles or changes something.
fn damage(bytes: &mut Vec<u8>, luck: &mut Luck) {
    let at = luck.below(bytes.len() + 1);
    let most = 1 << luck.below(8);
    let length = luck.below(most);
    let end = (at + length).min(bytes.len());
    let part = bytes[at..end].to_vec();
    match luck.below(5) {
        0 => drop(bytes.drain(at..end)),
        1 => drop(bytes.splice(at..at, part)),
        2 => drop(bytes.splice(at..end, luck.of(ODD).iter().copied())),
        3 => bytes.truncate(at),
        _ => bytes.insert(at, luck.below(256) as u8),
    }
}

/// What readers may stumble over.
const ODD: &[&[u8]] = &[
    b"-1",
    b"18446744073709551615",
    b"99999999999999999999999",
    b"1e999",
    b"null",
    b"[]",
    b"{}",
    b"\"\"",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"\xf0\x9f\x98",
    b"\\ud83d",
    b"&a *a",
    b"!!binary",
    b": : ",
    b"content-length: 99999999999999999999\r\n",
];
