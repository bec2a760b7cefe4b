//! What came of a search as texts: for a terminal, for a pull request, and as CSV.

use super::tuned::{Finding, Gain, Judged, Slice, Tuned, WorldTable};
use crate::report::{Ratio, Unit, csv_text as text_of, measures};
use crate::text::columns;

/// The result in plain words and a few tables. A line that begins with a blank is of a table;
/// others may be wrapped.
pub fn summary(tuned: &Tuned) -> String {
    let mut text = format!("{}\n\n{}\n", head(tuned), paragraph(tuned));
    for part in parts(tuned) {
        text += &format!("\n{}\n{}", part.plain, table(&part.rows));
    }
    text
}

/// The result as Markdown, for a pull request.
pub fn markdown(tuned: &Tuned) -> String {
    let mut text = format!("# {}\n\n{}\n", head(tuned), paragraph(tuned));
    for part in parts(tuned) {
        text += &format!("\n{}\n\n{}", part.markdown, markdown_table(&part.rows));
    }
    text
}

/// A table with its head, in plain words and as Markdown.
struct Part {
    plain: String,
    markdown: String,
    rows: Rows,
}

fn parts(tuned: &Tuned) -> Vec<Part> {
    let part = |plain: String, markdown: String, rows| Part {
        plain,
        markdown,
        rows,
    };
    let mut parts = Vec::new();
    if let Some(judged) = &tuned.judged {
        let seeds = judged.seeds;
        parts.push(part(
            format!("under {seeds} seeds that chose nothing"),
            format!("Under {seeds} seeds that chose nothing:"),
            gain_rows(judged),
        ));
        parts.extend(judged.tables.iter().map(|world| {
            let (name, held_out) = (&world.scenario, held_out(world));
            part(
                format!("{name}{held_out}"),
                format!("`{name}`{held_out}:"),
                world_rows(world),
            )
        }));
    }
    if !tuned.changes.is_empty() {
        let [plain, markdown] = ["changes", "## Changes"].map(str::to_owned);
        parts.push(part(plain, markdown, change_rows(tuned)));
    }
    if !tuned.slices.is_empty() {
        let (objective, _) = sliced(tuned);
        parts.push(part(
            format!("what {objective} depends on, all else as tuned"),
            format!("## What {objective} depends on, all else as tuned"),
            slice_rows(tuned),
        ));
    }
    parts
}

/// The rows of a table of several searches, one for each objective, under [`GAINS_HEAD`].
pub fn gain_rows_markdown(tuned: &Tuned) -> Vec<String> {
    let Some(judged) = &tuned.judged else {
        return vec![format!(
            "| {} | {} | - | - | - | - | - | nothing better was found |",
            tuned.base,
            tuned.scenarios.join(", ")
        )];
    };
    let rows = gain_rows(judged);
    let rows = rows.iter().skip(1);
    rows.map(|row| {
        let scenarios = tuned.scenarios.join(", ");
        format!("| {} | {scenarios} | {} |", tuned.base, row.join(" | "))
    })
    .collect()
}

/// The head of a table of several searches.
pub const GAINS_HEAD: &str = "| policy | scenarios | objective | base | tuned | difference | 95 % \
                              | |\n\
                              |---|---|---|---|---|---|---|---|";

/// Every candidate: what it sets, and what it came to.
pub fn trials_csv(tuned: &Tuned) -> String {
    candidates_csv(tuned, 0..tuned.trials.len())
}

/// The candidates of the front.
pub fn front_csv(tuned: &Tuned) -> String {
    candidates_csv(tuned, tuned.front.iter().copied())
}

fn candidates_csv(tuned: &Tuned, places: impl Iterator<Item = usize>) -> String {
    text_of(|writer| {
        let names = tuned.objectives.iter().map(|(name, ..)| name.as_str());
        let head = ["candidate", "seeds", "dropped", "violation"].into_iter();
        writer.write_record(head.chain(names).chain(["settings"]))?;
        for place in places {
            if let Some(trial) = tuned.trials.get(place) {
                writer.write_record(trial_row(tuned, place, trial))?;
            }
        }
        Ok(())
    })
}

fn trial_row(tuned: &Tuned, place: usize, trial: &super::TrialRow) -> Vec<String> {
    let mut row = vec![
        place.to_string(),
        trial.seeds.to_string(),
        trial.is_dropped.to_string(),
        decimal(Unit::Ratio, trial.violation),
    ];
    let objectives = tuned.objectives.iter().zip(&trial.objectives);
    row.extend(objectives.map(|((_, unit, _), value)| match trial.seeds {
        0 => String::new(),
        _ => decimal(*unit, *value),
    }));
    let settings = trial.settings.iter();
    let settings = settings.map(|(path, value)| format!("{path}={value}"));
    row.push(Vec::from_iter(settings).join(" "));
    row
}

