//! What a search tried, by two objectives: every candidate, and those that no other beats.

use super::scale::scaled;
use super::sheet::{SCALE, Sheet, escaped};
use crate::report::{Ratio, Unit};

/// An objective: its name and unit.
pub(crate) type Objective<'a> = (&'a str, Unit);

/// A candidate.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// What it is called.
    pub(crate) name: String,
    /// Its values, by objective.
    pub(crate) values: [Ratio; 2],
    /// Whether no other beats it.
    pub(crate) is_best: bool,
}

/// A dot for each candidate, a ring for the best; the first objective goes up.
pub(super) fn draw(sheet: &mut Sheet, [up, right]: [Objective<'_>; 2], all: &[Candidate]) {
    let range = |place: usize| {
        let values = all.iter().filter_map(|one| one.values.get(place)).copied();
        Some((values.clone().min()?, values.max()?))
    };
    let (Some((low, high)), Some((left, far))) = (range(0), range(1)) else {
        return;
    };
    sheet.heading(&format!(
        "{} (up) by {} (right): rings are not beaten",
        up.0, right.0
    ));
    let place = |value: Ratio, (least, most): (Ratio, Ratio), length: u64| {
        let width = (most.to_float() - least.to_float()).max(f64::MIN_POSITIVE);
        let share = (value.to_float() - least.to_float()) / width;
        scaled((share * 1e6) as u64, 1_000_000, length)
    };
    let wide = scaled(5, sheet.plot_width(), SCALE);
    let mut dots = String::new();
    for one in all {
        let [y, x] = one.values;
        let y = HEIGHT - 8 - place(y, (low, high), HEIGHT - 16);
        let x = wide + place(x, (left, far), SCALE - 2 * wide);
        let class = if one.is_best { "far" } else { "point" };
        let from = x.saturating_sub(wide);
        dots += &format!(
            "<path class=\"{class}\" d=\"M{from} {y}a{wide} 5 0 1 0 {0} 0a{wide} 5 0 1 0 -{0} 0\">\
             <title>{1}</title></path>",
            2 * wide,
            escaped(&one.name)
        );
    }
    let inner = format!("<path class=\"back\" d=\"M0 0H{SCALE}V{HEIGHT}H0Z\"/>{dots}");
    sheet.label(&format!("{} at the top: {}", up.0, up.1.shown(high)), "");
    sheet.plot(HEIGHT, &inner, ["", ""]);
    sheet.axis(
        "values",
        &[(0, right.1.shown(left)), (SCALE, right.1.shown(far))],
    );
    sheet.paragraph(
        "tick",
        &format!("{} at the foot: {}", up.0, up.1.shown(low)),
        11,
    );
}

/// Pixels.
const HEIGHT: u64 = 220;
