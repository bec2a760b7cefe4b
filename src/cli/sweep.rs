//! `--set path=2,4,8`: every combination of the values, each a variant of the run.
//!
//! What is no sweep has one variant, without a name. `session` shows them side by side. A list of
//! YAML (`[a, b]`, `{…}`) and a value in quotes are one value.

use super::output::CliError;

/// A `--set`: path and value.
pub(super) type Override = (String, String);

/// One combination of values: what tells it from the others, and all that it sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) name: String,
    pub(super) set: Vec<Override>,
}

/// The values of a sweep; one for what is no sweep.
fn split(value: &str) -> Vec<&str> {
    match value.starts_with(['[', '{', '"', '\'']) {
        true => vec![value],
        false => value.split(',').map(str::trim).collect(),
    }
}

/// Every combination, the last path changing fastest; one for what is no sweep.
pub(super) fn variants(set: &[Override]) -> Result<Vec<Variant>, CliError> {
    let counts = set.iter().map(|(_, value)| split(value).len());
    let count = counts.fold(1_usize, usize::saturating_mul);
    if count > MOST_VARIANTS {
        let message = format!("the values of `--set` have {count} combinations");
        return Err(CliError::new(
            message,
            &format!("run at most {MOST_VARIANTS}"),
        ));
    }
    let mut variants = vec![Variant {
        name: String::new(),
        set: Vec::new(),
    }];
    for (path, value) in set {
        let values = split(value);
        if values.contains(&"") && values.len() > 1 {
            let message = format!("a value of `--set {path}` is empty");
            return Err(CliError::new(message, "write one value between two commas"));
        }
        let longer = variants.iter().flat_map(|variant| {
            let several = values.len() > 1;
            values
                .iter()
                .map(move |value| variant.with(path, value, several))
        });
        variants = longer.collect();
    }
    Ok(variants)
}

impl Variant {
    fn with(&self, path: &str, value: &str, is_swept: bool) -> Self {
        let mut longer = self.clone();
        longer.set.push((path.to_owned(), value.to_owned()));
        if is_swept {
            let gap = if self.name.is_empty() { "" } else { " " };
            longer.name += &format!("{gap}{path}={value}");
        }
        longer
    }

    /// The CSV text `rows`, each line after what was set.
    pub(super) fn before_rows(&self, rows: &str) -> String {
        let set = format!("\"{}\"", self.name.replace('"', "\"\""));
        let lines = rows.lines().enumerate();
        let lines = lines.map(|(place, line)| match place {
            0 => format!("set,{line}\n"),
            _ => format!("{set},{line}\n"),
        });
        lines.collect()
    }
}

/// A sweep of more is a search, and takes hours.
const MOST_VARIANTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn set(all: &[(&str, &str)]) -> Vec<Override> {
        let owned = |(path, value): &(&str, &str)| ((*path).to_owned(), (*value).to_owned());
        all.iter().map(owned).collect()
    }

    #[test]
    fn several_values_make_their_product() {
        let set = set(&[("a", "1, 2"), ("b", "x"), ("c", "3,4")]);
        let variants = variants(&set).expect("four");
        let names = Vec::from_iter(variants.iter().map(|one| one.name.as_str()));
        assert_eq!(names, ["a=1 c=3", "a=1 c=4", "a=2 c=3", "a=2 c=4"]);
        let last = variants[3]
            .set
            .iter()
            .map(|(path, value)| format!("{path}={value}"));
        assert_eq!(Vec::from_iter(last), ["a=2", "b=x", "c=4"]);
    }

    #[test]
    fn lists_and_quoted_texts_are_one_value() {
        for value in [
            "[a, b]",
            "{ a: 1, b: 2 }",
            "\"one, two\"",
            "'one, two'",
            "1",
        ] {
            let variants = variants(&set(&[("a", value)])).expect("one");
            assert_eq!(
                (variants.len(), variants[0].name.as_str()),
                (1, ""),
                "{value}"
            );
        }
    }

    #[test]
    fn too_many_combinations_and_empty_values_are_errors() {
        let many = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17";
        assert!(variants(&set(&[("a", many), ("b", many)])).is_err());
        assert!(variants(&set(&[("a", "1,,2")])).is_err());
    }
}
