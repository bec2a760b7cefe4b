//! Gemini's generateContent.

use super::*;
use crate::wire::Dialect::Gemini;

/// A thought, text, and the finish reason, with usage in every event.
pub(super) const STREAM: &str = concat!(
    r#"data: {"candidates": [{"content": {"parts": [{"text": "A greeting.","thought": true}],"#,
    r#""role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 8,"#,
    r#""totalTokenCount": 8},"modelVersion": "gemini-2.5-flash","#,
    r#""responseId": "mAitaLmkHPPlz7IPvtfUqQ4"}"#,
    "\r\n\r\n",
    r#"data: {"candidates": [{"content": {"parts": [{"text": "Hello"}],"role": "model"},"#,
    r#""index": 0}],"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 1,"#,
    r#""thoughtsTokenCount": 20}}"#,
    "\r\n\r\n",
    r#"data: {"candidates": [{"content": {"parts": [{"text": ", "},{"text": "wörld"}],"#,
    r#""role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": "#,
    r#"{"promptTokenCount": 8,"cachedContentTokenCount": 4,"candidatesTokenCount": 5,"#,
    r#""totalTokenCount": 33,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}],"#,
    r#""thoughtsTokenCount": 20}}"#,
    "\r\n\r\n",
);

const PLAIN: &str = r#"{
  "candidates": [
    {
      "content": {
        "parts": [
          { "text": "Thinking of it.", "thought": true },
          { "text": "AI works by " },
          { "text": "learning." }
        ],
        "role": "model"
      },
      "finishReason": "STOP",
      "avgLogprobs": -0.1,
      "index": 0
    }
  ],
  "usageMetadata": {
    "promptTokenCount": 8,
    "candidatesTokenCount": 24,
    "totalTokenCount": 832,
    "thoughtsTokenCount": 800
  },
  "modelVersion": "gemini-2.5-flash"
}
"#;

fn candidate(parts: &str, finish: &str) -> Result<Content, Wrong> {
    let body = format!(
        r#"{{"candidates":[{{"content":{{{parts}"role":"model"}},"finishReason":{finish}}}]}}"#
    );
    plain(Gemini, &body)
}

#[test]
fn reads_a_plain_answer() {
    let content = plain(Gemini, PLAIN).unwrap();
    assert_eq!(content.text, "AI works by learning.");
    let finish = content.finish.unwrap();
    assert_eq!(
        (finish.reason, finish.raw.as_str()),
        (FinishReason::Stop, "STOP")
    );
    let usage = Usage {
        prompt_tokens: 8,
        cached_tokens: 0,
        completion_tokens: 824,
    };
    assert_eq!(content.usage, Some(usage));
    assert_eq!(content.model.as_deref(), Some("gemini-2.5-flash"));
    no_prefix_of_an_answer_is_one(Gemini, PLAIN);
}

#[test]
fn no_prefix_of_a_stream_is_a_whole_answer() {
    super::no_prefix_of_a_stream_is_a_whole_answer(Gemini, STREAM);
    let heard = hear(Gemini, &[STREAM.as_bytes()]);
    let text = |text: &str| Token::Text(text.to_owned());
    assert_eq!(heard.tokens, [Token::Busy, text("Hello"), text(", wörld")]);
    assert_eq!(heard.finish(), (FinishReason::Stop, "STOP"));
    let usage = Usage {
        prompt_tokens: 8,
        cached_tokens: 4,
        completion_tokens: 25,
    };
    assert_eq!(heard.usage(), Some(usage));
    assert_eq!(heard.model(), Some("gemini-2.5-flash"));
}

#[test]
fn a_stream_without_a_reason_to_finish_is_cut() {
    let text = r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"index":0}]}"#;
    assert_eq!(hear_events(Gemini, &[text]).end, Err(Wrong::Truncated));
    let usage = r#"{"usageMetadata":{"promptTokenCount":8}}"#;
    assert_eq!(
        hear_events(Gemini, &[text, usage]).end,
        Err(Wrong::Truncated)
    );
    let stop = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
    let heard = hear_events(Gemini, &[text, stop, usage]);
    assert_eq!(heard.usage().unwrap().prompt_tokens, 8);
}

#[test]
fn a_blocked_prompt_is_filtered() {
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},
        "usageMetadata":{"promptTokenCount":7,"totalTokenCount":7},
        "modelVersion":"gemini-2.5-flash"}"#;
    let filtered = Err(Wrong::Filtered(Some("PROHIBITED_CONTENT".to_owned())));
    assert_eq!(plain(Gemini, body), filtered);
    let heard = hear_events(Gemini, &[&body.replace('\n', "")]);
    assert_eq!(heard.end.map(|_| ()), filtered.map(|_| ()));
}

#[test]
fn a_withheld_candidate_is_filtered_unless_some_of_it_was_said() {
    for raw in [
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
    ] {
        let withheld = candidate("", &format!("\"{raw}\""));
        assert_eq!(withheld, Err(Wrong::Filtered(Some(raw.to_owned()))));
        let event = format!(r#"{{"candidates":[{{"finishReason":"{raw}","index":0}}]}}"#);
        let heard = hear_events(Gemini, &[&event]);
        assert_eq!(heard.end, Err(Wrong::Filtered(Some(raw.to_owned()))));
        let some = candidate(r#""parts":[{"text":"x"}],"#, &format!("\"{raw}\"")).unwrap();
        assert_eq!(some.finish.unwrap().reason, FinishReason::ContentFilter);
    }
}

#[test]
fn a_candidate_without_a_text_needs_a_reason() {
    let empty = r#""parts":[{"text":""}],"#;
    assert_eq!(candidate(empty, "\"STOP\"").unwrap().text, "");
    let thought = r#""parts":[{"text":"Hm.","thought":true}],"#;
    for nothing in ["", r#""parts":[],"#, r#""parts":null,"#, thought] {
        for finish in [
            "\"STOP\"",
            "null",
            "\"MALFORMED_FUNCTION_CALL\"",
            "\"OTHER\"",
        ] {
            let wrong = candidate(nothing, finish);
            assert_eq!(wrong, Err(Wrong::Malformed), "{nothing} {finish}");
        }
        let cut = candidate(nothing, "\"MAX_TOKENS\"").unwrap();
        assert_eq!(cut.finish.unwrap().reason, FinishReason::Length);
    }
    for body in [
        r#"{"candidates":[]}"#,
        r#"{"candidates":null}"#,
        r#"{"usageMetadata":{"promptTokenCount":7}}"#,
        r#"{"promptFeedback":{"safetyRatings":[]}}"#,
    ] {
        assert_eq!(plain(Gemini, body), Err(Wrong::Malformed), "{body}");
    }
}

#[test]
fn a_stream_may_break_off_with_bare_json() {
    let text = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}\r\n\r\n";
    let error = r#"{
  "error": {
    "code": 503,
    "message": "The model is overloaded. Please try again later.",
    "status": "UNAVAILABLE"
  }
}
"#;
    let array = format!("[{error}]");
    let event = format!("data: {}\r\n\r\n", error.replace('\n', ""));
    for error in [error, &array, &event] {
        let heard = hear(Gemini, &[text.as_bytes(), error.as_bytes()]);
        assert_eq!(heard.text(), "x");
        let Err(Wrong::Error(error)) = heard.end else {
            panic!("{heard:?}");
        };
        assert_eq!(error.status.as_deref(), Some("UNAVAILABLE"));
        assert_eq!(error.code.as_deref(), Some("503"));
    }
}
