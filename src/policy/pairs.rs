//! The pairs of neighbouring characters of a text.
//!
//! Nearly every phrase that is looked for in an error has a pair that the text lacks: then the text
//! need not be searched for it.

/// The pairs of a text, in lower case, as bits by a hash of the pair.
pub(super) struct Pairs([u64; 64]);

impl Pairs {
    /// Those of a text in lower case.
    pub(super) fn of(text: &str) -> Self {
        let mut pairs = Self([0; 64]);
        for two in text.as_bytes().windows(2) {
            let place = place(two[0], two[1]);
            pairs.0[usize::from(place / 64)] |= 1 << (place % 64);
        }
        pairs
    }

    /// Whether the text may have a phrase with these pairs; false only if it does not have it.
    pub(super) fn have(&self, phrase: &PhrasePairs) -> bool {
        let has = |place: &u16| self.0[usize::from(place / 64)] >> (place % 64) & 1 == 1;
        phrase.0.iter().all(has)
    }
}

/// The pairs of ASCII characters that a text has if it has a phrase.
pub(super) struct PhrasePairs(Box<[u16]>);

impl PhrasePairs {
    /// Those of a phrase in lower case. A stop may be part of a gap.
    pub(super) fn of(phrase: &str) -> Self {
        let counts = |byte: u8| byte.is_ascii() && byte != b'.';
        let pairs = phrase.as_bytes().windows(2);
        let pairs = pairs.filter(|two| counts(two[0]) && counts(two[1]));
        Self(pairs.map(|two| place(two[0], two[1])).collect())
    }
}

/// The bit of a pair: 7 bits of the first character and 5 of the second.
const fn place(first: u8, second: u8) -> u16 {
    ((first as u16 & 127) << 5) | (second as u16 & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_has_is_never_passed_over() {
        let text = "error code: 429 - {'code': 'insufficient_quota'} \u{e9}t\u{e9}";
        let pairs = Pairs::of(text);
        for (from, _) in text.char_indices() {
            for (to, c) in text.char_indices().skip_while(|(to, _)| *to < from) {
                let part = &text[from..to + c.len_utf8()];
                assert!(pairs.have(&PhrasePairs::of(part)), "{part}");
            }
        }
        assert!(!pairs.have(&PhrasePairs::of("quotas exceeded")));
        assert!(pairs.have(&PhrasePairs::of("error..insufficient")));
    }
}
