//! The formats of a report: one row here and one file for each.
//!
//! A format's file holds `render`, which makes the text of one report. `chart` is not a format of
//! the command line: it draws the picture beside a page.

pub(super) mod chart;
pub(super) mod csv;
mod failure;
mod json;
mod markdown;
mod sweep;
mod table;

pub use json::json_array;
pub use sweep::sweep;

use super::{Ratio, Report, RunStats, Unit};

/// `count`, which is over all runs of `state`, for each of them: `117.2`.
fn per_run(state: &RunStats, count: u64) -> String {
    let mean = Ratio::whole(count).divided_by(state.runs.max(1));
    Unit::CountPerRun.shown(mean)
}

/// ` per run`, beside a count of several runs.
const fn of_each(state: &RunStats) -> &'static str {
    if state.runs > 1 { " per run" } else { "" }
}

/// Declares each format: its name on the command line, how several reports follow each other in
/// one output, and the function that renders one of them.
macro_rules! formats {
    ($($(#[doc = $about:literal])* $id:ident = ($name:literal, $following:ident, $render:path);)*)
    => {
        /// How a report is shown.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[doc = $about])* $id,)*
        }

        impl Format {
            /// All formats, in the order in which help texts list them.
            pub const ALL: &[Self] = &[$(Self::$id),*];

            /// As the command line names it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$id => $name,)* }
            }

            /// How several reports follow each other in one output.
            pub const fn following(self) -> Following {
                match self { $(Self::$id => Following::$following,)* }
            }

            /// `report` in this format; `color` is for terminals only.
            pub(super) fn render(self, report: &Report, color: bool) -> String {
                match self { $(Self::$id => $render(report, color),)* }
            }
        }
    };
}

formats! {
    /// For a terminal of 80 columns.
    Table = ("table", Apart, table::render);
    /// The result document.
    Json = ("json", Array, json::render);
    /// One row per policy and measure.
    Csv = ("csv", Rows, csv::render);
    /// For a repository.
    Markdown = ("md", Apart, markdown::render);
}

/// How several reports follow each other in one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Following {
    /// With an empty line between them.
    Apart,
    /// As further rows under the first header.
    Rows,
    /// As the elements of one array, see [`json_array`].
    Array,
}
