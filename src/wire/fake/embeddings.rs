//! OpenAI's embeddings on the fake side. A vector depends on its input alone, and has the length 1,
//! as at the vendor: equal inputs are equal, others are far apart.

use serde_json::{Value, json};

use super::grammar::{Model, counted};
use super::{Choices, Stamp, Usage};

/// The vectors that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vectors {
    /// A number for each input: equal for equal ones.
    pub seeds: Vec<u64>,
    /// The numbers in a vector; those of the model where the request does not say.
    pub dimensions: Option<u32>,
    /// A vector is written in base64, as 32-bit numbers, little end first.
    pub base64: bool,
}

/// The body of an answer with `vectors`.
pub(super) fn body(model: &Model, stamp: &Stamp, vectors: &Vectors, usage: Usage) -> String {
    let flaws = stamp.flaws();
    let length = vectors
        .dimensions
        .unwrap_or_else(|| dimensions(&model.name));
    let data = vectors.seeds.iter().enumerate().map(|(index, seed)| {
        let embedding = match flaws.choices {
            Choices::NullContent => Value::Null,
            _ if vectors.base64 => base64(&bytes(*seed, length)).into(),
            _ => vector(*seed, length).collect(),
        };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    });
    let name = flaws.model.as_deref().unwrap_or(&model.name);
    let mut body = json!({ "object": "list", "model": name });
    match flaws.choices {
        Choices::Whole | Choices::NullContent => body["data"] = data.collect(),
        Choices::Empty => body["data"] = json!([]),
        Choices::Null => body["data"] = Value::Null,
        Choices::Missing => {}
    }
    if let Some(usage) = counted(usage, flaws) {
        body["usage"] = json!({ "prompt_tokens": usage.input, "total_tokens": usage.input });
    }
    body.to_string()
}

/// The numbers in a vector of this model.
fn dimensions(model: &str) -> u32 {
    if model.ends_with("text-embedding-3-large") {
        3_072
    } else {
        1_536
    }
}

/// A vector of the length 1: each of its numbers has the same size, and a drawn sign.
fn vector(seed: u64, length: u32) -> impl Iterator<Item = f32> {
    let size = (1.0 / f64::from(length).sqrt()) as f32;
    let mut state = seed;
    (0..length).map(move |_| {
        // A linear congruential generator (Knuth's MMIX); its upper bits are good enough for signs.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if state >> 63 == 0 { size } else { -size }
    })
}

fn bytes(seed: u64, length: u32) -> Vec<u8> {
    vector(seed, length).flat_map(f32::to_le_bytes).collect()
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes(bits);
        for digit in 0..4 {
            let six = bits >> (18 - 6 * digit) & 63;
            text.push(match digit <= three.len() {
                true => char::from(digits[six as usize]),
                false => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_vector_has_the_length_1_and_depends_on_its_input() {
        let dot = |a: u64, b: u64| -> f32 {
            let pairs = vector(a, 1_536).zip(vector(b, 1_536));
            pairs.map(|(a, b)| a * b).sum()
        };
        assert!((dot(7, 7) - 1.0).abs() < 1e-3);
        assert!(dot(7, 8).abs() < 0.2, "{}", dot(7, 8));
    }
}
