//! Files that are replaced together: a folder of `--out` holds those of one run, never of two.
//!
//! ```text
//! texts --> DIR/.firedrill-new --rename--> DIR/.firedrill-set --one by one--> DIR
//! ```
//!
//! The rename of the whole folder is the moment at which the set is new. Until then no file of the
//! old set is touched. After it, a process that is killed leaves `.firedrill-set`, and the next
//! command that writes to the folder, or reads a result in it, moves the rest into place first.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::output::CliError;
use crate::report::{Format, Report};

/// Files for one folder, held until all of them are written.
#[derive(Debug)]
pub(super) struct FileSet<'a> {
    folder: PathBuf,
    /// By their names.
    files: Vec<(String, Content<'a>)>,
    /// Further formats of the reports.
    also: Vec<Format>,
    /// The reports, with the name of their files; none where there are no further formats.
    reports: Vec<(String, Report)>,
}

/// What a file holds.
enum Content<'a> {
    Text(String),
    /// What is written when the set is, piece by piece: it may not fit into memory.
    Written(Box<dyn FnOnce(File) -> io::Result<()> + 'a>),
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Written(_) => f.write_str("Written"),
        }
    }
}

impl<'a> FileSet<'a> {
    /// For the folder that `argument` names, which is made if it is missing.
    pub(super) fn new(argument: &str, folder: PathBuf) -> Result<Self, CliError> {
        let shown = folder.display();
        if folder.exists() && !folder.is_dir() {
            let message = format!("`{argument} {shown}` is a file, not a folder");
            return Err(CliError::new(
                message,
                "name a folder; it is made if it is missing",
            ));
        }
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self {
                folder,
                files: Vec::new(),
                also: Vec::new(),
                reports: Vec::new(),
            }),
            Err(error) => Err(CliError::new(
                format!("cannot make `{argument} {shown}`: {error}"),
                "name a folder that you may write to",
            )),
        }
    }

    /// Adds further formats to those of each report.
    pub(super) fn also(mut self, formats: impl Iterator<Item = Format>) -> Self {
        self.also.extend(formats);
        self
    }

    /// Adds a file; its name may begin with a folder below.
    pub(super) fn add(&mut self, name: String, text: String) {
        self.files.push((name, Content::Text(text)));
    }

    /// Adds a file that `write` fills when the set is written.
    pub(super) fn add_written(
        &mut self,
        name: String,
        write: impl FnOnce(File) -> io::Result<()> + 'a,
    ) {
        self.files.push((name, Content::Written(Box::new(write))));
    }

    /// Adds `report` under `name`: as Markdown, with its picture, as CSV, as JSON, and in the
    /// formats of `--also`.
    pub(super) fn add_report(&mut self, name: &str, report: &Report) {
        let page = report.clone().with_picture(&format!("{name}.svg"));
        for (ending, text) in [
            ("md", page.render(Format::Markdown, false)),
            ("svg", report.picture()),
            ("csv", report.render(Format::Csv, false)),
            ("json", report.render(Format::Json, false)),
        ] {
            self.add(format!("{name}.{ending}"), text);
        }
        if !self.also.is_empty() {
            self.reports.push((name.to_owned(), report.clone()));
        }
    }

    /// The reports that are kept for `--also`.
    pub(super) fn reports(&self) -> impl Iterator<Item = &Report> {
        self.reports.iter().map(|(_, report)| report)
    }

    /// Adds the files of `--also` that are not there yet.
    fn add_further(&mut self) {
        let named = self.reports.iter();
        let named = Vec::from_iter(named.map(|(name, report)| (name.as_str(), report)));
        let files = self.also.iter().flat_map(|format| format.files(&named));
        for (name, text) in Vec::from_iter(files) {
            if self.files.iter().all(|(known, _)| *known != name) {
                self.add(name, text);
            }
        }
    }

    /// Replaces all files of the folder that have these names, or none.
    pub(super) fn write(mut self) -> Result<(), CliError> {
        self.add_further();
        let folder = self.folder.clone();
        let _lock = lock(&folder);
        settle_locked(&folder)?;
        self.commit().map_err(|(path, error)| {
            let message = format!("cannot write `{}`: {error}", path.display());
            let hint = "no file was replaced: name a folder that you may write to, without a \
                        folder of this name in it";
            CliError::new(message, hint)
        })?;
        settle_locked(&folder)
    }

    /// Writes the set, and makes it the new one. The error is about one of its files, or about the
    /// folder.
    fn commit(self) -> Result<(), (PathBuf, io::Error)> {
        let folder = self.folder.clone();
        let at = |error| (folder.clone(), error);
        for (name, _) in &self.files {
            let path = folder.join(name);
            if path.is_dir() {
                return Err((path, ErrorKind::IsADirectory.into()));
            }
        }
        let new = folder.join(NEW);
        remove(&new).map_err(at)?;
        fs::create_dir(&new).map_err(at)?;
        let written = self.write_to(&new).and_then(|()| {
            let renamed = fs::rename(&new, folder.join(SET));
            renamed.map_err(at)
        });
        written.inspect_err(|_| {
            let _ = remove(&new);
        })
    }

    /// Writes all files to `new`. They reach the disk before the rename does: after a power cut, a
    /// file that was renamed could be empty otherwise.
    fn write_to(self, new: &Path) -> Result<(), (PathBuf, io::Error)> {
        let mut files = Vec::new();
        for (name, content) in self.files {
            let path = new.join(&name);
            let place = self.folder.join(name);
            let at = |error| (place.clone(), error);
            let folder = path.parent().unwrap_or(new);
            fs::create_dir_all(folder).map_err(at)?;
            let mut file = File::create_new(&path).map_err(at)?;
            match content {
                Content::Text(text) => file.write_all(text.as_bytes()).map_err(at)?,
                Content::Written(write) => {
                    let whole = file.try_clone().and_then(write);
                    whole.map_err(at)?;
                }
            }
            files.push((place, file));
        }
        for (place, file) in files {
            file.sync_all().map_err(|error| (place, error))?;
        }
        Ok(())
    }
}

