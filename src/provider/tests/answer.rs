//! Reads answers with independent parsers, so that a mistake in the writers is not hidden by the
//! same mistake in our readers. What an answer should say is checked in the tests.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::fake::tests::dechunk;

/// An answer, as `httparse` reads it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) body: String,
    /// Whether it ended as its head announced.
    pub(super) is_terminated: bool,
}

impl Answer {
    /// Reads the bytes of one answer, whole or cut.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut fields = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Response::new(&mut fields);
        let length = head.parse(bytes).unwrap().unwrap();
        let status = head.code.unwrap();
        let fields: BTreeMap<String, String> = head
            .headers
            .iter()
            .map(|field| {
                let value = String::from_utf8(field.value.to_vec()).unwrap();
                (field.name.to_owned(), value)
            })
            .collect();
        let rest = &bytes[length..];
        let (body, is_terminated) = match fields.get("content-length") {
            Some(stated) => (rest.to_vec(), stated.parse() == Ok(rest.len())),
            None => dechunk(rest),
        };
        Self {
            status,
            is_terminated,
            body: String::from_utf8(body).unwrap(),
            fields,
        }
    }

    /// The data of each event; comments have none.
    pub(super) fn events(&self) -> Vec<&str> {
        self.body
            .split_terminator("\n\n")
            .filter(|event| !event.starts_with(':'))
            .map(|event| event.strip_prefix("data: ").unwrap())
            .collect()
    }

    /// The number of tokens in the events.
    pub(super) fn tokens(&self) -> u64 {
        self.events()
            .into_iter()
            .filter(|event| *event != "[DONE]")
            .filter_map(|event| {
                let chunk: Value = serde_json::from_str(event).unwrap();
                let content = chunk["choices"][0]["delta"]["content"].as_str()?;
                let (count, token) = content.split_once(' ')?;
                assert!(["tok", "tök"].contains(&token.trim_end()), "{token}");
                count.parse::<u64>().ok()
            })
            .sum()
    }
}
