//! Reads result documents that the command line names.

use std::path::Path;

use super::file_set::settle;
use super::output::CliError;
use crate::report::{self, ReadError, Report};
use crate::text::{Diagnostic, file};

/// The reports in the file at `path`: one for each scenario.
pub(super) fn read(path: &Path) -> Result<Vec<Report>, CliError> {
    settle(path.parent().unwrap_or(Path::new("")))?;
    let wrong = |why: String| {
        let message = format!("`{}` cannot be read: {why}", path.display());
        CliError::new(message, MADE_BY)
    };
    let bytes = file::read(path, MOST_BYTES).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".to_owned()))?;
    let name = path.display().to_string();
    report::read(&text).map_err(|error| match error {
        ReadError::OtherForm(_) => {
            let message = format!("`{}` cannot be read: {error}", path.display());
            CliError::new(message, "make the result again, with this version")
        }
        ReadError::NoResult(error) => Diagnostic::of_json(&name, 1, &text, &error)
            .hint(MADE_BY)
            .into(),
        ReadError::Text { at, why } => at_byte(&name, &text, at, why).hint(MADE_BY).into(),
        _ => wrong(error.to_string()),
    })
}

/// A diagnostic about the byte `at` of the document `text`: only its line is kept.
fn at_byte(name: &str, text: &str, at: usize, why: String) -> Diagnostic {
    let above = &text[..text.floor_char_boundary(at)];
    let start = above.rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let number = above.bytes().filter(|byte| *byte == b'\n').count() + 1;
    Diagnostic::of_line(name, number, line, at - start..at - start + 1, why)
}

const MADE_BY: &str = "name a file that `run --out DIR` or `run --format json` wrote";

/// More than a thousand seeds of thirty policies.
const MOST_BYTES: u64 = 1 << 30;