/// Every point of every slice.
pub fn slices_csv(tuned: &Tuned) -> String {
    let unit = tuned
        .objectives
        .first()
        .map_or(Unit::Number, |(_, unit, _)| *unit);
    text_of(|writer| {
        writer.write_record(["setting", "value", "worse_by", "low", "high", "allowed"])?;
        for slice in &tuned.slices {
            for point in &slice.points {
                let [low, high] = match point.interval {
                    Some((low, high)) => [decimal(unit, low), decimal(unit, high)],
                    None => [String::new(), String::new()],
                };
                let worse_by = decimal(unit, point.worse_by);
                writer.write_record([
                    &slice.path,
                    &point.value,
                    &worse_by,
                    &low,
                    &high,
                    &point.is_allowed.to_string(),
                ])?;
            }
        }
        Ok(())
    })
}

fn head(tuned: &Tuned) -> String {
    format!("tune {}: {}", tuned.base, tuned.scenarios.join(", "))
}

/// The objective that slices are about, and its unit.
fn sliced(tuned: &Tuned) -> (&str, Unit) {
    let objective = tuned.objectives.get(tuned.sliced_by);
    objective.map_or(("the goal", Unit::Number), |(name, unit, _)| (name, *unit))
}

/// What was searched, what changed, what it buys and what it costs.
fn paragraph(tuned: &Tuned) -> String {
    let mut sentences = vec![format!(
        "The goal: {}. {} candidates made {} calls; {} of them were clearly worse early on and \
         were dropped.",
        tuned.goal,
        tuned.candidates,
        crate::report::grouped(tuned.spent),
        tuned.dropped,
    )];
    if !tuned.left_out.is_empty() {
        sentences.push(format!(
            "Not held to: {} (these compare with another policy).",
            tuned.left_out.join("; ")
        ));
    }
    sentences.push(result(tuned));
    if let Some(judged) = &tuned.judged {
        sentences.extend(flattery(tuned, judged));
        if !judged.failed.is_empty() {
            let verb = if tuned.is_gain() {
                "The tuned policy still fails"
            } else {
                "It fails"
            };
            sentences.push(format!("{verb}: {}.", judged.failed.join("; ")));
        }
        if tuned.is_gain() {
            sentences.extend(importance(tuned));
        }
        sentences.extend(on_the_wire(judged, tuned.sliced_by));
    }
    sentences.join(" ")
}

fn result(tuned: &Tuned) -> String {
    let base = &tuned.base;
    if tuned.is_interrupted {
        return "The search was interrupted: what is written is the best so far, which nothing has \
                judged."
            .to_owned();
    }
    let Some(judged) = &tuned.judged else {
        return format!("No candidate was better than {base}: the base stays.");
    };
    let by_gain = |gain: &Gain| {
        let Some([mean, low, high]) = gain.difference else {
            return String::new();
        };
        let signed = |value| gain.unit.signed(value);
        let word = if gain.sign() > 0 { "better" } else { "worse" };
        let (mean, low, high) = (signed(mean), signed(low), signed(high));
        format!("{} is {word} by {mean} ({low} to {high})", gain.objective)
    };
    let apart = judged.gains.iter().filter(|gain| gain.sign() != 0);
    let apart = Vec::from_iter(apart.map(by_gain)).join(" and ");
    let changed = match tuned.changes.len() {
        1 => "1 changed setting".to_owned(),
        count => format!("{count} changed settings"),
    };
    match judged.finding {
        Finding::Better(_) | Finding::Trades => {
            format!("With {changed} to {base}, {apart}, under seeds that chose nothing.")
        }
        Finding::Holds => format!(
            "With {changed} it meets every constraint, of which {base} fails: {}.",
            judged.failed_by_base.join("; ")
        ),
        Finding::FailsLess => format!(
            "With {changed} it comes nearer to the constraints than {base}, and does not meet them."
        ),
        Finding::NotApart => format!(
            "Under seeds that chose nothing, the best candidate cannot be told apart from {base}: \
             the base stays."
        ),
        Finding::Worse => format!(
            "Under seeds that chose nothing, the best candidate is worse than {base}: what the \
             search saw was luck, and the base stays."
        ),
    }
}

/// How much of the gain that the search saw was luck.
fn flattery(tuned: &Tuned, judged: &Judged) -> Option<String> {
    let place = tuned.sliced_by;
    let (seen, true_one) = (tuned.searched.get(place)?, judged.gains.get(place)?);
    let ([seen_mean, ..], [mean, ..]) = (seen.difference?, true_one.difference?);
    Some(format!(
        "The seeds of the search had shown {} in {}, the others show {}.",
        seen.unit.signed(seen_mean),
        seen.objective,
        seen.unit.signed(mean),
    ))
}

