//! A report as a page: one HTML file without any request, and an index of several.
//!
//! - `answers`: verdict and finding, and what it costs, in a sentence each; expectations.
//! - `compared`: the policies side by side, with intervals.
//! - `document`: what other commands write as Markdown, as a page.
//! - `calls`: the worst calls step by step; `failures`: what made attempts fail.
//! - `page.html`, `index.html`, `comparison.html`, `document.html`: the templates, with one
//!   `head.html` and the macros of `parts.html`; `page.css` and `page.js` what they hold.
//!
//! `render::chart` draws the charts, `render::markdown` makes the tables. The template engine
//! escapes every value, and none is shown with what looks like a secret in it. Runs that were not
//! made again leave out what only these tell.

mod answers;
mod calls;
mod compared;
mod document;
mod failures;

pub(crate) use document::document;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, context, escape_formatter};
use serde::Serialize;

use super::Report;
use super::compare::Comparison;
use super::render::markdown::{self, Section, is_number};
use super::render::{chart, seeds_and_length};
use crate::text::visible::visible;

/// One report as a page; several as an index, whose links lead to the files beside it.
pub(super) fn pages(reports: &[&Report]) -> String {
    if let [report] = reports {
        return render(report);
    }
    let named = reports.iter().map(|report| (report.name(), *report));
    index(&Vec::from_iter(named), "html")
}

/// `report` as a page.
fn render(report: &Report) -> String {
    let tables = markdown::tables(report);
    let of = |titles: &[&str]| {
        let wanted = tables.iter().filter(|table| titles.contains(&table.title));
        Vec::from_iter(wanted.map(Table::new))
    };
    let others = tables.iter();
    let others =
        others.filter(|table| !WHY.contains(&table.title) && !MONEY.contains(&table.title));
    let context = context! {
        script => Value::from_safe_string(SCRIPT.to_owned()),
        head => answers::Head::new(report),
        expected => answers::expected(report),
        stories => answers::stories(report),
        policies => compared::Policies::new(report),
        comparisons => compared::all(report),
        over_time => Value::from_safe_string(chart::over_time(report)),
        timeline => compared::timeline(report),
        zooms => compared::zooms(report),
        latencies => Value::from_safe_string(chart::latencies(report)),
        latency_table => compared::latencies(report),
        cost => Value::from_safe_string(chart::cost(report)),
        money => of(&MONEY),
        why => of(&WHY),
        struck => failures::struck(report),
        blame => failures::blame(report),
        calls => calls::all(report),
        month => report.month.as_ref().map(|month| {
            document::parts(&month.markdown, std::slice::from_ref(&month.picture))
        }),
        others => Vec::from_iter(others.map(Table::new)),
        is_replayed => !report.replays.is_empty(),
        setup => answers::setup(report),
        again => markdown::command_line(report),
    };
    rendered("page.html", context)
}

/// A page of comparisons, each with its intervals.
pub(crate) fn comparison(comparisons: &[Comparison]) -> String {
    let all = comparisons.iter().map(compared::Compared::new);
    rendered(
        "comparison.html",
        context! { comparisons => Vec::from_iter(all) },
    )
}

/// A page that links to the pages of `reports`, each with the name of its file and their ending.
pub(super) fn index(reports: &[(&str, &Report)], ending: &str) -> String {
    let rows = reports.iter().map(|(name, report)| Entry {
        file: format!("./{}", encoded(&format!("{name}.{ending}"))),
        head: answers::Head::new(report),
        length: seeds_and_length(report),
        strip: Value::from_safe_string(chart::thumbnail(report)),
    });
    let rows = Vec::from_iter(rows);
    let count = |word: &str| rows.iter().filter(|row| row.head.verdict == word).count();
    let counts = ["fails", "inconclusive", "not judged", "holds"].map(|word| (word, count(word)));
    let context = context! {
        counts => counts.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(),
        rows => rows,
    };
    rendered("index.html", context)
}

#[derive(Serialize)]
struct Entry {
    file: String,
    head: answers::Head,
    length: String,
    strip: Value,
}

/// The name of a file in a link.
fn encoded(name: &str) -> String {
    let mut link = String::new();
    for byte in name.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => link.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => link.push(char::from(byte)),
            _ => link += &format!("%{byte:02X}"),
        }
    }
    link
}

/// A template of ours that fails is a mistake of ours: its text says so, and no run is lost.
fn rendered(name: &str, context: Value) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            let shown = Value::from(visible(text).into_owned());
            escape_formatter(out, state, &shown)
        }
        _ => escape_formatter(out, state, value),
    });
    for (name, text) in [
        ("css", CSS),
        ("chart_css", chart::STYLE),
        ("hatch", chart::HATCH),
    ] {
        environment.add_global(name, Value::from_safe_string(text.to_owned()));
    }
    let added = TEMPLATES
        .iter()
        .try_for_each(|(name, text)| environment.add_template(name, text));
    let page = added.and_then(|()| environment.get_template(name)?.render(context));
    match page {
        Ok(page) => page + "\n",
        Err(error) => {
            format!("<!doctype html><title>error</title><p>this page is broken: {error:#}")
        }
    }
}

/// A table of text.
#[derive(Debug, Serialize)]
struct Table {
    title: String,
    sentence: String,
    heads: Vec<Head>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Head {
    text: String,
    is_number: bool,
}

impl Table {
    /// As Markdown has it, without its marks.
    fn new(section: &Section) -> Self {
        let plain = |text: &String| text.replace(['`'], "").replace("**", "");
        let rows = section.rows.rows.iter();
        let rows = rows.map(|cells| Vec::from_iter(cells.iter().map(plain)));
        Self::of(
            section.title,
            &section.sentence,
            &section.rows.headings,
            rows.collect(),
        )
    }

    /// The first column names the row.
    fn of(title: &str, sentence: &str, heads: &[String], rows: Vec<Vec<String>>) -> Self {
        let heads = heads.iter().enumerate().map(|(place, text)| {
            let mut column = rows.iter().filter_map(|row: &Vec<String>| row.get(place));
            Head {
                text: text.clone(),
                is_number: place > 0 && column.all(|text| is_number(text)),
            }
        });
        Self {
            title: title.to_owned(),
            sentence: sentence.to_owned(),
            heads: heads.collect(),
            rows,
        }
    }
}

/// The tables that say why calls failed.
const WHY: [&str; 2] = ["Failed calls", "Failures"];

/// The tables of money.
const MONEY: [&str; 2] = ["Where the money went", "Prices"];

const TEMPLATES: [(&str, &str); 6] = [
    ("comparison.html", include_str!("comparison.html")),
    ("head.html", include_str!("head.html")),
    ("document.html", include_str!("document.html")),
    ("page.html", include_str!("page.html")),
    ("index.html", include_str!("index.html")),
    ("parts.html", include_str!("parts.html")),
];
const CSS: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
