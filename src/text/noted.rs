//! Notes which files are read, for a caller that has to notice when one of them changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The result of `what`, and every path that was read meanwhile, or that could not be read. The
/// caller does one such thing at a time.
pub(crate) fn noting<T>(what: impl FnOnce() -> T) -> (T, BTreeSet<PathBuf>) {
    let swap = |noted| {
        let mut held = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *held, noted)
    };
    swap(Some(BTreeSet::new()));
    let result = what();
    (result, swap(None).unwrap_or_default())
}

/// Notes that `path` is read, inside of [`noting`]; otherwise it does nothing.
pub(super) fn note(path: &Path) {
    if let Some(noted) = &mut *NOTED.lock().unwrap_or_else(PoisonError::into_inner) {
        noted.insert(path.to_owned());
    }
}

static NOTED: Mutex<Option<BTreeSet<PathBuf>>> = Mutex::new(None);
