//! Finds the files that the command line names. It reads them only to tell scenarios, policies and
//! fleets apart.

use std::path::{Path, PathBuf};

use super::output::CliError;
use crate::text::{self, Document};

/// A file, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputFile {
    /// The file, as it was written or found.
    pub(super) path: PathBuf,
    /// Whether the command line names it; otherwise it was found in a folder.
    pub(super) named: bool,
}

/// The YAML files of `paths`: a file itself; of a folder all files at any depth; without paths
/// those of the current directory's `scenarios/`, without its subfolders. A path without any is an
/// error.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<InputFile>, Vec<CliError>> {
    if paths.is_empty() {
        return default_scenarios().map_err(|trouble| vec![trouble]);
    }
    let mut found = Vec::new();
    let mut troubles = Vec::new();
    for path in paths {
        match expand(path) {
            Ok(more) => found.extend(more),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if troubles.is_empty() {
        Ok(found)
    } else {
        Err(troubles)
    }
}

/// Whether the file at `path` is a scenario rather than a policy: it has `providers`. A file that
/// cannot be read counts as one, so that loading it reports the error.
pub(super) fn is_scenario(path: &Path) -> bool {
    match Document::read(path) {
        Ok(document) => document.keys(&[]).iter().any(|key| key == "providers"),
        Err(_) => !is_fleet(path),
    }
}

/// Whether the file at `path` is a fleet: it has `fleet`. In a file that is not YAML, a line that
/// begins so is enough: the fleet's reader redacts its errors.
pub(super) fn is_fleet(path: &Path) -> bool {
    match Document::read(path) {
        Ok(document) => document.keys(&[]).iter().any(|key| key == "fleet"),
        Err(_) => text::file::read(path, 1 << 20).is_ok_and(|bytes| {
            let mut lines = bytes.split(|byte| *byte == b'\n');
            lines.any(|line| line.starts_with(b"fleet:"))
        }),
    }
}

/// The error for a folder, or the default, without scenarios.
pub(super) fn no_scenario(place: &str) -> CliError {
    CliError::new(
        format!("there is no scenario in `{place}`"),
        "name a YAML file that has `providers`, or a folder of them",
    )
}

/// `scenarios/*.yaml` of the current directory.
fn default_scenarios() -> Result<Vec<InputFile>, CliError> {
    let folder = Path::new("scenarios");
    let mut files = Vec::new();
    let read = collect(folder, Depth::Shallow, &mut files);
    if read.is_err() || files.is_empty() {
        return Err(no_scenario("scenarios/*.yaml"));
    }
    Ok(in_order(files))
}

/// The files of one path on the command line.
fn expand(path: &Path) -> Result<Vec<InputFile>, CliError> {
    if !path.is_dir() {
        let path = path.to_path_buf();
        return Ok(vec![InputFile { path, named: true }]);
    }
    let name = path.display().to_string();
    let mut files = Vec::new();
    collect(path, Depth::Deep, &mut files)
        .map_err(|error| CliError::new(format!("cannot read the folder `{name}`: {error}"), ""))?;
    if files.is_empty() {
        return Err(no_scenario(&name));
    }
    Ok(in_order(files))
}

/// Whether subfolders are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Shallow,
    Deep,
}

/// Adds the YAML files of `folder` to `files`. Links to folders are not followed (they can form a
/// cycle), and names that begin with a dot are skipped.
fn collect(folder: &Path, depth: Depth, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if depth == Depth::Deep {
                collect(&path, depth, files)?;
            }
        } else if is_yaml(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file has an extension of scenarios and policies.
fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Sorted: a folder's own order differs between machines.
fn in_order(mut files: Vec<PathBuf>) -> Vec<InputFile> {
    files.sort();
    let found = |path| InputFile { path, named: false };
    files.into_iter().map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_to_its_depth_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for name in ["b.yaml", "a/z.yml", "a/notes.md", ".git/c.yaml", "a.yaml"] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
            std::fs::write(path, "").expect("a file");
        }
        let found = find(&[root.to_path_buf()]).expect("files");
        let names = found
            .iter()
            .map(|found| found.path.strip_prefix(root).expect("below"));
        let names = Vec::from_iter(names.map(|path| path.to_string_lossy().into_owned()));
        assert_eq!(names, ["a/z.yml", "a.yaml", "b.yaml"]);
        assert!(found.iter().all(|found| !found.named));
    }

    #[test]
    fn a_file_that_is_named_is_taken_whatever_its_ending() {
        let path = PathBuf::from("no/such/file.txt");
        let named = true;
        let expected = InputFile {
            path: path.clone(),
            named,
        };
        assert_eq!(find(&[path]).expect("it is not read yet"), [expected]);
    }
}
