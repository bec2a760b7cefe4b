//! Checks the house rules: dependencies of modules, heads of files, lengths, and forbidden names.
//!
//! It reads the sources as tokens, so strings and comments cannot mislead it, and macro bodies are
//! read as well. A violation names the place, the rule, and what to do. Rules that a compiler or
//! clippy can check are left to them (`[lints]` in `Cargo.toml`, `clippy.toml`).

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use tokens::{Facts, Scope};

#[path = "tidy/figures.rs"]
mod figures;
#[path = "tidy/links.rs"]
mod links;
#[path = "tidy/snippets.rs"]
mod snippets;
#[path = "tidy/tokens.rs"]
mod tokens;

/// Every module of the crate, from the bottom up, and the modules that it may use besides itself.
/// These are only modules of the rows above its own, so there are no cycles.
const MODULES: &[(&str, &str)] = &[
    ("time", ""),
    ("units", "time"),
    ("rng", "time"),
    ("text", "time units rng"),
    ("policy", "time units rng"),
    ("policy_file", "time units rng text policy"),
    ("wire", "time units rng"),
    ("trace", "time units rng text policy"),
    ("prices", "time units rng text"),
    ("profiles", "units rng text wire"),
    ("replay", "time units text"),
    (
        "client",
        "time units rng text policy policy_file wire trace prices",
    ),
    ("expect", "time units text policy trace"),
    (
        "scenario",
        "time units text policy policy_file wire trace prices profiles replay expect",
    ),
    ("seeded", "time units rng policy trace replay scenario"),
    (
        "provider",
        "time units rng text policy wire trace prices scenario seeded",
    ),
    (
        "host",
        "time units rng policy wire trace scenario seeded provider",
    ),
    (
        "world",
        "time units rng text policy wire trace prices client scenario seeded provider host",
    ),
    (
        "model",
        "time units rng policy wire trace client scenario seeded provider host world",
    ),
    ("report", "time units rng text policy trace prices expect"),
    ("roi", "time units text prices report"),
    (
        "serve",
        "time units rng text policy wire trace prices scenario seeded provider host report",
    ),
    (
        "drill",
        "time units rng text policy policy_file wire trace prices client expect scenario seeded \
         provider world model report",
    ),
    (
        "search",
        "time units rng text policy policy_file wire trace prices profiles client expect scenario \
         model report drill",
    ),
    (
        "foreign",
        "time units text policy policy_file wire prices profiles client scenario",
    ),
    (
        "readers",
        "text policy policy_file wire trace prices replay client expect scenario host report roi \
         search foreign",
    ),
    (
        "cli",
        "time units rng text policy policy_file wire trace prices client expect scenario seeded \
         provider host world report roi serve drill search foreign",
    ),
];

/// Modules without await, clock and entropy.
const PURE: &str = "time units rng text policy policy_file wire trace prices profiles replay \
                    expect scenario seeded provider model report roi foreign";

/// What pure modules must not use, and what to do instead.
const IMPURE: &[(&str, &str)] = &[
    (
        "std::time::Instant",
        "take `now: crate::time::Instant` as an argument",
    ),
    ("std::time::SystemTime", "take the moment as an argument"),
    ("thread_rng", "take draws from `crate::rng`"),
    (
        "HashMap",
        "use `BTreeMap` or `Vec`: its order is the same in every run",
    ),
    (
        "HashSet",
        "use `BTreeSet` or `Vec`: its order is the same in every run",
    ),
    ("tokio", "leave waiting to `client` and `world`"),
    ("async", "leave waiting to `client` and `world`"),
    ("await", "leave waiting to `client` and `world`"),
];

