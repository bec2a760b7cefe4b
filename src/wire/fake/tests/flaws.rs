//! Answers that are valid HTTP and flawed.

use super::*;
use crate::units::Factor;

fn plain(dialect: Dialect, flaws: Flaws) -> Answer {
    let answer = Answer::read(&writer(dialect).completion(&flawed(flaws), CACHED));
    assert_eq!((answer.status, answer.is_whole), (200, true));
    answer
}

fn streamed(dialect: Dialect, flaws: Flaws) -> Answer {
    let answer = stream(dialect, &flawed(flaws), |_, _| {});
    assert_eq!((answer.status, answer.is_whole), (200, true));
    answer
}

#[test]
fn another_model_may_be_named() {
    for dialect in Dialect::ALL {
        let text = plain(dialect, model("ot\"her")).json();
        let place = match dialect {
            Dialect::Gemini => "modelVersion",
            _ => "model",
        };
        assert_eq!(text[place], "ot\"her", "{dialect:?}");
        let answer = streamed(dialect, model("other"));
        assert!(answer.text().contains("\"other\""));
        assert!(!answer.text().contains("mo\\\"del"));
    }
}

#[test]
fn usage_may_lie_or_be_missing() {
    for dialect in Dialect::ALL {
        let key = match dialect {
            Dialect::Gemini => "usageMetadata",
            _ => "usage",
        };
        let usage = |usage| Flaws {
            usage,
            ..Flaws::default()
        };
        let answer = plain(dialect, usage(Counting::Missing));
        assert_eq!(answer.json().get(key), None, "{dialect:?}");
        let answer = streamed(dialect, usage(Counting::Missing));
        assert!(!answer.text().contains("oken"), "{}", answer.text());

        let output = match dialect.family() {
            Family::Openai => "/usage/completion_tokens",
            Family::Anthropic => "/usage/output_tokens",
            Family::Gemini => "/usageMetadata/candidatesTokenCount",
        };
        let twice = usage(Counting::Times(Factor::milli(2_000)));
        let body = plain(dialect, twice.clone()).json();
        assert_eq!(body.pointer(output).unwrap(), 28, "{dialect:?}");
        let chunks = streamed(dialect, twice).chunks();
        let last = chunks.iter().rev().find_map(|chunk| chunk.pointer(output));
        assert_eq!(last.unwrap(), 28, "{dialect:?}");
    }
}

#[test]
fn choices_may_be_anything_but_choices() {
    for dialect in Dialect::ALL {
        let (key, content) = match dialect.family() {
            Family::Openai => ("choices", "/choices/0/message/content"),
            Family::Anthropic => ("content", "/content/0/text"),
            Family::Gemini => ("candidates", "/candidates/0/content/parts"),
        };
        for choices in [
            Choices::Empty,
            Choices::Null,
            Choices::NullContent,
            Choices::Missing,
        ] {
            let flaws = Flaws {
                choices,
                ..Flaws::default()
            };
            let body = plain(dialect, flaws.clone()).json();
            let found = body.get(key);
            match choices {
                Choices::Empty => assert_eq!(found.unwrap(), &serde_json::json!([])),
                Choices::Null => assert_eq!(found.unwrap(), &Value::Null),
                Choices::Missing => assert_eq!(found, None),
                _ => {
                    assert_eq!(found.unwrap().as_array().unwrap().len(), 1);
                    let content = body.pointer(content).cloned().unwrap_or_default();
                    assert_eq!(content, Value::Null);
                }
            }
            let answer = streamed(dialect, flaws);
            assert_eq!(answer.content(dialect), "", "{dialect:?} {choices:?}");
            assert!(!answer.chunks().is_empty());
        }
    }
    let flaws = Flaws {
        choices: Choices::Missing,
        ..Flaws::default()
    };
    let blocked = plain(Dialect::Gemini, flaws).json();
    let reason = &blocked["promptFeedback"]["blockReason"];
    assert_eq!(reason, "PROHIBITED_CONTENT");
}

