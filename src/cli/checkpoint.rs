//! `run --resume DIR`: one file in DIR that finished runs are appended to.
//!
//! ```text
//! {"form":"firedrill.finished-runs/1","version":…,"drills":[…]}   what the runs depend on
//! {"run":7,"finished":{…}}                                        one finished run a line
//! ```
//!
//! A record counts when its line is whole. The last line of a process that was killed can be a part
//! of one: it is dropped, and its run is made again. One process at a time uses the file.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::output::{CliError, print_error};
use crate::drill::{self, Drill, Finished};
use crate::report;

/// The finished runs of a folder.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
    /// Where each record of an earlier process is.
    records: BTreeMap<u64, Record>,
    log: Mutex<Log>,
}

/// A line of the file: its first byte, and its length.
#[derive(Clone, Copy, Debug)]
struct Record {
    start: u64,
    length: u64,
}

#[derive(Debug)]
struct Log {
    file: File,
    /// The end of the last whole record.
    end: u64,
    /// How many runs it holds.
    count: u64,
    /// Why it could not be written or read. After that, nothing more is written.
    trouble: Option<CliError>,
}

/// The first line.
#[derive(Serialize)]
struct Header {
    form: &'static str,
    version: &'static str,
    drills: Vec<Value>,
}

/// A line of a run.
#[derive(Serialize)]
struct Line<'a> {
    run: u64,
    finished: &'a Finished,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadLine {
    run: u64,
    finished: Finished,
}

impl Checkpoint {
    /// The finished runs of `drills` in `folder`, which is made if it is missing.
    pub(super) fn open(folder: &Path, drills: &[Drill]) -> Result<Self, CliError> {
        let path = folder.join(NAME);
        let file = open(folder, &path)?;
        let header = Header {
            form: FORM,
            version: env!("CARGO_PKG_VERSION"),
            drills: drills.iter().map(Drill::inputs).collect(),
        };
        let mut reading = Reading::new(&path, &file);
        let start = reading.header(&header)?;
        let total = drill::total_runs(drills);
        let records = reading.records(total)?;
        let end = reading.end;
        let mut log = Log {
            count: records.len() as u64,
            file,
            end,
            trouble: None,
        };
        let written = log.truncate().and_then(|()| log.append(&start));
        written.map_err(|error| cannot("write", &path, &error))?;
        Ok(Self {
            path,
            records,
            log: Mutex::new(log),
        })
    }

    /// How many runs are kept.
    pub(super) fn count(&self) -> u64 {
        self.log().count
    }

    /// Why a run could not be kept or read, if so.
    pub(super) fn trouble(&self) -> Option<CliError> {
        self.log().trouble.clone()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl drill::Checkpoint for Checkpoint {
    fn has(&self, run: u64) -> bool {
        self.records.contains_key(&run)
    }

    fn load(&self, run: u64) -> Option<Finished> {
        let record = self.records.get(&run)?;
        let mut log = self.log();
        let line = log.read(*record);
        let read = line.and_then(|line| Ok(serde_json::from_slice::<ReadLine>(&line)?));
        match read {
            Ok(line) => Some(line.finished),
            Err(error) => {
                log.trouble = Some(cannot("read", &self.path, &error));
                None
            }
        }
    }

    fn save(&self, run: u64, finished: &Finished) {
        let line = serde_json::to_vec(&Line { run, finished });
        let mut log = self.log();
        if log.trouble.is_some() {
            return;
        }
        let written = line.map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            log.append(&line)
        });
        match written {
            Ok(()) => log.count += 1,
            Err(error) => {
                // What was written of the line is dropped by the next process if not here.
                let _ = log.truncate();
                log.trouble = Some(cannot("write", &self.path, &error));
            }
        }
    }
}

impl Log {
    fn read(&mut self, record: Record) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(record.start))?;
        let mut line = Vec::new();
        (&self.file).take(record.length).read_to_end(&mut line)?;
        Ok(line)
    }

    /// Adds `bytes` in one write: a process that is killed leaves a part of one line at most.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Drops what is behind the last whole record.
    fn truncate(&self) -> io::Result<()> {
        self.file.set_len(self.end)
    }
}

/// The file of finished runs at `path`, for this process alone.
fn open(folder: &Path, path: &Path) -> Result<File, CliError> {
    let made = fs::create_dir_all(folder);
    made.map_err(|error| {
        let message = format!("cannot make `--resume {}`: {error}", folder.display());
        CliError::new(message, "name a folder that you may write to")
    })?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options
        .open(path)
        .map_err(|error| cannot("open", path, &error))?;
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return Err(foreign(path, "it is a device or a pipe"));
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process writes to `{}`", path.display());
            let hint = "wait until it ends, or name another folder";
            Err(CliError::new(message, hint))
        }
        // Where files cannot be locked, two processes at once are not kept apart.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Reads the file line by line.