const MAX_COLUMNS: usize = 100;
const MAX_FUNCTION: usize = 70;
const MAX_FILE: usize = 500;
const REASON: &str = "This file is long because";

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut violations = Vec::new();
    for folder in ["benches", "fuzz/src", "src", "tests"] {
        for path in rust_files(&root.join(folder)) {
            let text = fs::read_to_string(&path).expect("a source file can be read");
            let name = path.strip_prefix(root).expect("it lies below the root");
            let name = name.to_str().expect("its name is UTF-8").replace('\\', "/");
            violations.extend(check(&name, &text));
        }
    }
    assert!(
        violations.is_empty(),
        "{} places are not tidy:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// All Rust files below `folder`, in order of their names.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The violations in the file `name` (from the root of the repository), as lines to print.
fn check(name: &str, text: &str) -> Vec<String> {
    let mut wrong = check_lines(name, text);
    match text.parse::<TokenStream>() {
        Ok(tokens) => {
            let mut facts = Facts::default();
            let scope = Scope::of_file(name);
            facts.read(&tokens.into_iter().collect::<Vec<_>>(), &scope);
            wrong.extend(check_facts(name, &facts));
        }
        Err(error) => {
            let line = error.span().start().line;
            wrong.push((line, "is no Rust: mend it".to_owned()));
        }
    }
    wrong.sort();
    wrong
        .into_iter()
        .map(|(line, what)| format!("{name}:{line}: {what}"))
        .collect()
}

/// Checks by line: the head, the widths, the length of the file.
fn check_lines(name: &str, text: &str) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    if name.starts_with("src/") && !text.starts_with("//!") {
        wrong.push((
            1,
            "has no head: begin with `//!`, what it is for".to_owned(),
        ));
    }
    for (at, line) in text.lines().enumerate() {
        let columns = line.chars().count();
        // A snapshot shows a hint as the program prints it, on one line.
        if columns > MAX_COLUMNS && !line.trim_start().starts_with("= help: ") {
            let what = format!("has {columns} columns: wrap it at {MAX_COLUMNS}");
            wrong.push((at + 1, what));
        }
    }
    let lines = text.lines().count();
    let head: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .collect();
    if lines > MAX_FILE && !head.join(" ").contains(REASON) {
        let what = format!(
            "the file has {lines} lines: split it below {MAX_FILE} where a part has its own \
             name, or give the reason in its head: \"{REASON} …\""
        );
        wrong.push((lines, what));
    }
    wrong
}

/// Checks by token.
fn check_facts(name: &str, facts: &Facts) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    for function in &facts.functions {
        let lines = function.last - function.first + 1;
        if lines > MAX_FUNCTION {
            let what = format!(
                "`{}` has {lines} lines: give its parts names until it has {MAX_FUNCTION}",
                function.name
            );
            wrong.push((function.first, what));
        }
    }
    for path in &facts.paths {
        if let Some(what) = check_path(name, &path.segments) {
            wrong.push((path.line, what));
        }
    }
    if name.starts_with("src/") {
        for &line in &facts.unwraps {
            let what = "`.unwrap()`: return the error, or say with `.expect` why it cannot happen";
            wrong.push((line, what.to_owned()));
        }
    }
    wrong
}

/// The violation of using this path in this file, if any.
fn check_path(name: &str, path: &[String]) -> Option<String> {
    let module = module_of(name)?;
    let (first, shown) = (path[0].as_str(), path.join("::"));
    if first == "unsafe" {
        return Some("`unsafe`: the crate forbids it, find a safe way".to_owned());
    }
    if names(PURE).any(|pure| pure == module) {
        let named = |rule: &str| match rule.contains("::") {
            true => shown == rule || shown.starts_with(&format!("{rule}::")),
            false => path.iter().any(|segment| segment == rule),
        };
        if let Some((_, instead)) = IMPURE.iter().find(|(rule, _)| named(rule)) {
            return Some(format!("`{shown}` in `{module}`, which is pure: {instead}"));
        }
    }
    if first != "crate" || path.len() < 2 {
        return None;
    }
    check_neighbour(module, &path[1])
}

/// The violation of `module` using `other`, if any.
fn check_neighbour(module: &str, other: &str) -> Option<String> {
    if module == other || matches!(module, "lib" | "main") {
        return None;
    }
    let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
        let what = "is not in the table of modules: give it a row in tests/tidy.rs";
        return Some(format!("`{module}` {what}"));
    };
    if MODULES.iter().all(|(name, _)| *name != other) {
        let what = "is not in the table of modules: name the module that has it";
        return Some(format!("`crate::{other}` {what}"));
    }
    let what = format!("`{module}` may not name `{other}`: move what it needs down, or pass it in");
    (!names(allowed).any(|name| name == other)).then_some(what)
}

/// The modules that a cell of the table lists.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split_whitespace()
}

/// The top module that a file of `src` belongs to: `policy` for `src/policy/call.rs`.
fn module_of(name: &str) -> Option<&str> {
    let inner = name.strip_prefix("src/")?;
    let top = inner.split('/').next()?;
    Some(top.strip_suffix(".rs").unwrap_or(top))
}

/// The violations of a file that is a head and `code`.
fn complaints(name: &str, code: &str) -> Vec<String> {
    check(name, &format!("//! Head.\n{code}"))
}

#[test]
fn the_table_has_every_module_and_no_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        // A file that is not Rust belongs to the module beside it, such as the price book.
        if path.is_file() && path.extension().is_none_or(|extension| extension != "rs") {
            assert!(
                path.with_extension("rs").is_file(),
                "{path:?} belongs to no module"
            );
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("its name is UTF-8");
        let name = name.strip_suffix(".rs").unwrap_or(name);
        let known = MODULES.iter().any(|(module, _)| *module == name);
        assert!(
            known || matches!(name, "lib" | "main"),
            "`{name}` has no row"
        );
    }
    for (row, (module, allowed)) in MODULES.iter().enumerate() {
        for other in names(allowed) {
            let above = MODULES[..row].iter().any(|(name, _)| *name == other);
            assert!(
                above,
                "`{module}` names `{other}`, which does not stand above it"
            );
        }
    }
}

