//! What a provider said, without our keys, which some providers repeat: whole, cut short, or as in
//! a URL. What looks like a key of others goes as well (`text::secrets`).

use std::cmp::Reverse;
use std::ops::Range;

use super::Secret;
use crate::text::secrets;

/// `said` without `keys`, and without what looks like a secret.
pub(super) fn without(keys: &[Secret], said: &str) -> String {
    let mut spellings = Vec::new();
    for key in keys
        .iter()
        .map(Secret::reveal)
        .filter(|key| !key.is_empty())
    {
        spellings.extend([key.to_owned(), in_url(key, "0123456789ABCDEF")]);
        spellings.push(in_url(key, "0123456789abcdef"));
    }
    // One may be the beginning of another.
    spellings.sort_by_key(|spelling| Reverse(spelling.len()));
    spellings.dedup();
    let mut found = Vec::new();
    for spelling in &spellings {
        found.extend(heads(said, spelling));
        found.extend(tails(said, spelling));
    }
    secrets::without(&cut_out(said, found)).into_owned()
}

/// Where `key`, or a beginning of it that is long enough to tell, stands in `said`.
fn heads<'a>(said: &'a str, key: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let start = &key[..key.ceil_char_boundary(TELLING)];
    said.match_indices(start).map(move |(at, _)| {
        let both = said[at..].char_indices().zip(key.chars());
        let same = both.take_while(|((_, a), b)| a == b);
        let end = same
            .last()
            .map_or(at, |((last, c), _)| at + last + c.len_utf8());
        at..end
    })
}

/// Where an end of `key` that is long enough to tell stands in `said`.
fn tails<'a>(said: &'a str, key: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let end = &key[key.floor_char_boundary(key.len().saturating_sub(TELLING))..];
    said.match_indices(end).map(move |(at, _)| {
        let end = at + end.len();
        let both = said[..end].char_indices().rev().zip(key.chars().rev());
        let same = both.take_while(|((_, a), b)| a == b);
        same.last().map_or(end, |((first, _), _)| first)..end
    })
}

/// `said` with a mark for each of these ranges; those that touch get one.
fn cut_out(said: &str, mut found: Vec<Range<usize>>) -> String {
    found.sort_by_key(|range| range.start);
    let (mut shown, mut end) = (String::new(), 0);
    for range in found.into_iter().filter(|range| !range.is_empty()) {
        if range.start > end || end == 0 {
            shown.push_str(&said[end..range.start]);
            shown.push_str(secrets::SHOWN);
        }
        end = end.max(range.end);
    }
    shown.push_str(&said[end..]);
    shown
}

/// `key` as a URL spells it, with these digits.
fn in_url(key: &str, digits: &str) -> String {
    let digit = |value: u8| char::from(digits.as_bytes()[usize::from(value)]);
    let mut spelt = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => spelt.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => spelt.push(char::from(byte)),
            _ => spelt.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
    spelt
}

/// So many bytes of a key are no word of a message.
const TELLING: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_cut_out_whole_in_part_and_as_in_a_url() {
        let keys = ["passe-partout/of+ours=", "passe-partout/of+ours=and-more"];
        let keys = keys.map(Secret::from);
        for (said, shown) in [
            ("bad key passe-partout/of+ours=!", "bad key ***!"),
            ("bad key passe-partout/of+ours=and-more!", "bad key ***!"),
            ("bad key passe-partou...", "bad key ***..."),
            ("bad key ...+ours=and-more!", "bad key ...***!"),
            ("?k=passe-partout%2Fof%2Bours%3D&x", "?k=***&x"),
            ("?k=passe-partout%2fof%2bours%3dand-more", "?k=***"),
            ("passe-partout/of+ours=passe-partout/of", "***"),
            ("a passe is no key", "a passe is no key"),
        ] {
            assert_eq!(without(&keys, said), shown);
        }
    }

    #[test]
    fn a_short_key_is_cut_out_and_an_empty_one_is_none() {
        let keys = ["é-b", ""].map(Secret::from);
        assert_eq!(without(&keys, "is é-b wrong?"), "is *** wrong?");
        assert_eq!(without(&keys, "ab"), "ab");
    }
}
