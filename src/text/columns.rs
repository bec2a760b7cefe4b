//! Texts in columns, for tables that people read.
//!
//! A text from a file never sets the width of a format: `{:width$}` panics above 65,535, and one
//! long name would move all other columns out of sight.

/// The width of a column of these texts, in characters: of the longest, but bounded. A longer text
/// stands out into the columns behind it.
pub(crate) fn width<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    let widths = texts.into_iter().map(|text| text.chars().count());
    widths.max().unwrap_or(0).min(WIDEST)
}

/// `text`, with blanks behind it up to `width` characters.
pub(crate) fn left(text: &str, width: usize) -> String {
    format!("{text}{}", blanks(text, width))
}

/// `text`, with blanks before it up to `width` characters.
pub(crate) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", blanks(text, width))
}

fn blanks(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.chars().count()))
}

/// Wider than any name or value of ours; two such columns fit on a wide screen.
const WIDEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_filled_and_long_ones_stand_out() {
        let long = "é".repeat(70_000);
        let column = width(["a", "éé", &long]);
        assert_eq!(column, 100);
        assert_eq!(width([]), 0);
        assert_eq!(
            (left("éé", 3), right("éé", 3)),
            ("éé ".into(), " éé".into())
        );
        assert_eq!(
            (left(&long, column), right(&long, column)),
            (long.clone(), long)
        );
    }
}
