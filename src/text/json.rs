//! Where a text is no JSON, or is not what a type asks for.

use super::diagnostic::Diagnostic;

impl Diagnostic {
    /// A diagnostic about `text`, JSON which begins in the line `first` of the file `name`: what
    /// serde_json says of it, and where. Only the line in question is kept.
    pub(crate) fn of_json(name: &str, first: usize, text: &str, error: &serde_json::Error) -> Self {
        let above = error.line().saturating_sub(1);
        let line = text.split('\n').nth(above).unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let at = error.column().saturating_sub(1).min(line.len());
        let told = error.to_string();
        // The place has a line of its own.
        let told = match told.rsplit_once(" at line ") {
            Some((told, _)) => told,
            None => &told,
        };
        Self::of_line(name, first + above, line, at..at + 1, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_json_is_shown_in_its_line() {
        let text = "{\n  \"a\": 1,\n  \"b\": x\n}\n";
        let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        insta::assert_snapshot!(Diagnostic::of_json("r.json", 5, text, &error), @r#"
        error: expected value
         --> r.json:7:8
          |
        7 |   "b": x
          |        ^
        "#);
    }
}
