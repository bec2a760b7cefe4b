//! A page of what other commands write as Markdown: headings, paragraphs, tables and commands, with
//! pictures in front.

use minijinja::context;
use minijinja::value::Value;
use serde::Serialize;

use super::{Table, rendered};

/// A part of a page.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Part {
    Title {
        text: String,
        picture: Option<Value>,
    },
    Heading {
        text: String,
    },
    Text {
        text: String,
    },
    Command {
        text: String,
    },
    Table {
        table: Table,
    },
}

/// `markdown`, which we wrote, as a page; `pictures` are SVG of ours, one below each title.
pub(crate) fn document(markdown: &str, pictures: &[String]) -> String {
    let parts = parts(markdown, pictures);
    let title = parts.iter().find_map(|part| match part {
        Part::Title { text, .. } => Some(text.clone()),
        _ => None,
    });
    let context = context! {
        title => title.unwrap_or_default(),
        parts => parts,
    };
    rendered("document.html", context)
}

/// The parts of `markdown`, for the macro that shows them.
pub(super) fn parts(markdown: &str, pictures: &[String]) -> Vec<Part> {
    let mut parts = read(markdown);
    let mut pictures = pictures.iter().cloned().map(Value::from_safe_string);
    for part in &mut parts {
        if let Part::Title { picture, .. } = part {
            *picture = pictures.next();
        }
    }
    parts
}

fn read(markdown: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("# ") {
            let (text, picture) = (plain(text), None);
            parts.push(Part::Title { text, picture });
        } else if line.starts_with("##") {
            let text = plain(line.trim_start_matches('#').trim());
            parts.push(Part::Heading { text });
        } else if line.starts_with("```") {
            let mut command = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("```")) {
                command.push(line);
            }
            lines.next();
            let text = command.join("\n");
            parts.push(Part::Command { text });
        } else if line.starts_with('|') {
            let heads = cells(line);
            let mut rows = Vec::new();
            let mut to_the_right = Vec::new();
            while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
                let row = cells(line);
                let is_rule = row
                    .iter()
                    .all(|cell| cell.chars().all(|c| "-:".contains(c)));
                if rows.is_empty() && is_rule {
                    to_the_right = Vec::from_iter(row.iter().map(|cell| cell.ends_with(':')));
                } else {
                    rows.push(row);
                }
            }
            let mut table = Table::of("", "", &heads, rows);
            for (head, to_the_right) in table.heads.iter_mut().zip(to_the_right) {
                head.is_number |= to_the_right;
            }
            parts.push(Part::Table { table });
        } else if !line.trim().is_empty() {
            let text = plain(line.trim_start_matches("- "));
            parts.push(Part::Text { text });
        }
    }
    parts
}

/// The cells of a line; `\|` is no border.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|');
    let line = line.strip_suffix('|').unwrap_or(line).replace("\\|", "\0");
    let cells = line.split('|');
    cells.map(|cell| plain(&cell.replace('\0', "|"))).collect()
}

/// Without marks.
fn plain(text: &str) -> String {
    text.trim().replace('`', "").replace("**", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_markdown_becomes_headings_tables_and_commands() {
        let text = "# A title\n\nSome `words`.\n\n| a | b |\n|---|--:|\n| x \\| y | 1 |\n\n\
                    ## More\n\n```sh\nrun <it>\n```\n";
        let page = document(text, &["<svg></svg>".to_owned()]);
        for part in [
            "<h1>A title</h1>",
            "<p>Some words.</p>",
            "<th scope=\"row\">x | y</th>",
            "<td class=\"n\">1</td>",
            "<h2>More</h2>",
            "<code>run &lt;it&gt;</code>",
            "<svg></svg>",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
