//! The map as SVG: a panel for each policy, with axes and a legend. It needs no other file, and
//! has the colours of charts, light and dark.

use std::fmt::Write as _;

use super::{Grid, question};
use crate::report::CHART_STYLE;
use crate::search::map::{Plane, State};

/// The picture of these grids, one for each policy; a page has the title itself.
pub(super) fn draw(plane: &Plane, grids: &[(&str, Grid)], titled: bool) -> String {
    let title = if titled { TITLE } else { MARGIN };
    let columns = grids.len().clamp(1, MOST_BESIDE);
    let rows = grids.len().div_ceil(columns).max(1);
    let (width, height) = (panel_width(plane), panel_height(plane));
    let widest = (columns * width + MARGIN).max(NARROWEST);
    let whole = (widest, rows * height + title + LEGEND);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart map\" width=\"{0}\" \
         height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"Where each policy \
         recovers\">\n<style>{CHART_STYLE}</style>\n\
         <path class=\"paper\" d=\"M0 0H{0}V{1}H0Z\"/>\n",
        whole.0, whole.1,
    );
    if titled {
        let bold = "font-size=\"15\" font-weight=\"bold\"";
        label(&mut svg, (MARGIN, 24), "start", bold, &question(plane));
    }
    for (nth, (policy, grid)) in grids.iter().enumerate() {
        let (left, top) = (nth % columns * width, title + nth / columns * height);
        let _ = writeln!(svg, "<g transform=\"translate({left} {top})\">");
        panel(&mut svg, plane, policy, grid);
        svg += "</g>\n";
    }
    legend(&mut svg, title + rows * height);
    svg + "</svg>\n"
}

/// One policy: its cells, the longest fault on top.
fn panel(svg: &mut String, plane: &Plane, policy: &str, grid: &Grid) {
    label(svg, (LEFT, 14), "start", "font-weight=\"bold\"", policy);
    let count = grid.len();
    for (nth, (length, row)) in plane.lengths().iter().zip(grid).enumerate() {
        let y = HEAD + (count - 1 - nth) * CELL;
        for (column, state) in row.iter().enumerate() {
            let x = LEFT + column * CELL;
            let (load, words) = (&plane.loads()[column], state.words());
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" fill=\"{}\" \
                 class=\"cell\"><title>load {load}, fault {length}: {words}</title></rect>",
                color(*state),
            );
        }
        label(svg, (LEFT - 6, y + CELL / 2 + 4), "end", "", length);
    }
    let below = HEAD + count * CELL;
    for (column, load) in plane.loads().iter().enumerate() {
        let x = LEFT + column * CELL + CELL / 2;
        label(svg, (x, below + 16), "middle", "font-size=\"11\"", load);
    }
    let middle = LEFT + plane.loads().len() * CELL / 2;
    label(
        svg,
        (middle, below + 34),
        "middle",
        "",
        "load, times the scenario's",
    );
    let y = HEAD + count * CELL / 2;
    let _ = writeln!(
        svg,
        "<text transform=\"translate(14 {y}) rotate(-90)\" text-anchor=\"middle\">length of the \
         fault</text>"
    );
}

fn legend(svg: &mut String, top: usize) {
    for (nth, state) in State::ALL.into_iter().enumerate() {
        let x = MARGIN + nth * 120;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"14\" fill=\"{}\"/>",
            top + 8,
            color(state),
        );
        label(svg, (x + 20, top + 20), "start", "", state.words());
    }
}

fn label(svg: &mut String, (x, y): (usize, usize), anchor: &str, style: &str, text: &str) {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" {style}>{text}</text>"
    );
}

fn panel_width(plane: &Plane) -> usize {
    LEFT + plane.loads().len() * CELL + MARGIN
}

fn panel_height(plane: &Plane) -> usize {
    HEAD + plane.lengths().len() * CELL + 50
}

/// Told apart in grey, and with any kind of colour blindness (Okabe and Ito).
const fn color(state: State) -> &'static str {
    match state {
        State::Recovers => "#a6dcc5",
        State::RecoversLate => "#e69f00",
        State::Never => "#a3260b",
        State::Overloaded => "#555555",
    }
}

/// The side of a cell; four digits fit below it.
const CELL: usize = 34;
/// Left of the cells: the axis, and the lengths.
const LEFT: usize = 84;
/// Above the cells: the policy.
const HEAD: usize = 24;
const MARGIN: usize = 20;
/// The title and the legend need so much.
const NARROWEST: usize = 520;
const TITLE: usize = 44;
const LEGEND: usize = 36;
/// Panels in a row.
const MOST_BESIDE: usize = 3;
