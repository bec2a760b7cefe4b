//! Reads a file that a user names: bounded, and without blocking.
//!
//! A named pipe has no end until another process writes to it, and a device perhaps none at all:
//! reading either could hang. The caller interprets the bytes and names the file in errors.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The bytes of the file at `path`, at most `most`; otherwise the reason, in words that follow "the
/// file cannot be read: ".
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    #[cfg(feature = "cli")]
    super::noted::note(path);
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    };
    // Checked before opening: opening a named pipe waits for its writer.
    let kind = fs::metadata(path).map_err(told)?.file_type();
    if kind.is_dir() {
        return Err("it is a folder, not a file".to_owned());
    }
    if !kind.is_file() {
        return Err("it is a device or a pipe, not a file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(told)?;
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(told)?;
    if bytes.len() as u64 > most {
        return Err(format!("it is larger than {} MiB", most >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, vec![b'a'; 1 << 20]).unwrap();
        assert_eq!(read(&path, 1 << 20).map(|bytes| bytes.len()), Ok(1 << 20));
        fs::write(&path, vec![b'a'; (1 << 20) + 1]).unwrap();
        let why = read(&path, 1 << 20).unwrap_err();
        assert_eq!(why, "it is larger than 1 MiB");
    }

    #[test]
    fn what_is_no_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let why = |path: &Path| read(path, 1).unwrap_err();
        assert_eq!(why(folder.path()), "it is a folder, not a file");
        let missing = folder.path().join("none");
        assert_eq!(why(&missing), "there is no such file");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()), "no pipe");
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            let why = read(path, 1 << 20).unwrap_err();
            assert_eq!(why, "it is a device or a pipe, not a file");
        }
    }
}
