//! The formats of a report: one row here and one file for each.
//!
//! A format's file holds `render`, which makes the text of one report, or of all reports of a
//! command. `cases` lists expectations for the formats of CI systems. `chart` is not a format of
//! the command line: it draws the picture beside a page.

mod cases;
pub(super) mod chart;
mod comment;
pub(super) mod csv;
mod expectations;
mod failure;
mod github;
mod gitlab;
mod hgrm;
mod hlog;
mod json;
mod junit;
pub(super) mod markdown;
mod names;
mod sarif;
mod sweep;
mod table;
mod tap;

pub use json::json_results;
pub use sweep::sweep;
pub(super) use table::{calls, seeds_and_length};

use super::{Ratio, Report, RunStats, Unit, page};

/// `count`, which is over all runs of `state`, for each of them: `117.2`.
fn per_run(state: &RunStats, count: u64) -> String {
    let mean = Ratio::whole(count).divided_by(state.runs.max(1));
    Unit::CountPerRun.shown(mean)
}

/// ` per run`, beside a count of several runs.
const fn of_each(state: &RunStats) -> &'static str {
    if state.runs > 1 { " per run" } else { "" }
}

/// Where a text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether it shows colour.
    pub color: bool,
    /// Its columns.
    pub width: usize,
}

impl Default for Screen {
    /// No terminal: no colour, and 80 columns, so that a text is the same everywhere.
    fn default() -> Self {
        Self {
            color: false,
            width: WIDTH,
        }
    }
}

/// One format.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    about: &'static str,
    text: Text,
    file: Filed,
    detail: Detail,
}

/// What a format makes of the reports of one command.
#[derive(Clone, Copy)]
enum Text {
    /// A text of each; several follow each other in one output.
    Each(Following, fn(&Report, &Screen) -> String),
    /// One text of all.
    Whole(fn(&[&Report]) -> String),
}

/// The files in which a format is kept.
#[derive(Clone, Copy)]
enum Filed {
    /// None: it is for a terminal.
    Nowhere,
    /// `NAME.ENDING` of each report, by its ending.
    Each(&'static str),
    /// One of all, by its name.
    One(&'static str),
    /// `NAME.ENDING` of each report, and one of all, by its name.
    EachAndAll(&'static str, &'static str),
    /// `NAME.POLICY.ENDING` of each policy of each report.
    EachPolicy(&'static str, fn(&Report) -> Vec<(String, String)>),
}

/// How much a format tells beside counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Detail {
    /// Counts alone.
    Counts,
    /// The stories of [`Drill::explain`](crate::drill::Drill::explain).
    Stories,
    /// The runs of [`Drill::replay`](crate::drill::Drill::replay).
    Replays,
}

/// Declares each format: what it is for, its name on the command line, what it makes of the
/// reports of a command, the files in which it is kept, and how much it tells of single calls,
/// which costs further runs.
macro_rules! formats {
    ($(
        #[doc = $about:literal]
        $id:ident = ($name:literal, $text:expr, $file:expr, $detail:ident);
    )*) => {
        /// How a report is shown.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Format {
            $(#[doc = $about] $id,)*
        }

        impl Format {
            /// All formats, in the order in which help texts list them.
            pub const ALL: &[Self] = &[$(Self::$id),*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$id => Row {
                        name: $name,
                        about: $about,
                        text: $text,
                        file: $file,
                        detail: Detail::$detail,
                    },)*
                }
            }
        }
    };
}

formats! {
    /// For a terminal.
    Table = ("table", Text::Each(Following::Apart, table::render), Filed::Nowhere, Stories);
    /// The result, for programs.
    Json = ("json", Text::Each(Following::Array, json::render), Filed::Each("json"), Counts);
    /// One row per policy and measure.
    Csv = ("csv", Text::Each(Following::Rows, csv::render), Filed::Each("csv"), Counts);
    /// One row per policy and expectation.
    Expectations = (
        "expectations",
        Text::Each(Following::Rows, expectations::render),
        Filed::Each("expectations.csv"),
        Counts
    );
    /// The distribution of latency by policy, as HdrHistogram's plotters read it.
    Hgrm = (
        "hgrm",
        Text::Each(Following::Apart, hgrm::render),
        Filed::EachPolicy("hgrm", hgrm::by_policy),
        Counts
    );
    /// The latency of answered calls by policy, and during each fault, as an HdrHistogram log.
    Hlog = (
        "hlog",
        Text::Each(Following::Apart, hlog::render),
        Filed::EachPolicy("hlog", hlog::by_policy),
        Counts
    );
    /// For a repository.
    Markdown = ("md", Text::Each(Following::Apart, markdown::render), Filed::Each("md"), Counts);
    /// Test cases, one per expectation, for Jenkins, GitLab and other CI systems.
    Junit = ("junit", Text::Whole(junit::render), Filed::One("junit.xml"), Stories);
    /// The Test Anything Protocol, version 14.
    Tap = ("tap", Text::Whole(tap::render), Filed::One("results.tap"), Stories);
    /// A page for a browser, in one file without any request.
    Html = ("html", Text::Whole(page::pages), Filed::EachAndAll("html", "index.html"), Replays);
    /// Annotations of GitHub Actions, and a summary of the step where GITHUB_STEP_SUMMARY is set.
    Github = ("github", Text::Whole(github::render), Filed::One("annotations.txt"), Stories);
    /// The text of a comment on a pull request.
    Comment = ("comment", Text::Whole(comment::render), Filed::One("pull-request.md"), Stories);
    /// GitLab's report on code quality.
    Gitlab = ("gitlab", Text::Whole(gitlab::render), Filed::One("code-quality.json"), Counts);
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif = ("sarif", Text::Whole(sarif::render), Filed::One("results.sarif"), Counts);
}