fn importance(tuned: &Tuned) -> Option<String> {
    let (objective, unit) = sliced(tuned);
    let is_sure = |slice: &&Slice| slice.effect.is_some_and(|[_, low, _]| low > 0.0);
    let slice = tuned.slices.iter().find(is_sure)?;
    let [mean, low, high] = slice.effect?;
    let shown = |value: f64| unit.signed(value.abs()).replace('+', "");
    Some(format!(
        "{} depends most on {}: along its range the difference is {} ({} to {}).",
        objective,
        slice.path,
        shown(mean),
        shown(low),
        shown(high),
    ))
}

fn on_the_wire(judged: &Judged, place: usize) -> Option<String> {
    let replay = judged.replay.as_ref()?;
    let (model, wire) = (replay.model.get(place)?, replay.wire.get(place)?);
    let mean = |gain: &Gain| gain.unit.signed(gain.tuned - gain.base);
    Some(format!(
        "On the wire, under {} of these seeds, {} changes by {}; by the model, {}.",
        replay.seeds,
        wire.objective,
        mean(wire),
        mean(model),
    ))
}

type Rows = Vec<Vec<String>>;

fn gain_rows(judged: &Judged) -> Rows {
    let mut rows = vec![strings([
        "objective",
        "base",
        "tuned",
        "difference",
        "95 %",
        "",
    ])];
    for gain in &judged.gains {
        let unit = gain.unit;
        let [mean, ends] = match gain.difference {
            Some([mean, low, high]) => [
                unit.signed(mean),
                format!("{} to {}", unit.signed(low), unit.signed(high)),
            ],
            None => ["-".to_owned(), "-".to_owned()],
        };
        let word = match gain.sign() {
            1 => "better",
            -1 => "worse",
            _ => "cannot be told apart",
        };
        rows.push(vec![
            gain.objective.clone(),
            unit.mean(gain.base),
            unit.mean(gain.tuned),
            mean,
            ends,
            word.to_owned(),
        ]);
    }
    rows
}

fn world_rows(world: &WorldTable) -> Rows {
    let mut rows = vec![strings(["measure", "base", "tuned"])];
    for (name, base, tuned) in &world.measures {
        let unit = measures::find(name).map_or(Unit::Number, |measure| measure.unit);
        let shown = |value: &Option<f64>| value.map_or("-".to_owned(), |value| unit.mean(value));
        rows.push(vec![name.clone(), shown(base), shown(tuned)]);
    }
    rows
}

fn held_out(world: &WorldTable) -> &'static str {
    if world.is_held_out {
        " (chose nothing)"
    } else {
        ""
    }
}

fn change_rows(tuned: &Tuned) -> Rows {
    let mut rows = vec![strings(["setting", "base", "tuned"])];
    for (path, before, now) in &tuned.changes {
        rows.push(vec![path.clone(), before.clone(), now.clone()]);
    }
    rows
}

fn slice_rows(tuned: &Tuned) -> Rows {
    let unit = tuned
        .objectives
        .first()
        .map_or(Unit::Number, |(_, unit, _)| *unit);
    let mut rows = vec![strings([
        "setting",
        "effect",
        "95 %",
        "worse by, along its range",
    ])];
    for slice in &tuned.slices {
        let shown = |value: f64| unit.signed(value).replace('+', "");
        let [mean, ends] = match slice.effect {
            Some([mean, low, high]) => [shown(mean), format!("{} to {}", shown(low), shown(high))],
            None => ["-".to_owned(), "-".to_owned()],
        };
        let points = slice.points.iter();
        let points = points.map(|point| {
            let fails = if point.is_allowed { "" } else { " (fails)" };
            format!("{}: {}{fails}", point.value, shown(point.worse_by))
        });
        rows.push(vec![
            slice.path.clone(),
            mean,
            ends,
            Vec::from_iter(points).join(", "),
        ]);
    }
    rows
}

fn strings<const N: usize>(all: [&str; N]) -> Vec<String> {
    all.map(str::to_owned).to_vec()
}

fn table(rows: &Rows) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let widths = (0..count).map(|at| columns::width(rows.iter().map(|row| row[at].as_str())));
    let widths = Vec::from_iter(widths);
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| columns::left(cell, *width));
        format!("  {}\n", Vec::from_iter(cells).join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn markdown_table(rows: &Rows) -> String {
    let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
    let mut text = rows.first().map(line).unwrap_or_default();
    text += &format!("|{}\n", "---|".repeat(rows.first().map_or(0, Vec::len)));
    text + &rows.iter().skip(1).map(line).collect::<String>()
}

fn decimal(unit: Unit, value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", unit.decimal(Ratio::near(value.abs())))
}
