//! The Rust in the documents compiles: each of its lines occurs in an example, in a test, or in a
//! documented example of the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::rust_files;

#[test]
fn documents_show_only_rust_that_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiled = compiled(root);
    let mut shown = 0;
    for document in ["README.md", "docs/production.md"] {
        let text = fs::read_to_string(root.join(document)).expect("a document that ships");
        for line in rust_lines(&text) {
            shown += 1;
            assert!(
                compiled.contains(line),
                "{document} shows a line that no compiled source has: write it into an example, \
                 or show one of theirs:\n{line}"
            );
        }
    }
    assert!(shown > 10, "{shown} lines are no documents");
}

/// The lines of the fenced `rust` blocks, without what indents them.
fn rust_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        let fence = line.starts_with("```");
        inside = if fence { line == "```rust" } else { inside };
        let line = line.trim();
        (inside && !fence && !line.is_empty()).then_some(line)
    })
}

/// Every line of the code, and of the examples in its comments.
fn compiled(root: &Path) -> BTreeSet<String> {
    let folders = ["examples", "src", "tests"];
    let files = folders
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)));
    let mut lines = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a source file can be read");
        for line in text.lines().map(str::trim) {
            let example = line.strip_prefix("///").or(line.strip_prefix("//!"));
            lines.insert(example.unwrap_or(line).trim().to_owned());
        }
    }
    lines
}
