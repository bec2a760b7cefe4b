//! The text of events that hold a `message` and no `delta`.
//!
//! Some services put the next piece there, and others the whole text so far. Which one it is shows
//! at the second event, or later if the first ones are alike; a last event that holds the whole
//! text once more adds nothing.

/// Takes the new part out of each message.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    text: String,
    form: Form,
    /// Pieces came in the proper place: messages only repeat them.
    is_superseded: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Unknown,
    /// All messages were equal so far; this many repeat the first.
    Alike(usize),
    Pieces,
    WholeSoFar,
}

impl Repeated {
    /// The text came in the proper place.
    pub(super) fn supersede(&mut self) {
        self.is_superseded = true;
    }

    /// What this message adds to the text.
    pub(super) fn add(&mut self, message: String, is_last: bool) -> String {
        if self.is_superseded || message.is_empty() {
            return String::new();
        }
        let so_far = self.text.as_str();
        let added = match self.form {
            _ if is_last && message == so_far => String::new(),
            Form::Unknown => {
                self.form = Form::Alike(0);
                message
            }
            Form::Alike(times) if message == so_far => {
                self.form = Form::Alike(times + 1);
                String::new()
            }
            Form::Alike(_) | Form::WholeSoFar if message.starts_with(so_far) => {
                self.form = Form::WholeSoFar;
                message[so_far.len()..].to_owned()
            }
            // An earlier state of the text.
            Form::WholeSoFar => String::new(),
            Form::Alike(times) => {
                self.form = Form::Pieces;
                so_far.repeat(times) + &message
            }
            Form::Pieces => message,
        };
        self.text.push_str(&added);
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(messages: &[&str]) -> String {
        let mut repeated = Repeated::default();
        let last = messages.len() - 1;
        let added = messages
            .iter()
            .enumerate()
            .map(|(nth, message)| repeated.add((*message).to_owned(), nth == last));
        added.collect()
    }

    #[test]
    fn pieces_and_whole_texts_come_to_the_same() {
        for messages in [
            ["", "One", " two", " three", ""],
            ["One", " two", " three", "", "One two three"],
            ["One", "One two", "One two", "One two three", ""],
            ["One", "One", "One two", "One two three", "One two three"],
            ["One two three", "", "", "", "One two three"],
        ] {
            assert_eq!(text(&messages), "One two three", "{messages:?}");
        }
        assert_eq!(text(&["ha", "ha", "ha", "!", ""]), "hahaha!");
    }

    #[test]
    fn a_message_behind_pieces_in_their_proper_place_adds_nothing() {
        let mut repeated = Repeated::default();
        repeated.supersede();
        assert_eq!(repeated.add("One two".to_owned(), true), "");
    }
}
