//! Streams with extra events, and streams that end too early.

use super::*;

/// A stream whose second write is disturbed by `extra`.
fn disturbed(dialect: Dialect, extra: Extra) -> Answer {
    stream(dialect, &stamp(), |at, part| {
        if at == 1 {
            part.extra = Some(extra);
        }
    })
}

#[test]
fn a_keep_alive_changes_nothing() {
    for dialect in Dialect::ALL {
        let answer = disturbed(dialect, Extra::KeepAlive);
        assert!(answer.is_whole);
        assert_eq!(answer.content(dialect), "1 tok 6 tok 7 tok ");
    }
}

#[test]
fn a_malformed_event_is_an_event_but_no_json() {
    for dialect in Dialect::ALL {
        let answer = disturbed(dialect, Extra::Malformed);
        let events = answer.events();
        let is_json = |data: &str| data == "[DONE]" || serde_json::from_str::<Value>(data).is_ok();
        let bad = events.iter().filter(|(_, data)| !is_json(data)).count();
        assert_eq!(bad, 1, "{dialect:?}");
        assert!(answer.is_whole);
    }
}

#[test]
fn a_duplicate_is_the_last_event_once_more() {
    for dialect in Dialect::ALL {
        let answer = disturbed(dialect, Extra::Duplicate);
        let content = answer.content(dialect);
        assert_eq!(content, "1 tok 6 tok 6 tok 7 tok ", "{dialect:?}");
    }
    let part = Part {
        extra: Some(Extra::Duplicate),
        ..Part::default()
    };
    for dialect in Dialect::ALL {
        let again = writer(dialect).part(&stamp(), &part);
        assert_eq!(again.is_empty(), dialect == Dialect::Gemini);
    }
}

#[test]
fn reordered_events_are_the_same_in_another_order() {
    for dialect in Dialect::ALL {
        let answer = disturbed(dialect, Extra::Reordered);
        assert_eq!(answer.content(dialect), "1 tok 3 tok 3 tok 7 tok ");
        let answer = stream(dialect, &stamp(), |at, part| {
            if at == 0 {
                part.tokens = 5;
                part.extra = Some(Extra::Reordered);
            }
        });
        let content = answer.content(dialect);
        assert_eq!(content, "3 tok 2 tok 6 tok 7 tok ", "{dialect:?}");
        if dialect == Dialect::Anthropic {
            assert_eq!(answer.events()[0].0, "content_block_delta");
        }
    }
}

#[test]
fn an_error_in_band_ends_the_stream_in_the_grammar_of_its_dialect() {
    for dialect in Dialect::ALL {
        let extra = Extra::Error(Cause::Overloaded);
        let parts = [
            Part {
                head: true,
                opens: true,
                tokens: 3,
                ..Part::default()
            },
            Part {
                tokens: 4,
                extra: Some(extra),
                closes: Some(USAGE),
                ..Part::default()
            },
        ];
        let bytes: Vec<u8> = parts
            .iter()
            .flat_map(|part| writer(dialect).part(&stamp(), part))
            .collect();
        let answer = Answer::read(&bytes);
        assert!(answer.is_whole, "{dialect:?}");
        if dialect == Dialect::Gemini {
            let (events, error) = answer.text().rsplit_once("\r\n\r\n").unwrap();
            assert!(events.contains("4 tok"));
            let error: Value = serde_json::from_str(error).unwrap();
            assert_eq!(error["error"]["status"], "UNAVAILABLE");
            continue;
        }
        let events = answer.events();
        let (name, data) = events.last().unwrap();
        let error: Value = serde_json::from_str(data).unwrap();
        assert!(!message(&error).is_empty(), "{error}");
        match dialect {
            Dialect::Anthropic => {
                assert_eq!((name.as_str(), &error["type"]), ("error", &"error".into()));
                assert_eq!(error["error"]["type"], "overloaded_error");
            }
            Dialect::Openrouter => {
                assert_eq!(error["choices"][0]["finish_reason"], "error");
                assert_eq!(error["error"]["code"], "provider_overloaded");
                assert_eq!(error["object"], "chat.completion.chunk");
            }
            _ => assert!(error.get("choices").is_none()),
        }
    }
}

#[test]
fn every_cause_can_be_told_in_band_and_in_the_place_of_a_body() {
    for dialect in Dialect::ALL {
        for cause in Cause::ALL {
            let error = Part {
                head: true,
                extra: Some(Extra::Error(cause)),
                ..Part::default()
            };
            let answer = Answer::read(&writer(dialect).part(&stamp(), &error));
            let text = match dialect {
                Dialect::Gemini => answer.text().to_owned(),
                _ => answer.events()[0].1.clone(),
            };
            let read: Value = serde_json::from_str(&text).unwrap();
            assert!(!message(&read).is_empty(), "{dialect:?} {text}");

            let stamp = flawed(Flaws {
                body: Body::Error(cause),
                ..Flaws::default()
            });
            let answer = Answer::read(&writer(dialect).completion(&stamp, USAGE));
            assert_eq!((answer.status, answer.is_whole), (200, true));
            assert!(!message(&answer.json()).is_empty());
        }
    }
}

#[test]
fn a_stream_may_end_as_http_has_it_though_it_is_not_whole() {
    for dialect in Dialect::ALL {
        let part = Part {
            head: true,
            opens: true,
            tokens: 3,
            ends: true,
            ..Part::default()
        };
        let answer = Answer::read(&writer(dialect).part(&stamp(), &part));
        assert!(answer.is_whole);
        assert_eq!(answer.content(dialect), "3 tok ");
        assert!(!answer.text().contains("[DONE]"));
        let nothing = Part {
            ends: true,
            ..Part::default()
        };
        let last = writer(dialect).part(&stamp(), &nothing);
        assert_eq!(last, b"0\r\n\r\n"[..]);
    }
}

#[test]
fn bytes_may_end_inside_the_last_event() {
    for dialect in Dialect::ALL {
        for inside in [Inside::Json, Inside::Utf8] {
            let part = Part {
                head: true,
                opens: true,
                tokens: 3,
                inside: Some(inside),
                ends: true,
                ..Part::default()
            };
            let answer = Answer::read(&writer(dialect).part(&stamp(), &part));
            assert!(answer.is_whole);
            let text = String::from_utf8_lossy(&answer.body);
            let last = text.rsplit("data: ").next().unwrap();
            assert!(last.starts_with('{'), "{dialect:?} {last}");
            assert!(serde_json::from_str::<Value>(last).is_err());
            let is_torn = std::str::from_utf8(&answer.body).is_err();
            assert_eq!(is_torn, inside == Inside::Utf8, "{dialect:?}");
        }
    }
}

#[test]
fn a_write_may_be_split_inside_a_character_and_loses_nothing() {
    for dialect in Dialect::ALL {
        let part = Part {
            head: true,
            opens: true,
            tokens: 14,
            closes: Some(USAGE),
            ..Part::default()
        };
        let [first, rest] = writer(dialect).split(&stamp(), &part);
        let half = Answer::read(&first);
        assert!(std::str::from_utf8(&half.body).is_err());
        let answer = Answer::read(&[first, rest].concat());
        assert!(answer.is_whole);
        assert_eq!(answer.content(dialect), "14 t\u{f6}k ");
        let empty = writer(dialect).split(&stamp(), &Part::default());
        assert!(empty.iter().all(Bytes::is_empty));
    }
}
