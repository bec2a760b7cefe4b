//! Moonshot (Kimi): OpenAI's form, unchanged on the client's side.

use super::{ClientSpec, openai};

/// Moonshot's service.
pub(in crate::wire) const SPEC: ClientSpec = openai::SPEC;
