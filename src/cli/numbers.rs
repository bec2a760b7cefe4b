//! `--resume DIR` of a search: one file in DIR that what runs came to is appended to.
//!
//! ```text
//! {"form":"firedrill.search/1","version":…,"question":…}   what the numbers depend on
//! [7,[4607182418800017408,null]]                           a job, and the bits of its numbers
//! ```
//!
//! A search that is given the same numbers goes the same way, so this is all that it needs to go
//! on. Bits, because a decimal could be read as the number beside it. A last line that is not whole
//! is dropped.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::output::CliError;
use crate::search::batch::{Memory, Values};

/// The numbers of a folder.
#[derive(Debug)]
pub(super) struct KeptNumbers {
    /// Those of earlier processes.
    kept: BTreeMap<u64, Values>,
    log: Mutex<Log>,
}

#[derive(Debug)]
struct Log {
    file: File,
    trouble: Option<io::Error>,
}

impl KeptNumbers {
    /// The numbers in `folder`, which is made if it is missing, for the search of this `name`;
    /// `question` is all that they depend on.
    pub(super) fn open(folder: &Path, name: &str, question: &Value) -> Result<Self, CliError> {
        let path = folder.join(format!("{name}.jsonl"));
        let cannot = |error: io::Error| {
            let message = format!("cannot keep numbers in `{}`: {error}", path.display());
            CliError::new(
                message,
                "name a folder that you may write to with `--resume`",
            )
        };
        let header = json!({
            "form": FORM,
            "version": env!("CARGO_PKG_VERSION"),
            "question": question,
        });
        let header = format!("{header}\n");
        fs::create_dir_all(folder).map_err(cannot)?;
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(cannot)?,
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let (text, rest) = match text[..whole].strip_prefix(&header) {
            Some(rest) => (&text[..whole], rest),
            None if whole == 0 => (header.as_str(), ""),
            None => {
                let message = format!("`{}` is of another search", path.display());
                return Err(CliError::new(
                    message,
                    "name another folder with `--resume`, or remove the file",
                ));
            }
        };
        let kept = rest
            .lines()
            .map_while(|line| serde_json::from_str(line).ok());
        let kept = kept.map(|(job, bits)| (job, of_bits(bits))).collect();
        fs::write(&path, text).map_err(cannot)?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(cannot)?;
        Ok(Self {
            kept,
            log: Mutex::new(Log {
                file,
                trouble: None,
            }),
        })
    }

    /// Why something could not be kept, if so.
    pub(super) fn trouble(&self) -> Option<CliError> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let message = |error| format!("not everything is kept for `--resume`: {error}");
        log.trouble
            .as_ref()
            .map(|error| CliError::new(message(error), ""))
    }
}

impl Memory for KeptNumbers {
    fn recall(&self, job: u64) -> Option<Values> {
        self.kept.get(&job).cloned()
    }

    fn keep(&self, job: u64, values: &Values) {
        let bits = values.iter().map(|value| value.map(f64::to_bits));
        let line = json!([job, Vec::from_iter(bits)]);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.trouble.is_none()
            && let Err(error) = log.file.write_all(format!("{line}\n").as_bytes())
        {
            log.trouble = Some(error);
        }
    }
}

fn of_bits(bits: Vec<Option<u64>>) -> Values {
    bits.into_iter()
        .map(|bits| bits.map(f64::from_bits))
        .collect()
}

const FORM: &str = "firedrill.search/1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_to_the_bit_and_a_half_line_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |question: &str| KeptNumbers::open(folder.path(), "hunt", &json!(question));
        let values = vec![Some(0.1 + 0.2), None, Some(-0.0)];
        open("a").expect("new").keep(3, &values);
        let path = folder.path().join("hunt.jsonl");
        let whole = fs::read_to_string(&path).expect("text");
        fs::write(&path, format!("{whole}[4,[4607")).expect("written");
        let again = open("a").expect("the same");
        assert_eq!((again.recall(3), again.recall(4)), (Some(values), None));
        assert_eq!(fs::read_to_string(&path).expect("text"), whole);
        assert!(open("b").is_err(), "another question has other numbers");
    }
}