impl Format {
    /// As the command line names it.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What it is, or is for, in a sentence without its full stop.
    pub fn about(self) -> &'static str {
        let about = self.row().about.trim();
        about.strip_suffix('.').unwrap_or(about)
    }

    /// How several reports follow each other in one output.
    pub const fn following(self) -> Following {
        match self.row().text {
            Text::Each(following, _) => following,
            Text::Whole(_) => Following::Whole,
        }
    }

    /// How much it tells beside counts.
    pub const fn detail(self) -> Detail {
        self.row().detail
    }

    /// The files in which it is kept, as a pattern (`NAME.csv`); none if it is for a terminal.
    pub fn file_names(self) -> Option<String> {
        match self.row().file {
            Filed::Nowhere => None,
            Filed::Each(ending) => Some(format!("NAME.{ending}")),
            Filed::EachAndAll(ending, name) => Some(format!("NAME.{ending}, {name}")),
            Filed::One(name) => Some(name.to_owned()),
            Filed::EachPolicy(ending, _) => Some(format!("NAME.POLICY.{ending}")),
        }
    }

    /// Its files of all reports of a command, each report with the name of its files: name and
    /// text of each.
    pub fn files(self, reports: &[(&str, &Report)]) -> Vec<(String, String)> {
        let screen = Screen::default();
        let whole = || {
            let reports = reports.iter().map(|(_, report)| *report);
            self.together(&Vec::from_iter(reports))
        };
        let each = |ending: &str| {
            let file = |(name, report): &(&str, &Report)| {
                (format!("{name}.{ending}"), self.render(report, &screen))
            };
            Vec::from_iter(reports.iter().map(file))
        };
        match self.row().file {
            Filed::Nowhere => Vec::new(),
            Filed::Each(ending) => each(ending),
            Filed::EachAndAll(ending, name) => {
                let mut files = each(ending);
                files.push((name.to_owned(), page::index(reports, ending)));
                files
            }
            Filed::One(name) => vec![(name.to_owned(), whole())],
            Filed::EachPolicy(ending, render) => {
                let of_one = |(name, report): &(&str, &Report)| {
                    let texts = render(report).into_iter();
                    let file = |(policy, text)| (format!("{name}.{policy}.{ending}"), text);
                    Vec::from_iter(texts.map(file))
                };
                reports.iter().flat_map(of_one).collect()
            }
        }
    }

    /// `report` alone.
    pub(super) fn render(self, report: &Report, screen: &Screen) -> String {
        match self.row().text {
            Text::Each(_, render) => render(report, screen),
            Text::Whole(render) => render(&[report]),
        }
    }

    /// All `reports` in one document. Of texts that follow each other, see [`rendered`].
    pub fn together(self, reports: &[&Report]) -> String {
        match self.row().text {
            Text::Each(Following::Array, _) => json_results(reports),
            Text::Each(..) => rendered(reports, self, &Screen::default()),
            Text::Whole(render) => render(reports),
        }
    }
}

/// `reports` in one text, as [`Following`] says.
pub fn rendered(reports: &[&Report], format: Format, screen: &Screen) -> String {
    match format.following() {
        Following::Array if reports.len() != 1 => return json_results(reports),
        Following::Whole => return format.together(reports),
        _ => {}
    }
    let texts = reports.iter().map(|one| format.render(one, screen));
    let joined = texts.reduce(|all, next| match format.following() {
        Following::Rows => all + next.split_once('\n').map_or("", |(_, rows)| rows),
        _ => format!("{all}\n{next}"),
    });
    joined.unwrap_or_default()
}

/// How several reports follow each other in one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Following {
    /// With an empty line between them.
    Apart,
    /// As further rows under the first header.
    Rows,
    /// As the elements of one array, see [`json_results`].
    Array,
    /// One document is about all of them, also about a single one.
    Whole,
}

/// The formats of values without expectations, such as a comparison or a month of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFormat {
    /// For a terminal.
    Table,
    /// For programs.
    Json,
    /// For a spreadsheet.
    Csv,
    /// For a repository.
    Markdown,
    /// A page for a browser, in one file without any request.
    Html,
}

impl ValueFormat {
    /// All of them, in the order in which help texts list them.
    pub const ALL: &[Self] = &[
        Self::Table,
        Self::Json,
        Self::Csv,
        Self::Markdown,
        Self::Html,
    ];

    /// The format of reports that has the same name.
    pub const fn format(self) -> Format {
        match self {
            Self::Table => Format::Table,
            Self::Json => Format::Json,
            Self::Csv => Format::Csv,
            Self::Markdown => Format::Markdown,
            Self::Html => Format::Html,
        }
    }
}

/// The usual width of a terminal.
const WIDTH: usize = 80;