/// Moves into place what is left of a set whose process was killed while it was replaced. To be
/// called before a file of `folder` is read.
pub(super) fn settle(folder: &Path) -> Result<(), CliError> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    if !folder.join(SET).exists() {
        return Ok(());
    }
    let _lock = lock(folder);
    settle_locked(folder)
}

fn settle_locked(folder: &Path) -> Result<(), CliError> {
    let set = folder.join(SET);
    let moved = move_all(&set, folder);
    moved.map_err(|(file, error)| {
        let message = format!(
            "not all files of `{}` are in place: `{}`: {error}",
            set.display(),
            file.display()
        );
        CliError::new(message, "move them to the folder above, over the old ones")
    })
}

/// Moves the files of `set` and of its folders, if it is there; the error is about one of them,
/// or about `set`.
fn move_all(set: &Path, folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    let at = |error| (set.to_path_buf(), error);
    let entries = match fs::read_dir(set) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(at)?,
    };
    for entry in entries {
        let entry = entry.map_err(at)?;
        let file = folder.join(entry.file_name());
        if entry.file_type().map_err(at)?.is_dir() {
            fs::create_dir_all(&file).map_err(|error| (file.clone(), error))?;
            move_all(&entry.path(), &file)?;
            continue;
        }
        fs::rename(entry.path(), &file).map_err(|error| (file, error))?;
    }
    fs::remove_dir(set).map_err(at)
}

/// One process at a time replaces files of `folder`. Where folders cannot be locked, two that do so
/// at once are not kept apart.
fn lock(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// Removes a folder, if there is one.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where a set is written.
const NEW: &str = ".firedrill-new";

/// A whole set of which some files are not in place.
const SET: &str = ".firedrill-set";

#[cfg(test)]
mod tests {
    use super::*;

    fn set(folder: &Path, text: &str) -> FileSet<'static> {
        let mut set = FileSet::new("--out", folder.to_path_buf()).expect("a folder");
        for name in ["a.md", "b.md"] {
            set.add(name.to_owned(), text.to_owned());
        }
        set
    }

    /// The names in `folder`, with their texts.
    fn texts(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).expect("a folder");
        let text = |entry: io::Result<fs::DirEntry>| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read_to_string(entry.path()).expect("a text"))
        };
        let mut texts = Vec::from_iter(entries.map(text));
        texts.sort();
        texts
    }

    fn both(one: &str, other: &str) -> Vec<(String, String)> {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        vec![pair("a.md", one), pair("b.md", other)]
    }

    #[test]
    fn a_set_replaces_the_old_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["old", "new"] {
            set(folder.path(), text).write().expect("written");
            assert_eq!(texts(folder.path()), both(text, text));
        }
    }

    #[test]
    fn a_set_that_was_killed_before_the_rename_is_old_and_after_it_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        set(path, "old").write().expect("written");
        fs::create_dir(path.join(NEW)).expect("made");
        fs::write(path.join(NEW).join("a.md"), "half").expect("written");
        settle(path).expect("nothing to do");
        assert_eq!(
            fs::read_to_string(path.join("a.md")).expect("a text"),
            "old"
        );
        set(path, "old").write().expect("written over the half");
        assert_eq!(texts(path), both("old", "old"));
        // Killed between the two moves.
        fs::write(path.join("a.md"), "new").expect("moved");
        fs::create_dir(path.join(SET)).expect("made");
        fs::write(path.join(SET).join("b.md"), "new").expect("written");
        settle(path).expect("moved");
        assert_eq!(texts(path), both("new", "new"));
    }

    #[test]
    fn one_file_that_cannot_be_replaced_keeps_all_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        fs::create_dir(path.join("b.md")).expect("a folder in the way");
        fs::write(path.join("a.md"), "old").expect("written");
        assert!(set(path, "new").write().is_err());
        assert_eq!(
            fs::read_to_string(path.join("a.md")).expect("a text"),
            "old"
        );
        assert_eq!(fs::read_dir(path).expect("entries").count(), 2);
    }
}
