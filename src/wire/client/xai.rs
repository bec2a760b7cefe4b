//! xAI (Grok): OpenAI's form, unchanged on the client's side. Its errors,
//! `{"code": "…", "error": "text"}`, are read by `error` as all others are.

use super::{ClientSpec, openai};

/// xAI's service.
pub(in crate::wire) const SPEC: ClientSpec = openai::SPEC;
