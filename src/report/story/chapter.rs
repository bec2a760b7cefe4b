//! A policy's story in a few lines: how many calls failed and why, the faults to blame, and the
//! worst calls in short.

use super::tell::Names;
use super::{Blame, Story};
use crate::report::ratio::grouped;

impl Story {
    /// Its lines, none wider than `width`.
    pub(crate) fn lines(&self, names: &Names, width: usize) -> Vec<String> {
        let mut lines = folded(&self.summary(), width, "");
        if let Some(blame) = &self.blame {
            lines.extend(folded(&blame.line(names), width, "  "));
        }
        for story in self.worst.told() {
            let (heading, rest) = match story.in_short(names).split_first() {
                Some((heading, rest)) => (heading.clone(), rest.to_vec()),
                None => continue,
            };
            lines.extend(folded(&heading, width, "  "));
            for line in rest {
                let indented = folded(&line, width.saturating_sub(2), "    ");
                lines.extend(indented.into_iter().map(|line| format!("  {line}")));
            }
        }
        lines
    }

    /// `seed 3, the worst: 430 of 1,800 calls failed, 412 exhausted (server_error), 18 deadline`.
    pub(in crate::report) fn summary(&self) -> String {
        let (seed, failed) = (self.seed, grouped(self.worst.failed.len() as u64));
        let calls = grouped(self.worst.calls);
        let ways = self.worst.ways().into_iter();
        let ways = ways.map(|(way, count)| format!(", {} {way}", grouped(count)));
        let ways = String::from_iter(ways);
        format!("seed {seed}, the worst: {failed} of {calls} calls failed{ways}")
    }
}

impl Blame {
    /// `of 430 failed calls, 412 would not have failed without storm; 6 fail without any one
    /// fault`.
    pub(crate) fn line(&self, names: &Names) -> String {
        let mut by = Vec::from_iter(&self.by);
        by.sort_by_key(|(faults, calls)| (faults.is_empty(), std::cmp::Reverse(**calls)));
        let each = by.into_iter().map(|(faults, calls)| {
            let calls = grouped(*calls);
            let faults = Vec::from_iter(faults.iter().map(|fault| names.fault(*fault)));
            match faults.as_slice() {
                [] => format!("{calls} fail without any one fault"),
                faults => {
                    let faults = faults.join(", or without ");
                    format!("{calls} would not have failed without {faults}")
                }
            }
        });
        let each = Vec::from_iter(each).join("; ");
        let untried = self.untried.iter().map(|fault| names.fault(*fault));
        let untried = Vec::from_iter(untried);
        let untried = match untried.is_empty() {
            true => String::new(),
            false => format!(" (not tried without {})", untried.join(", ")),
        };
        let failed = grouped(self.failed);
        format!("of {failed} failed calls, {each}{untried}")
    }
}

/// `text` in lines no wider than `width`; those after the first begin with `indent`.
fn folded(text: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let latest = lines.last_mut().map_or(0, |line| line.chars().count());
        let is_first = lines.len() == 1 && latest == 0;
        if !is_first && latest + 1 + word.chars().count() > width {
            lines.push(format!("{indent}{word}"));
        } else if let Some(line) = lines.last_mut() {
            if !is_first {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::trace::FaultId;

    #[test]
    fn a_long_line_is_folded_between_words() {
        assert_eq!(folded("one two three", 8, "  "), ["one two", "  three"]);
        assert_eq!(folded("immeasurable", 4, "  "), ["immeasurable"]);
    }

    #[test]
    fn blame_names_faults_and_what_was_not_tried() {
        let names = Names::new(["openai"], ["storm", "cascade", "slow"]);
        let by = BTreeMap::from([
            (vec![], 6),
            (vec![FaultId(0)], 1_412),
            (vec![FaultId(0), FaultId(1)], 12),
        ]);
        let blame = Blame {
            failed: 1_430,
            by,
            untried: vec![FaultId(2)],
        };
        let line = "of 1,430 failed calls, 1,412 would not have failed without storm; 12 would not \
            have failed without storm, or without cascade; 6 fail without any one fault \
            (not tried without slow)";
        assert_eq!(blame.line(&names), line);
    }
}
