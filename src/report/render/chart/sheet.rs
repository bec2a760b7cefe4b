//! A sheet that charts are drawn on, from the top down: text, rows, and plots of their own scale.
//!
//! A plot is `SCALE` units wide whatever the sheet is, so that a page can zoom it by its view box.

use super::scale::scaled;
use crate::text::visible::visible;

/// A chart while it is drawn.
#[derive(Debug)]
pub(super) struct Sheet {
    width: u64,
    /// The next free pixel.
    y: u64,
    drawn: Vec<String>,
}

impl Sheet {
    /// An empty one of this width in pixels.
    pub(super) const fn new(width: u64) -> Self {
        Self {
            width,
            y: 0,
            drawn: Vec::new(),
        }
    }

    /// The width of a plot in pixels.
    pub(super) const fn plot_width(&self) -> u64 {
        self.width - LEFT - RIGHT
    }

    /// Whether there is room for whole sentences beside a name.
    pub(super) const fn is_wide(&self) -> bool {
        self.width >= 600
    }

    /// Leaves room.
    pub(super) const fn skip(&mut self, height: u64) {
        self.y += height;
    }

    /// A line of text in a class of its own, folded between words.
    pub(super) fn paragraph(&mut self, class: &str, said: &str, size: u64) {
        let most = (self.width - RIGHT) * 100 / (size * 56);
        for line in folded(said, usize::try_from(most).unwrap_or(usize::MAX)) {
            self.y += size + 6;
            self.text(0, self.y - 4, class, "start", &line);
        }
    }

    /// What the rows below show.
    pub(super) fn heading(&mut self, said: &str) {
        self.skip(10);
        self.paragraph("head", said, 12);
        self.skip(2);
    }

    /// What the fills of the rows below mean: classes, each with its word.
    pub(super) fn legend(&mut self, fills: &[(&str, &str)]) {
        self.y += 18;
        let (mut x, y) = (LEFT, self.y - 5);
        for (class, word) in fills {
            let top = y - 9;
            self.drawn.push(format!(
                "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"14\" height=\"10\"/>"
            ));
            self.text(x + 19, y, "tick", "start", word);
            x += 19 + word.chars().count() as u64 * 6 + 10;
        }
    }

    /// A name at the left and a value at the right, above a row.
    pub(super) fn label(&mut self, name: &str, value: &str) {
        self.y += 21;
        let room = self.width - LEFT - RIGHT;
        let room = room.saturating_sub(value.chars().count() as u64 * 8 + 12);
        let name = shortened(name, usize::try_from(room / 7).unwrap_or(usize::MAX));
        self.text(LEFT, self.y - 5, "name", "start", &name);
        let right = self.width - RIGHT;
        self.text(right, self.y - 5, "value", "end", value);
    }

    /// A row of plots: `inner` in units of [`SCALE`] by `height`. `top` and `bottom` are the values
    /// at its edges.
    pub(super) fn plot(&mut self, height: u64, inner: &str, [top, bottom]: [&str; 2]) {
        let (y, width) = (self.y, self.plot_width());
        if !top.is_empty() {
            self.text(LEFT - 5, y + 9, "tick", "end", top);
            self.text(LEFT - 5, y + height, "tick", "end", bottom);
        }
        self.drawn.push(format!(
            "<svg class=\"plot\" x=\"{LEFT}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {SCALE} {height}\" preserveAspectRatio=\"none\">{inner}</svg>"
        ));
        self.y += height;
    }

    /// The marks of an axis below the rows, each at its place of [`SCALE`]; a text that would touch
    /// the one before it is left out.
    pub(super) fn axis(&mut self, class: &str, marks: &[(u64, String)]) {
        let (y, width) = (self.y, self.plot_width());
        let mut free = 0;
        let mut drawn = Vec::new();
        for (place, said) in marks {
            let x = LEFT + scaled(*place, SCALE, width);
            let half = said.chars().count() as u64 * 4 + 1;
            drawn.push(format!("<path class=\"mark\" d=\"M{x} {y}v4\"/>"));
            let x = x.min(self.width - half);
            if x >= free + half {
                free = x + half + 8;
                let (y, said) = (y + 16, escaped(said));
                drawn.push(format!(
                    "<text class=\"tick\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{said}</text>"
                ));
            }
        }
        let (x, drawn) = (LEFT, drawn.join(""));
        self.drawn.push(format!(
            "<g class=\"{class}\" data-x=\"{x}\" data-y=\"{y}\" data-width=\"{width}\">{drawn}</g>"
        ));
        self.y += 22;
    }

