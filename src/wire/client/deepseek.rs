//! DeepSeek: OpenAI's form, at the root of its host.

use super::{ClientSpec, openai};

/// DeepSeek's service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    ..openai::SPEC
};
