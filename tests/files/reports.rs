//! `docs/reports.md`: its table of formats is that of the program.

use firedrill::report::Format;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reports.md");

#[test]
fn the_page_on_reports_lists_every_format() {
    let written = std::fs::read_to_string(PAGE).expect("a page");
    let (before, rest) = written
        .split_once(START)
        .expect("the mark before the table");
    let (_, after) = rest.split_once(END).expect("the mark behind it");
    let shown = format!("{before}{START}{}{END}{after}", table());
    if std::env::var_os("FIREDRILL_DOCS").is_some() {
        std::fs::write(PAGE, &shown).expect("it is ours");
        return;
    }
    assert!(
        written == shown,
        "docs/reports.md is not what the program has: \
         FIREDRILL_DOCS=write cargo test --test files reports"
    );
}

fn table() -> String {
    let rows = Format::ALL.iter().map(|format| {
        let file = format.file_names();
        let file = file.map_or_else(|| "none".to_owned(), |file| format!("`{file}`"));
        format!("| `{}` | {} | {file} |\n", format.name(), format.about())
    });
    let rows: String = rows.collect();
    format!("\n\n| format | what it is, or is for | files in DIR |\n|---|---|---|\n{rows}\n")
}

const START: &str = "<!-- formats -->";
const END: &str = "<!-- end -->";
