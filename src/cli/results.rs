//! Reads result documents that the command line names.

use std::path::Path;

use super::output::CliError;
use crate::report::{self, ReadError, Report};
use crate::text::file;

/// The reports in the file at `path`: one for each scenario.
pub(super) fn read(path: &Path) -> Result<Vec<Report>, CliError> {
    let wrong = |why: String| {
        let message = format!("`{}` cannot be read: {why}", path.display());
        CliError::new(message, MADE_BY)
    };
    let bytes = file::read(path, MOST_BYTES).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".to_owned()))?;
    report::read(&text).map_err(|error| match error {
        ReadError::OtherForm(_) => {
            let message = format!("`{}` cannot be read: {error}", path.display());
            CliError::new(message, "make the result again, with this version")
        }
        _ => wrong(error.to_string()),
    })
}

const MADE_BY: &str = "name a file that `run --out DIR` or `run --format json` wrote";

/// More than a thousand seeds of thirty policies.
const MOST_BYTES: u64 = 1 << 30;
