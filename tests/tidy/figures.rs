//! The figures of the manual: a page that explains a result states only numbers that the result,
//! or the test that holds it, has.
//!
//! - `<!-- figures of FILE… -->` in the first line: every number in the prose and the tables of the
//!   page stands in one of these files.
//! - `<!-- lines of FILE -->` before a block: each line of the block is a line of that file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn pages_state_only_figures_that_a_report_or_a_test_has() {
    let (mut wrong, mut pages) = (Vec::new(), 0);
    for (page, text) in pages_of_the_manual() {
        let Some(files) = noted(text.lines().next().unwrap_or_default(), "figures of ") else {
            continue;
        };
        pages += 1;
        let sources = files.split(' ').map(read).collect::<Vec<_>>();
        let known: BTreeSet<String> = sources.iter().flat_map(|text| numbers(text)).collect();
        let stated = without_code_and_links(&text);
        // Small numbers count things in a sentence, and number a list.
        let figures = numbers(&stated)
            .into_iter()
            .filter(|number| number.len() > 1);
        let unknown = figures.filter(|number| !known.contains(number));
        wrong.extend(unknown.map(|number| format!("{page}: {number} is in none of {files}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pages >= 2, "{pages}");
}

#[test]
fn what_a_page_quotes_of_a_report_stands_in_it() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (page, text) in pages_of_the_manual() {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(file) = noted(line, "lines of ") else {
                continue;
            };
            let source = read(file);
            let block = lines
                .by_ref()
                .skip(1)
                .take_while(|line| !line.starts_with("```"));
            for quoted in block {
                seen += 1;
                if source.lines().all(|line| line != quoted) {
                    wrong.push(format!("{page}: {file} has no line\n{quoted}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 3, "{seen}");
}

/// What the comment in this line says behind `prefix`.
fn noted<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let note = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    note.strip_prefix(prefix)
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn pages_of_the_manual() -> Vec<(String, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let entries = fs::read_dir(docs).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let named = pages.map(|path| {
        let text = fs::read_to_string(&path).expect("a text");
        (
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            text,
        )
    });
    let mut all = Vec::from_iter(named);
    all.sort();
    all
}

/// The text without fenced blocks, spans of code, comments and the targets of links.
fn without_code_and_links(text: &str) -> String {
    let (mut kept, mut is_code) = (String::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code && !line.starts_with("<!-- ") {
            let outside = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            for part in outside.split("](") {
                let text = part.split_once(')').map_or(part, |(_, rest)| rest);
                kept.push_str(if part.len() == outside.len() {
                    part
                } else {
                    text
                });
                kept.push(' ');
            }
            kept.push('\n');
        }
    }
    kept
}

/// The numbers in a text, without signs between thousands.
fn numbers(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_digit() || ".,_".contains(c);
    let words = text.split(|c: char| !is_part(c));
    let words = words.map(|word| word.trim_matches(['.', ',', '_']).replace([',', '_'], ""));
    words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}
