//! OpenRouter: OpenAI's form, below `/api/v1`.

use super::{ClientSpec, openai};

/// OpenRouter's service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "/api/v1",
    ..openai::SPEC
};