#[test]
fn a_module_names_only_those_below_it() {
    let name = "src/policy/call.rs";
    for code in [
        "use crate::client::Client;",
        "use crate::{time::Instant, client};",
        "use super::super::client::Client;",
        "use crate::time; mod tests { use super::super::super::client; }",
        "fn f() { assert!(crate::client::ready()); }",
        "#[cfg(test)] mod tests { fn f(x: &crate::client::Client) {} }",
        "fn f() -> Vec<crate::client::Client> { g() }",
    ] {
        let found = complaints(name, code);
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        assert!(
            found[0].contains("`policy` may not name `client`"),
            "{found:?}"
        );
    }
    for code in [
        "use crate::time::Instant;",
        "use super::{client, breaker::State};",
        "pub(super) fn f() {} pub(crate) fn g() {}",
        "use self::inner::X; mod inner { use super::super::fleet; }",
        "// crate::client\nconst X: &str = \"crate::client\";",
        "const X: &str = r#\"\" crate::client\"#;",
    ] {
        assert_eq!(complaints(name, code), Vec::<String>::new(), "{code}");
    }
}

#[test]
fn unknown_modules_are_named() {
    let found = complaints("src/policy/call.rs", "use crate::Client;");
    assert!(
        found[0].contains("`crate::Client` is not in the table"),
        "{found:?}"
    );
    let found = complaints("src/utils.rs", "use crate::time;");
    assert!(
        found[0].contains("`utils` is not in the table"),
        "{found:?}"
    );
}

#[test]
fn pure_modules_name_no_clock_and_no_hash_map() {
    for code in [
        "use std::time::{Duration, Instant};",
        "fn f() { std::time::SystemTime::now(); }",
        "use std::collections::HashMap;",
        "fn f() { let x = rand::thread_rng(); }",
        "async fn f() {}",
    ] {
        assert_eq!(complaints("src/report/mod.rs", code).len(), 1, "{code}");
        assert_eq!(complaints("src/client/mod.rs", code), Vec::<String>::new());
    }
    let code = "use std::time::Duration; use crate::time::Instant;";
    assert_eq!(complaints("src/report/mod.rs", code), Vec::<String>::new());
}

#[test]
fn unwrap_and_unsafe_stay_out_of_src() {
    let code = "fn f() { g().unwrap(); h().unwrap_or(1); }";
    assert_eq!(complaints("src/wire/sse.rs", code).len(), 1);
    assert_eq!(complaints("src/wire/tests.rs", code), Vec::<String>::new());
    let code = "#[cfg(test)]\nmod tests { #[test] fn f() { g().unwrap(); } }\nfn h() {}";
    assert_eq!(complaints("src/wire/sse.rs", code), Vec::<String>::new());
    let code = "#[test] fn f() { g().unwrap(); }\nfn h() { g().unwrap() }";
    let found = complaints("src/wire/sse.rs", code);
    assert!(
        found.len() == 1 && found[0].starts_with("src/wire/sse.rs:3: "),
        "{found:?}"
    );
    assert_eq!(
        complaints("src/wire/sse.rs", "fn f() { unsafe { g() } }").len(),
        1
    );
}

#[test]
fn long_functions_are_counted_through_strings_and_macros() {
    let long = "\n".repeat(MAX_FUNCTION - 1);
    let code = format!("proptest! {{ #[test] fn long() {{ f('}}', \"}}\"); {long} }} }}");
    assert_eq!(complaints("src/rng.rs", &code), Vec::<String>::new());
    let code = code.replace("f(", "\nf(");
    let found = complaints("src/rng.rs", &code);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("src/rng.rs:2: `long` has 71 lines"),
        "{found:?}"
    );
    let pointers = format!("struct S {{ f: fn(u8) -> u8, {long} g: fn() }} trait T {{ fn f(); }}");
    assert_eq!(complaints("src/rng.rs", &pointers), Vec::<String>::new());
}

#[test]
fn heads_widths_and_file_lengths_are_held() {
    assert_eq!(check("src/rng.rs", "// Head.\n").len(), 1);
    assert_eq!(check("tests/rng.rs", "// Head.\n"), Vec::<String>::new());
    let wide = format!("//! {}\n", "ä".repeat(96));
    assert_eq!(check("src/rng.rs", &wide), Vec::<String>::new());
    assert_eq!(check("src/rng.rs", &wide.replace("! ", "! x")).len(), 1);
    let long = "\n".repeat(MAX_FILE);
    assert_eq!(complaints("src/rng.rs", &long).len(), 1);
    let excused = format!("//! This file is\n//! long because it is.\n{long}");
    assert_eq!(check("src/rng.rs", &excused), Vec::<String>::new());
}
