//! The links of the documents: each leads to a file that exists, and to a heading that is there;
//! and the manual's table of contents lists every page once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

#[test]
fn every_link_between_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = documents(root);
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, text) in &documents {
        for link in links(text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let target = match file {
                "" => path.clone(),
                file => plain(&path.parent().expect("a folder").join(file)),
            };
            let is_there = root.join(&target).exists();
            let has_heading = anchor.is_empty()
                || documents
                    .get(&target)
                    .is_some_and(|text| anchors(text).any(|one| one == anchor));
            if !is_there || !has_heading {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "links that lead nowhere:\n{}",
        wrong.join("\n")
    );
    assert!(seen > 100, "{seen} are not all links");
}

#[test]
fn the_table_of_contents_lists_every_page_of_the_manual_once() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("it is there");
    let mut listed = Vec::from_iter(links(&summary).map(str::to_owned));
    listed.sort();
    let entries = fs::read_dir(&docs).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    let mut pages: Vec<String> = names
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect();
    pages.sort();
    assert_eq!(
        listed, pages,
        "docs/SUMMARY.md lists other pages than docs/ has: add a line"
    );
}

/// The documents for readers, by their path from the root: those of the root, `docs` and `reports`.
fn documents(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    for folder in ["", "docs", "reports"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let text = fs::read_to_string(&path).expect("a text");
                all.insert(path.strip_prefix(root).expect("below it").to_owned(), text);
            }
        }
    }
    all
}

/// The targets of the links and pictures, outside of code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let lines = prose(text).flat_map(|line| line.split("](").skip(1));
    lines.filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// The anchors of the headings: as GitHub and mdBook make them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// The lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