#[test]
fn the_finish_reason_may_lie_or_be_missing() {
    for dialect in Dialect::ALL {
        let (place, words) = match dialect.family() {
            Family::Openai => ("/choices/0/finish_reason", ["length", "content_filter"]),
            Family::Anthropic => ("/delta/stop_reason", ["max_tokens", "refusal"]),
            Family::Gemini => ("/candidates/0/finishReason", ["MAX_TOKENS", "SAFETY"]),
        };
        for (finish, word) in [
            (Finish::Length, Some(words[0])),
            (Finish::ContentFilter, Some(words[1])),
            (Finish::Missing, None),
        ] {
            let flaws = Flaws {
                finish,
                ..Flaws::default()
            };
            let chunks = streamed(dialect, flaws.clone()).chunks();
            let found = chunks.iter().filter_map(|chunk| chunk.pointer(place));
            let found = found.filter_map(Value::as_str).next();
            assert_eq!(found, word, "{dialect:?}");
            let body = plain(dialect, flaws).json();
            let found = body.pointer(&place.replace("/delta", ""));
            assert_eq!(found.and_then(Value::as_str), word, "{dialect:?}");
        }
    }
}

#[test]
fn a_stream_may_say_twice_or_never_that_it_is_over() {
    for dialect in Dialect::ALL {
        let word = match dialect.family() {
            Family::Openai => "data: [DONE]\n\n",
            Family::Anthropic => "{\"type\":\"message_stop\"}\n\n",
            Family::Gemini => "\"finishReason\":\"STOP\"",
        };
        for (terminator, times) in [
            (Terminator::Once, 1),
            (Terminator::Never, 0),
            (Terminator::Twice, 2),
        ] {
            let flaws = Flaws {
                terminator,
                ..Flaws::default()
            };
            let answer = streamed(dialect, flaws);
            assert_eq!(answer.text().matches(word).count(), times, "{dialect:?}");
            assert_eq!(answer.content(dialect), "1 tok 6 tok 7 tok ");
        }
    }
}

#[test]
fn the_label_may_be_wrong_or_missing() {
    for dialect in Dialect::ALL {
        for (label, expected) in [(Label::Wrong, Some("text/plain")), (Label::Missing, None)] {
            let flaws = Flaws {
                label,
                ..Flaws::default()
            };
            let answer = plain(dialect, flaws.clone());
            assert_eq!(answer.field("content-type"), expected);
            assert!(answer.json().is_object());
            let answer = streamed(dialect, flaws.clone());
            assert_eq!(answer.field("content-type"), expected);
            let page = Flaws {
                body: Body::Html,
                ..flaws
            };
            assert_eq!(plain(dialect, page).field("content-type"), expected);
        }
    }
}

#[test]
fn something_else_may_stand_in_the_place_of_the_body() {
    for dialect in Dialect::ALL {
        let both = |body| {
            let flaws = Flaws {
                body,
                ..Flaws::default()
            };
            [plain(dialect, flaws.clone()), streamed(dialect, flaws)]
        };
        for answer in both(Body::Empty) {
            assert_eq!(answer.body, b"");
        }
        for answer in both(Body::Html) {
            assert!(answer.text().contains("<html"));
            assert_eq!(
                answer.field("content-type"),
                Some("text/html; charset=UTF-8")
            );
        }
        for answer in both(Body::Error(Cause::ServerError)) {
            assert!(!message(&answer.json()).is_empty());
        }
        for answer in both(Body::NoJson) {
            assert!(answer.text().starts_with("upstream connect error"));
        }
        let [half, stream] = both(Body::HalfJson);
        assert!(half.text().starts_with('{'));
        assert!(serde_json::from_str::<Value>(half.text()).is_err());
        assert_eq!(stream.content(dialect), "1 tok 6 tok 7 tok ");
    }
}

#[test]
fn a_head_may_say_that_it_is_the_connections_last() {
    let stamp = flawed(Flaws {
        closes: true,
        ..Flaws::default()
    });
    for dialect in Dialect::ALL {
        let head = Part {
            head: true,
            ..Part::default()
        };
        let writer = writer(dialect);
        for bytes in [
            writer.completion(&stamp, USAGE),
            writer.part(&stamp, &head),
            writer.refusal(&stamp, &Refusal::of(Cause::ServerError)),
        ] {
            assert_eq!(Answer::read(&bytes).field("connection"), Some("close"));
        }
    }
}
