//! The commands of the manual: each block of `sh` is run, in order, in a folder for its page.
//!
//! A block that begins with `firedrill` or a variable is run by bash. `run` uses the model engine
//! unless the page says otherwise, so that a page takes a second and not a minute; the two engines
//! print the same but for a note. A comment before the block says what differs from that:
//!
//! - `<!-- not run: REASON -->`: it needs minutes, real endpoints, or a tool that may be missing.
//! - `<!-- exits with N -->`: it does not exit with 0.
//! - `<!-- prints -->` before a block of `text`: that is what the block of `sh` before it prints;
//!   a line `...` stands for any lines.

use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::cmd::cargo_bin;
use snapbox::{Data, assert_data_eq};

use super::{ROOT, pages};

#[cfg(unix)]
#[test]
fn every_command_of_the_manual_runs() {
    let mut run = 0;
    std::thread::scope(|scope| {
        let pages: Vec<_> = pages()
            .into_iter()
            .map(|(page, text)| scope.spawn(move || commands_of(&page, &text)))
            .collect();
        for page in pages {
            run += page.join().expect("its commands do what it says");
        }
    });
    assert!(run >= 15, "only {run} blocks were run");
}

#[test]
fn few_commands_of_the_manual_are_not_run() {
    let (mut all, mut left_out) = (0, Vec::new());
    for (page, text) in pages() {
        for block in blocks(&text).filter(|block| block.language == "sh") {
            all += 1;
            if block.note.starts_with("not run: ") {
                left_out.push(format!("{page}: {}", block.text));
            }
        }
    }
    assert!(
        left_out.len() * 2 < all,
        "{} of {all}:\n{}",
        left_out.len(),
        left_out.join("\n")
    );
}

/// Runs the commands of a page, and says how many blocks were run.
#[cfg(unix)]
fn commands_of(page: &str, text: &str) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let (project, programs) = (folder.path().join("project"), folder.path().join("bin"));
    fs::create_dir(&project).expect("a folder");
    fs::create_dir(&programs).expect("a folder");
    write_program(&programs);
    for name in ["scenarios", "policies", "spaces", "examples", "schema"] {
        copy(&Path::new(ROOT).join(name), &project.join(name));
    }
    let (mut run, mut printed) = (0, String::new());
    for block in blocks(text) {
        match block.language {
            "sh" if !block.note.starts_with("not run: ") && is_ours(&block.text) => {
                printed = output_of(page, &block, &project, &programs);
                run += 1;
            }
            "text" if block.note == "prints" => {
                let data = |text: &str| Data::text(text.to_owned());
                assert_data_eq!(data(&printed), data(&block.text));
            }
            "yaml" | "json" => {
                if let Some(path) = block.note.strip_prefix("file: ") {
                    let path = project.join(path);
                    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                    fs::write(path, &block.text).expect("a file");
                }
            }
            _ => {}
        }
    }
    run
}

/// What a block prints, if it exits as the page says.
#[cfg(unix)]
fn output_of(page: &str, block: &Block, project: &Path, programs: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let here = fs::read_to_string(programs.join("place"));
    let here = here.map_or(project.to_owned(), |place| place.trim_end().into());
    let done = Command::new("bash")
        .args(["-euo", "pipefail", "-c"])
        // The next block goes on where this one ends.
        .arg(format!("trap 'pwd > \"$PLACE\"' EXIT\n{}", block.text))
        .current_dir(here)
        .env("PLACE", programs.join("place"))
        .env("PATH", format!("{}:{path}", programs.display()))
        .env_remove("CI")
        .output()
        .expect("there is a bash");
    let expected = block.note.strip_prefix("exits with ");
    let expected = expected.map_or(0, |code| code.parse().expect("a number"));
    let shown = String::from_utf8_lossy(&done.stdout).into_owned();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(
        done.status.code(),
        Some(expected),
        "{page}: {}\n{shown}\n{told}",
        block.text
    );
    let is_note = |line: &str| line.starts_with("  note: made by the model engine");
    let lines = shown.lines().filter(|line| !is_note(line));
    lines.map(|line| format!("{line}\n")).collect()
}

/// `firedrill`, whose `run` uses the model engine unless it is told.
#[cfg(unix)]
fn write_program(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("firedrill");
    let program = cargo_bin!("firedrill");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--engine*) ;;\nrun*) set -- \"$@\" --engine model ;;\nesac\n\
         exec '{}' \"$@\"\n",
        program.display()
    );
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// Whether a block has a command of ours; `cargo` builds what the test itself was built from.
fn is_ours(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with("firedrill "))
}

/// A fenced block.
struct Block {
    language: &'static str,
    text: String,
    /// The comment in the line before it, if there is one.
    note: String,
}

/// The fenced blocks of a page, in order.
fn blocks(page: &str) -> impl Iterator<Item = Block> {
    let (mut found, mut before, mut inside) = (Vec::new(), "", None);
    for line in page.lines() {
        match (line.strip_prefix("```"), inside.as_mut()) {
            (Some(_), Some(_)) => {
                found.extend(inside.take());
                before = "";
            }
            (Some(word), None) => {
                let known = ["sh", "text", "yaml", "json"]
                    .into_iter()
                    .find(|one| *one == word);
                let note = before
                    .strip_prefix("<!-- ")
                    .and_then(|note| note.strip_suffix(" -->"));
                inside = Some(Block {
                    language: known.unwrap_or(""),
                    text: String::new(),
                    note: note.unwrap_or("").to_owned(),
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) if !line.trim().is_empty() => before = line,
            (None, None) => {}
        }
    }
    found.into_iter()
}

#[cfg(unix)]
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let beside = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &beside),
            false => _ = fs::copy(&path, &beside).expect("a file"),
        }
    }
}