struct Reading<'a> {
    path: &'a Path,
    lines: BufReader<&'a File>,
    /// The end of the last whole line.
    end: u64,
    line: Vec<u8>,
    number: u64,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path, file: &'a File) -> Self {
        Self {
            path,
            lines: BufReader::new(file),
            end: 0,
            line: Vec::new(),
            number: 0,
        }
    }

    /// Reads the next line, without its end; false when there is no whole one. The rest is in
    /// `line` then.
    fn next(&mut self) -> Result<bool, CliError> {
        self.line.clear();
        self.number += 1;
        let mut line = (&mut self.lines).take(LONGEST_LINE);
        let read = line.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| cannot("read", self.path, &error))?;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            self.end += read as u64;
            return Ok(true);
        }
        match read as u64 {
            LONGEST_LINE => Err(self.damaged("it is too long")),
            _ => Ok(false),
        }
    }

    /// Reads the first line, which must be `header`; returns what is to be written of it.
    fn header(&mut self, header: &Header) -> Result<Vec<u8>, CliError> {
        let mut own = serde_json::to_vec(header).unwrap_or_default();
        if !self.next()? {
            own.push(b'\n');
            return match own.starts_with(&self.line) {
                true => Ok(own),
                false => Err(foreign(self.path, "its first line is not whole")),
            };
        }
        if self.line == own {
            return Ok(Vec::new());
        }
        let found: Value = serde_json::from_slice(&self.line)
            .map_err(|_| foreign(self.path, "its first line is no JSON"))?;
        let own: Value = serde_json::from_slice(&own).unwrap_or_default();
        Err(self.other(&found, &own))
    }

    /// The error for the header `found` instead of `own`.
    fn other(&self, found: &Value, own: &Value) -> CliError {
        if found["form"] != own["form"] {
            return foreign(self.path, "it has another form");
        }
        let path = self.path.display();
        if found["version"] != own["version"] {
            let message = format!("the runs in `{path}` were made by another version of firedrill");
            let hint = "go on with that version, or name another folder";
            return CliError::new(message, hint);
        }
        let message = format!("`{path}` holds runs of other inputs: name another folder");
        let different = different(&found["drills"], &own["drills"]);
        CliError::new(message, &format!("there and now, {different}"))
    }

    /// The place of each record, of at most `total`. A last line that is not whole is told.
    fn records(&mut self, total: u64) -> Result<BTreeMap<u64, Record>, CliError> {
        let mut records = BTreeMap::new();
        loop {
            let start = self.end;
            if !self.next()? {
                break;
            }
            let line: ReadLine = serde_json::from_slice(&self.line)
                .map_err(|error| self.damaged(&error.to_string()))?;
            if line.run >= total {
                return Err(self.damaged(&format!("it is of run {} of {total}", line.run)));
            }
            let length = self.line.len() as u64;
            records.insert(line.run, Record { start, length });
        }
        // The header is written again when it is not whole.
        if self.end > 0 && !self.line.is_empty() {
            let path = self.path.display();
            print_error(&format!(
                "note: the last line of `{path}` is not whole: its run is made again"
            ));
        }
        Ok(records)
    }

    fn damaged(&self, why: &str) -> CliError {
        let message = format!(
            "line {} of `{}` is damaged: {why}",
            self.number,
            self.path.display()
        );
        CliError::new(message, "remove the file to make all runs again")
    }
}

/// The first input that differs: of which drill, and both values.
fn different(found: &Value, own: &Value) -> String {
    let all = |drills: &Value| drills.as_array().cloned().unwrap_or_default();
    let (found, own) = (all(found), all(own));
    let names = |drills: &[Value]| {
        let names = drills.iter().map(|one| one["name"].as_str().unwrap_or("?"));
        Vec::from_iter(names).join(", ")
    };
    let (there, here) = (names(&found), names(&own));
    if there != here {
        return format!("the scenarios are `{there}` and `{here}`");
    }
    let mut pairs = found.iter().zip(&own);
    let differs = pairs.find_map(|(there, here)| {
        let name = here["name"].as_str().unwrap_or("?");
        report::difference(name, there, here)
    });
    differs.unwrap_or_else(|| "they differ".to_owned())
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> CliError {
    let message = format!("cannot {verb} `{}`: {error}", path.display());
    CliError::new(
        message,
        "name a folder that you may write to, with `--resume`",
    )
}

/// The error for a file that is not ours.
fn foreign(path: &Path, why: &str) -> CliError {
    let message = format!("`{}` holds no finished runs: {why}", path.display());
    CliError::new(message, "remove it, or name another folder")
}

/// The file's name.
const NAME: &str = "finished-runs.jsonl";

/// The form of the file: it changes when older readers would misread it.
const FORM: &str = "firedrill.finished-runs/1";

/// No run has a longer record.
const LONGEST_LINE: u64 = 1 << 30;
