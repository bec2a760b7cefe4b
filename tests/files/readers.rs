//! The readers of `src/readers.rs`, fed with their examples, with damaged ones, and with keys in
//! them.

use std::fs;
use std::path::{Path, PathBuf};

use firedrill::engine::{READERS, Reader};
use firedrill::trace::lines;

use crate::keys::{Luck, SHAPES, feed, leak, planted};

/// The examples of a reader.
fn examples(reader: &Reader) -> Vec<Vec<u8>> {
    let files = files(&corpus(reader));
    assert!(!files.is_empty(), "{} has no example", reader.name);
    files
}

fn corpus(reader: &Reader) -> PathBuf {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    corpus.join(reader.name)
}

/// The files in a folder, in order of their names; none if there is no such folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files = Vec::from_iter(paths.filter(|path| path.is_file()));
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// How many of `all` inputs a reader gets. Files with mistakes are read on in several ways, and
/// results are rendered: both take milliseconds, so there are fewer of those.
fn share(reader: &Reader, all: usize) -> usize {
    let slow = READERS.iter().filter(|one| is_slow(one)).count();
    match is_slow(reader) {
        true => (all / 400).max(10),
        false => (all - slow * ((all / 400).max(10))).div_ceil(READERS.len() - slow),
    }
}

fn is_slow(reader: &Reader) -> bool {
    let slow = [
        "scenario",
        "policy",
        "fleet",
        "faults",
        "set",
        "result",
        "litellm",
        "envoy",
        "portkey",
        "openrouter-request",
        "resilience4j",
    ];
    slow.contains(&reader.name)
}

const PLANTED: usize = 20_000;

/// Few, since `fuzz/` damages examples longer and better.
const DAMAGED: usize = 2_000;

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
fn a_key_in_the_place_of_a_name_is_refused_or_hidden() {
    for (reader, names, is_refused) in NAMED {
        let reader = READERS.iter().find(|one| one.name == *reader).unwrap();
        let example = String::from_utf8(examples(reader).remove(0)).unwrap();
        let mut luck = Luck(3);
        for name in *names {
            assert!(example.contains(name), "{}: {name}", reader.name);
            let before = name.strip_suffix("all").unwrap_or_default();
            for shape in SHAPES {
                let key = luck.key_of(*shape);
                let file = example.replace(name, &format!("{before}{key}"));
                let mut shown = (reader.read)(file.as_bytes());
                let is_bad = !shown.is_empty();
                if let Ok(trace) = lines::Reader::new(file.as_bytes()) {
                    shown.push_str(&format!("{:?}", trace.header()));
                }
                assert_eq!(leak(&key, &shown), None, "{}: {shown}", reader.name);
                assert!(is_bad || !is_refused, "{}: {file}", reader.name);
            }
        }
    }
}

/// The names in an example that reports show; and whether a key in their place is refused. A fleet
/// and a trace are read as if the name were `***`.
const NAMED: &[(&str, &[&str], bool)] = &[
    ("scenario", &["main", "backup", "gpt-4.1", "outage"], true),
    ("policy", &["name: all"], true),
    ("fleet", &["main", "gpt-4.1", "own"], false),
    (
        "trace-lines",
        &["mine", "openai", "gpt-4.1", "own-7b"],
        false,
    ),
    ("result", &["main", "gpt-4.1"], true),
];

#[test]
fn an_audit_has_names_and_lines_as_all_else_has() {
    let result = READERS.iter().find(|one| one.name == "result").unwrap();
    let example = fs::read_to_string(corpus(result).join("audit.json")).unwrap();
    let read = |place: &str, other: &str| {
        assert!(example.contains(place), "{place}");
        (result.read)(example.replace(place, other).as_bytes())
    };
    let key = Luck(5).key_of(SHAPES[0]);
    for behind in [r#","seed""#, r#","text""#] {
        let place = format!(r#""policy":"walled-queue"{behind}"#);
        let shown = read(&place, &place.replace("walled-queue", &key));
        assert_eq!(shown, "the name looks like a key", "{behind}");
        let shown = read(&place, &place.replace("walled", r"walled\n"));
        assert_eq!(shown, "the name has several lines", "{behind}");
    }
    let (before, audit) = example.split_at(example.find(r#""audit":"#).unwrap());
    for word in [
        "(first)",
        "latency.p90\"",
        "latency.p90 >",
        "fails",
        "holds",
    ] {
        let (start, end) = audit.split_at(audit.find(word).unwrap());
        let shown = (result.read)(format!(r"{before}{start}\n{end}").as_bytes());
        assert_eq!(shown, "the text has several lines", "{word}");
    }
}

#[test]
fn every_example_is_read_and_what_is_good_has_no_mistake() {
    for reader in READERS {
        let read = |example: Vec<u8>| {
            (reader.hold)(&example);
            (reader.read)(&example)
        };
        let shown = Vec::from_iter(examples(reader).into_iter().map(read));
        let is_good = |shown: &String| shown.is_empty() || shown.starts_with("Some");
        assert!(shown.iter().any(is_good), "{}", reader.name);
    }
}

#[test]
fn what_fuzzing_found_holds() {
    let mut fed = 0;
    for reader in READERS {
        for bytes in files(&corpus(reader).join("found")) {
            feed(reader, &bytes);
            fed += 1;
        }
    }
    assert!(fed > 0, "no file was found");
}

#[test]
fn damaged_examples_make_no_reader_panic_or_contradict_itself() {
    for reader in READERS {
        let examples = examples(reader);
        let mut luck = Luck(2);
        for number in 0..share(reader, DAMAGED) {
            let mut bytes = examples[number % examples.len()].clone();
            for _ in 0..=luck.below(4) {
                damage(&mut bytes, &mut luck);
            }
            (reader.read)(&bytes);
            (reader.hold)(&bytes);
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
