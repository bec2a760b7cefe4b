//! States in a plane: a panel of cells for each policy, with axes and a legend.

use std::fmt::Write as _;

use super::sheet::{STYLE, escaped};

/// What is drawn.
#[derive(Debug)]
pub(crate) struct Map<'a> {
    /// Above the panels, if it stands alone.
    pub(crate) title: Option<&'a str>,
    /// What it is, for a screen reader.
    pub(crate) about: &'a str,
    /// The axis across: its name, its short name and the value of each column.
    pub(crate) across: (&'a str, &'a str, &'a [String]),
    /// The axis up, likewise; the first row is at the bottom.
    pub(crate) up: (&'a str, &'a str, &'a [String]),
    /// The colour and the name of each state.
    pub(crate) states: &'a [(&'a str, &'a str)],
    /// The name of each panel, and the position of each cell's state, row by row.
    pub(crate) panels: Vec<(&'a str, Vec<Vec<usize>>)>,
}

impl Map<'_> {
    /// As SVG that needs no other file, light and dark.
    pub(crate) fn draw(&self) -> String {
        let top = if self.title.is_some() { TITLE } else { MARGIN };
        let columns = self.panels.len().clamp(1, MOST_BESIDE);
        let rows = self.panels.len().div_ceil(columns).max(1);
        let (width, height) = (self.panel_width(), self.panel_height());
        let widest = (columns * width + MARGIN).max(NARROWEST);
        let whole = (widest, rows * height + top + LEGEND);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart map\" width=\"{0}\" \
             height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2}\">\n\
             <style>{STYLE}</style>\n<path class=\"paper\" d=\"M0 0H{0}V{1}H0Z\"/>\n",
            whole.0,
            whole.1,
            escaped(self.about),
        );
        if let Some(title) = self.title {
            let bold = "font-size=\"15\" font-weight=\"bold\"";
            label(&mut svg, (MARGIN, 24), "start", bold, title);
        }
        for (nth, (name, cells)) in self.panels.iter().enumerate() {
            let (left, top) = (nth % columns * width, top + nth / columns * height);
            let _ = writeln!(svg, "<g transform=\"translate({left} {top})\">");
            self.panel(&mut svg, name, cells);
            svg += "</g>\n";
        }
        self.legend(&mut svg, top + rows * height);
        svg + "</svg>\n"
    }

    fn panel(&self, svg: &mut String, name: &str, cells: &[Vec<usize>]) {
        let ((across, column_name, columns), (up, row_name, rows)) = (self.across, self.up);
        label(svg, (LEFT, 14), "start", "font-weight=\"bold\"", name);
        for (nth, (row, states)) in rows.iter().zip(cells).enumerate() {
            let y = HEAD + (rows.len() - 1 - nth) * CELL;
            for (place, (column, state)) in columns.iter().zip(states).enumerate() {
                let x = LEFT + place * CELL;
                let (color, words) = self.states.get(*state).copied().unwrap_or_default();
                let told = format!("{column_name} {column}, {row_name} {row}: {words}");
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" \
                     fill=\"{color}\" class=\"cell\"><title>{}</title></rect>",
                    escaped(&told),
                );
            }
            label(svg, (LEFT - 6, y + CELL / 2 + 4), "end", "", row);
        }
        let below = HEAD + rows.len() * CELL;
        for (place, column) in columns.iter().enumerate() {
            let x = LEFT + place * CELL + CELL / 2;
            label(svg, (x, below + 16), "middle", "font-size=\"11\"", column);
        }
        let middle = LEFT + columns.len() * CELL / 2;
        label(svg, (middle, below + 34), "middle", "", across);
        let y = HEAD + rows.len() * CELL / 2;
        let _ = writeln!(
            svg,
            "<text transform=\"translate(14 {y}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            escaped(up),
        );
    }

    fn legend(&self, svg: &mut String, top: usize) {
        for (nth, (color, words)) in self.states.iter().enumerate() {
            let x = MARGIN + nth * 120;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"14\" fill=\"{color}\"/>",
                top + 8,
            );
            label(svg, (x + 20, top + 20), "start", "", words);
        }
    }

    fn panel_width(&self) -> usize {
        LEFT + self.across.2.len() * CELL + MARGIN
    }

    fn panel_height(&self) -> usize {
        HEAD + self.up.2.len() * CELL + 50
    }
}

fn label(svg: &mut String, (x, y): (usize, usize), anchor: &str, style: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" {style}>{}</text>",
        escaped(text),
    );
}

/// The side of a cell; four digits fit below it.
const CELL: usize = 34;
/// Left of the cells: the axis, and the values.
const LEFT: usize = 84;
/// Above the cells: the name.
const HEAD: usize = 24;
const MARGIN: usize = 20;
/// The title and the legend need so much.
const NARROWEST: usize = 520;
const TITLE: usize = 44;
const LEGEND: usize = 36;
/// Panels in a row.
const MOST_BESIDE: usize = 3;
