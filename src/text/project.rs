//! Projects: the folder that paths in a file may not leave.
//!
//! A project has its policies in `policies/`, and usually its scenarios in `scenarios/`. Nothing
//! marks its root otherwise.

use std::path::{Component, Path, PathBuf};

use super::{Diagnostic, Document};

/// The root of the project that the file at `path` belongs to, written relative to that path: the
/// nearest folder that holds `policies/`, from the file's own up to the one that holds `.git`;
/// outside of a repository only the file's own folder and one whose `scenarios/` the file lies in.
/// If there is none, the file's folder.
pub(crate) fn root_of(path: &Path) -> PathBuf {
    let folder = folder_of(path);
    let Ok(real) = folder.canonicalize() else {
        return folder;
    };
    let holder = real
        .ancestors()
        .find(|ancestor| ancestor.join(POLICIES).is_dir() && is_project(ancestor, &real));
    let Some(holder) = holder else {
        return folder;
    };
    let up = real.components().count() - holder.components().count();
    let root = (0..up).fold(folder, |below, _| above(&below));
    match root.canonicalize() {
        Ok(found) if found == holder => root,
        // With symbolic links on the way, only the real path is reliable.
        _ => holder.to_owned(),
    }
}

/// The path `written` at `keys` of the document of the file at `path`: in the file it is relative
/// to the file and has to be below `root`; on the command line it is relative to the current
/// directory and may be anywhere.
pub(crate) fn locate(
    document: &Document,
    root: &Path,
    path: &Path,
    keys: &[&str],
    written: &str,
) -> Result<PathBuf, Diagnostic> {
    if document.is_override(keys) {
        return Ok(PathBuf::from(written));
    }
    if is_inside(root, path, written) {
        return Ok(folder_of(path).join(written));
    }
    let message = format!("`{written}` leaves the project");
    let root = root.display();
    Err(document.problem(keys, message).hint(format!(
        "a path in a file is relative to that file, and stays below the project's root: `{root}`, \
         the nearest folder that holds `policies/` up to the one that holds `.git`, else the \
         file's own"
    )))
}

/// Whether the path `written` in the file at `path` is below `root`, by name and (if it exists)
/// after resolving symbolic links.
fn is_inside(root: &Path, path: &Path, written: &str) -> bool {
    let folder = folder_of(path);
    let (Ok(root), Ok(real)) = (root.canonicalize(), folder.canonicalize()) else {
        return false;
    };
    let target = folder.join(written).canonicalize();
    Path::new(written).is_relative()
        && normalised(&real.join(written)).starts_with(&root)
        && target.map_or(true, |target| target.starts_with(&root))
}

/// Whether a folder that holds `policies/` can be the project of a file in the folder `below`. A
/// home or a temp folder may hold an unrelated `policies/`.
fn is_project(ancestor: &Path, below: &Path) -> bool {
    let repository = below.ancestors().find(|top| top.join(".git").exists());
    let is_in_scenarios = || {
        let way = below.strip_prefix(ancestor);
        way.is_ok_and(|way| way.starts_with("scenarios"))
    };
    ancestor == below || repository.map_or_else(is_in_scenarios, |top| ancestor.starts_with(top))
}

/// The folder of the file at `path`.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The parent folder, derived from the given path.
fn above(folder: &Path) -> PathBuf {
    match folder.components().next_back() {
        Some(Component::Normal(_)) => folder_of(folder),
        Some(Component::CurDir) => PathBuf::from(".."),
        _ => folder.join(".."),
    }
}

/// The path without `.` and `..`, without access to the file system.
fn normalised(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

/// The path `written` in a file as reports show it, without parts that depend on the machine.
pub(crate) fn shown(written: &str) -> String {
    match Path::new(written).file_name() {
        Some(name) if Path::new(written).is_absolute() => name.to_string_lossy().into_owned(),
        _ => written.to_owned(),
    }
}

/// The folder of a project's policies.
pub(crate) const POLICIES: &str = "policies";
