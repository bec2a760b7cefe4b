//! Merges several flaws of one answer into the instructions for its writer.
//!
//! Of two flaws of the same field the first in the scenario's order holds. A body in place of the
//! answer hides flaws of the answer's content; an early end hides flaws of its end. `wire` writes
//! the flaws.

use crate::scenario::fault::Flaw;
use crate::units::Factor;
use crate::wire::Dialect;
use crate::wire::fake::{Body, Choices, Counting, Finish, Flaws, Terminator, finish_is_terminator};

/// The parts of an answer that are visible.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visibility {
    /// Its body is not replaced.
    pub(super) body: bool,
    /// It is sent to its end.
    pub(super) closes: bool,
    /// It is streamed.
    pub(super) streamed: bool,
}

/// Whether this body replaces the answer: it holds no token.
pub(super) fn stands_in(body: Body) -> bool {
    matches!(
        body,
        Body::Empty | Body::Html | Body::Error(_) | Body::NoJson
    )
}

/// Whether a body can have this form: half of one exists only in plain answers.
pub(super) fn can_be(body: Body, streamed: bool) -> bool {
    match body {
        Body::Whole => false,
        Body::HalfJson | Body::Short => !streamed,
        Body::Empty | Body::Html | Body::Error(_) | Body::NoJson => true,
    }
}

/// Adds a flaw, unless it is one of the body; returns whether that changes anything.
pub(super) fn add(flaws: &mut Flaws, flaw: &Flaw, shown: Visibility) -> bool {
    match flaw {
        Flaw::Label(label) => set(&mut flaws.label, label),
        Flaw::Model(name) => shown.body && set(&mut flaws.model, &Some(name.clone())),
        Flaw::Choices(choices) => shown.body && set(&mut flaws.choices, choices),
        Flaw::Usage(Counting::Times(Factor::ONE)) => false,
        Flaw::Usage(counting) => shown.body && shown.closes && set(&mut flaws.usage, counting),
        Flaw::Finish(finish) => shown.body && shown.closes && set(&mut flaws.finish, finish),
        Flaw::Terminator(terminator) => {
            shown.streamed && shown.body && shown.closes && set(&mut flaws.terminator, terminator)
        }
        Flaw::Body(_) => false,
    }
}

/// Whether an answer with these flaws still gives its caller the whole text, and says that it is
/// whole.
///
/// Another model, a wrong count of tokens, a wrong content type and a missing terminator after a
/// finish reason do not change the text. A wrong finish reason does: it says that something is
/// missing, or is itself missing. At Gemini the finish reason is the terminator.
pub(super) fn is_right(flaws: &Flaws, dialect: Dialect) -> bool {
    let is_finished = flaws.terminator != Terminator::Never || !finish_is_terminator(dialect);
    flaws.body == Body::Whole
        && flaws.choices == Choices::Whole
        && flaws.finish == Finish::Stop
        && is_finished
}

/// Sets a field that has no flaw yet.
fn set<T: Clone + Default + PartialEq>(place: &mut T, flaw: &T) -> bool {
    let changes = *place == T::default() && *flaw != T::default();
    if changes {
        *place = flaw.clone();
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fake::Label;

    const ALL: Visibility = Visibility {
        body: true,
        closes: true,
        streamed: true,
    };

    #[test]
    fn of_two_flaws_of_one_thing_the_first_shows() {
        let mut flaws = Flaws::default();
        assert!(add(&mut flaws, &Flaw::Model("other".into()), ALL));
        assert!(!add(&mut flaws, &Flaw::Model("third".into()), ALL));
        assert!(add(&mut flaws, &Flaw::Usage(Counting::Missing), ALL));
        assert!(!add(
            &mut flaws,
            &Flaw::Usage(Counting::Times(Factor::milli(2_000))),
            ALL
        ));
        assert_eq!(flaws.model.as_deref(), Some("other"));
        assert_eq!(flaws.usage, Counting::Missing);
        assert!(is_right(&flaws, Dialect::Openai));
    }

    #[test]
    fn a_flaw_that_changes_nothing_is_none() {
        let mut flaws = Flaws::default();
        for flaw in [
            Flaw::Usage(Counting::Right),
            Flaw::Usage(Counting::Times(Factor::ONE)),
            Flaw::Finish(Finish::Stop),
            Flaw::Label(Label::Right),
            Flaw::Body(Body::Whole),
        ] {
            assert!(!add(&mut flaws, &flaw, ALL), "{flaw:?}");
        }
        assert_eq!(flaws, Flaws::default());
    }

    #[test]
    fn what_does_not_come_to_light_is_not_flawed() {
        let (hidden, cut, plain) = (
            Visibility { body: false, ..ALL },
            Visibility {
                closes: false,
                ..ALL
            },
            Visibility {
                streamed: false,
                ..ALL
            },
        );
        let finish = Flaw::Finish(Finish::Length);
        let terminator = Flaw::Terminator(Terminator::Twice);
        let label = Flaw::Label(Label::Wrong);
        let shows = |flaw: &Flaw, shown| add(&mut Flaws::default(), flaw, shown);
        assert!(!shows(&finish, hidden) && !shows(&finish, cut) && shows(&finish, plain));
        assert!(!shows(&terminator, plain) && shows(&terminator, ALL));
        assert!(shows(&label, hidden) && shows(&label, cut));
        assert!(can_be(Body::HalfJson, false) && !can_be(Body::HalfJson, true));
    }

    #[test]
    fn what_deceives_about_completeness_is_no_right_answer() {
        let wrong = [
            Flaws {
                finish: Finish::Missing,
                ..Flaws::default()
            },
            Flaws {
                choices: Choices::NullContent,
                ..Flaws::default()
            },
            Flaws {
                body: Body::HalfJson,
                ..Flaws::default()
            },
        ];
        assert!(wrong.iter().all(|flaws| !is_right(flaws, Dialect::Openai)));
        let terminator = Flaws {
            terminator: Terminator::Never,
            ..Flaws::default()
        };
        assert!(is_right(&terminator, Dialect::Anthropic));
        assert!(!is_right(&terminator, Dialect::Gemini));
    }
}
