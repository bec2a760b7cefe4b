//! OpenAI's other interfaces: the Responses API and embeddings.

use super::*;

fn with(content: Content) -> Stamp {
    formed(Api::Responses, content)
}

fn call() -> Stamp {
    with(weather(r#"{"city":"tok"}"#))
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<_> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    kinds.dedup();
    kinds
}

/// The deltas of a kind, joined.
fn deltas(events: &[Value], kind: &str) -> String {
    let own = events.iter().filter(|event| event["type"] == kind);
    own.map(|event| event["delta"].as_str().unwrap()).collect()
}

#[test]
fn a_response_is_the_same_plain_and_streamed() {
    let stamp = with(Content::Tokens);
    let body = Answer::read(&writer(Dialect::Openai).completion(&stamp, CACHED)).json();
    let text = &body["output"][0]["content"][0]["text"];
    assert_eq!(text.as_str().unwrap().matches("tok").count(), 14);
    assert_eq!(
        (&body["object"], &body["status"]),
        (&"response".into(), &"completed".into())
    );
    assert_eq!(body["usage"]["input_tokens_details"]["cached_tokens"], 600);
    assert_eq!(body["usage"]["total_tokens"], 914);

    let answer = stream(Dialect::Openai, &stamp, |_, _| {});
    let names: Vec<_> = answer.events().into_iter().map(|(name, _)| name).collect();
    let events = answer.chunks();
    assert_eq!(
        kinds(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    for (nth, (event, name)) in events.iter().zip(&names).enumerate() {
        assert_eq!(event["sequence_number"], nth, "{event}");
        assert_eq!(event["type"], name.as_str());
    }
    assert_eq!(
        deltas(&events, "response.output_text.delta"),
        text.as_str().unwrap()
    );
    assert_eq!(events.last().unwrap()["response"], body);
}

#[test]
fn a_call_in_a_response_has_its_arguments_event_by_event() {
    let body = Answer::read(&writer(Dialect::Xai).completion(&call(), CACHED)).json();
    let item = &body["output"][0];
    assert_eq!(item["type"], "function_call");
    assert_eq!(item["name"], "get_weather");
    let events = stream(Dialect::Xai, &call(), |_, _| {}).chunks();
    for (nth, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], nth, "{event}");
    }
    let arguments = deltas(&events, "response.function_call_arguments.delta");
    assert_eq!(item["arguments"], arguments.as_str());
    assert_eq!(events.last().unwrap()["response"]["output"][0], *item);
}

#[test]
fn flaws_and_errors_are_those_of_a_response_as_well() {
    let flawed = |flaws| Stamp {
        flaws: Some(Box::new(flaws)),
        ..with(Content::Tokens)
    };
    let short = flawed(Flaws {
        finish: Finish::Length,
        ..Flaws::default()
    });
    let events = stream(Dialect::Openai, &short, |_, _| {}).chunks();
    let last = &events.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(
        last["response"]["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    let empty = flawed(Flaws {
        choices: Choices::Empty,
        ..Flaws::default()
    });
    let body = Answer::read(&writer(Dialect::Openai).completion(&empty, CACHED)).json();
    assert_eq!(body["output"], serde_json::json!([]));
    let events = stream(Dialect::Openai, &empty, |_, _| {}).chunks();
    assert_eq!(deltas(&events, "response.output_text.delta"), "");

    let stamp = with(Content::Tokens);
    for dialect in [
        Dialect::Openai,
        Dialect::Azure,
        Dialect::Openrouter,
        Dialect::Xai,
    ] {
        let events = stream(dialect, &stamp, |at, part| {
            *part = match at {
                1 => Part {
                    extra: Some(Extra::Error(Cause::ServerError)),
                    ..*part
                },
                2 => Part::default(),
                _ => *part,
            };
        })
        .chunks();
        let [.., error, failed] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(error["type"], "error", "{dialect:?}");
        assert!(!error["error"].is_null(), "{dialect:?}");
        assert_eq!(error["sequence_number"], 4 + 7);
        assert_eq!(failed["type"], "response.failed");
        assert!(
            failed["response"]["error"]["message"].is_string(),
            "{dialect:?} {failed}"
        );
    }
}

#[test]
fn each_vendor_has_the_interfaces_that_it_really_has() {
    let vectors = Api::Embeddings(Arc::new(Vectors {
        seeds: vec![1],
        dimensions: None,
        base64: false,
    }));
    for dialect in Dialect::ALL {
        let has = [&Api::Chat, &Api::Responses, &vectors].map(|api| writer(dialect).serves(api));
        let expected = match dialect {
            Dialect::Openai | Dialect::Azure | Dialect::Openrouter => [true, true, true],
            Dialect::Xai => [true, true, false],
            _ => [true, false, false],
        };
        assert_eq!(has, expected, "{dialect:?}");
    }
}

#[test]
fn embeddings_have_a_vector_for_each_input() {
    let asked = |base64, choices| {
        let vectors = Vectors {
            seeds: vec![7, 8, 7],
            dimensions: Some(4),
            base64,
        };
        let form = Form {
            api: Api::Embeddings(Arc::new(vectors)),
            ..Form::default()
        };
        let flaws = Flaws {
            choices,
            ..Flaws::default()
        };
        let stamp = Stamp {
            form,
            flaws: Some(Box::new(flaws)),
            ..stamp()
        };
        Answer::read(&writer(Dialect::Openai).completion(&stamp, USAGE)).json()
    };
    let body = asked(false, Choices::Whole);
    let data = body["data"].as_array().unwrap();
    let vectors: Vec<_> = data.iter().map(|one| &one["embedding"]).collect();
    assert_eq!(vectors.len(), 3);
    assert_eq!(vectors[0], vectors[2]);
    assert_ne!(vectors[0], vectors[1]);
    let numbers: Vec<f64> = vectors[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_f64().unwrap())
        .collect();
    assert!(
        numbers.iter().all(|number| number.abs() == 0.5),
        "{numbers:?}"
    );
    assert_eq!(
        body["usage"],
        serde_json::json!({ "prompt_tokens": 900, "total_tokens": 900 })
    );
    let text = asked(true, Choices::Whole);
    assert_eq!(
        text["data"][0]["embedding"].as_str().unwrap().len(),
        24,
        "16 bytes"
    );
    assert_eq!(asked(false, Choices::Empty)["data"], serde_json::json!([]));
    assert!(asked(false, Choices::Missing).get("data").is_none());
}