    /// A text beside a place of [`SCALE`] in the row that comes next: it begins there,
    /// or ends where the row ends.
    pub(super) fn beside(&mut self, place: u64, said: &str) {
        let x = LEFT + scaled(place, SCALE, self.plot_width());
        let room = self.plot_width() / 7;
        let said = shortened(said, usize::try_from(room).unwrap_or(usize::MAX));
        let length = said.chars().count() as u64 * 7;
        let last = (self.width - RIGHT).saturating_sub(length);
        let x = x.min(last.max(LEFT));
        let (y, said) = (self.y + 12, escaped(&said));
        self.drawn.push(format!(
            "<text class=\"note\" x=\"{x}\" y=\"{y}\" data-at=\"{place}\" \
             data-length=\"{length}\">{said}</text>"
        ));
    }

    fn text(&mut self, x: u64, y: u64, class: &str, anchor: &str, said: &str) {
        let said = escaped(said);
        self.drawn.push(format!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{said}</text>"
        ));
    }

    /// As a part of a page, which has the styles; `about` is read out in its place. A page that
    /// zooms reads the length of the run, in seconds, from `end`.
    pub(super) fn part(self, class: &str, about: &str, end: &str) -> String {
        let Self { width, y, drawn } = self;
        let (height, about, drawn) = (y + 4, escaped(about), drawn.join("\n"));
        format!(
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             data-end=\"{end}\" aria-label=\"{about}\">\n{drawn}\n</svg>"
        )
    }

    /// As a file of its own.
    pub(super) fn file(self, title: &str, about: &str) -> String {
        let Self { width, y, drawn } = self;
        let (height, drawn) = (y + MARGIN, drawn.join("\n"));
        let (title, about) = (escaped(title), escaped(about));
        let (all_width, all_height) = (width + 2 * MARGIN, height + MARGIN);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" \
             viewBox=\"-{MARGIN} -{MARGIN} {all_width} {all_height}\" width=\"{all_width}\" \
             height=\"{all_height}\">\n<title>{title}</title>\n<desc>{about}</desc>\n\
             <style>{STYLE}</style>\n{HATCH}\n\
             <rect class=\"paper\" x=\"-{MARGIN}\" y=\"-{MARGIN}\" width=\"{all_width}\" \
             height=\"{all_height}\"/>\n{drawn}\n</svg>\n"
        )
    }
}

/// Text for SVG and HTML, in elements and in attributes: without what looks like a secret.
pub(super) fn escaped(text: &str) -> String {
    let text = visible(text).replace('&', "&amp;").replace('"', "&quot;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// At most `most` characters: of a longer text both ends, since names often differ at the end.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let all = text.chars().count();
    if all <= most {
        return text.to_owned();
    }
    let kept = most.max(3) - 1;
    let tail = kept / 2;
    let head = text.chars().take(kept - tail);
    let head = String::from_iter(head);
    let tail = String::from_iter(text.chars().skip(all - tail));
    format!("{head}\u{2026}{tail}")
}

/// `text` in lines of at most `most` characters, if its words are no longer.
fn folded(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word = shortened(word, most);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The width of a plot in its own units.
pub(super) const SCALE: u64 = 6_000;

/// Colours and letters of charts: light, dark, and for print.
pub(crate) const STYLE: &str = include_str!("chart.css");

/// The pattern of what failed: it is told from the rest without colour.
pub(in crate::report) const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
    patternUnits=\"userSpaceOnUse\" patternTransform=\"scale(8 1) rotate(45)\">\
    <rect class=\"hatch-back\" width=\"6\" height=\"6\"/><path class=\"hatch-line\" \
    d=\"M0 0V6\"/></pattern></defs>";

// Pixels.
const LEFT: u64 = 44;
const RIGHT: u64 = 4;
const MARGIN: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        let mut sheet = Sheet::new(400);
        sheet.label("<b>\"&amp;", "1%");
        let drawn = sheet.part("x", "\"><script>", "1");
        assert!(drawn.contains("&lt;b&gt;&quot;&amp;amp;"), "{drawn}");
        assert!(
            !drawn.contains("<script>") && !drawn.contains("<b>"),
            "{drawn}"
        );
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(
            shortened("policy-with-a-long-name-a", 11),
            "polic\u{2026}ame-a"
        );
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("anything", 0), "a\u{2026}g");
    }

    #[test]
    fn words_are_folded_and_a_word_too_long_is_shortened() {
        assert_eq!(folded("one two three", 7), ["one two", "three"]);
        assert_eq!(folded("immeasurable", 5), ["im\u{2026}le"]);
    }
}
