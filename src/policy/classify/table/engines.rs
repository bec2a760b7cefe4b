//! Engines that serve models on one's own machines: vLLM, llama.cpp, Ollama, TGI, SGLang, and the
//! validation of FastAPI in front of them.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    word(
        ContextTooLong,
        "exceed_context_size_error",
        "ggml-org/llama.cpp#19774",
    ),
    phrase(ContextTooLong, "decoder prompt", "xorbitsai/inference#3785"),
    phrase(
        ContextTooLong,
        "`max_new_tokens` must be",
        "huggingface/llm-vscode#94",
    ),
    phrase(
        ContextTooLong,
        "max_new_tokens must be",
        "opea-project/GenAIExamples#340",
    ),
    phrase(
        ContextTooLong,
        "must have less than..tokens",
        "opea-project/GenAIExamples#340",
    ),
    phrase(
        ContextTooLong,
        "requested tokens..exceed",
        "abetlen/llama-cpp-python, llama.py",
    ),
    phrase(ModelGone, "try pulling it first", "FlowiseAI/Flowise#2335"),
    word(
        Overloaded,
        "unavailable_error",
        "ggml-org/llama.cpp, server README",
    ),
    word(
        Overloaded,
        "incomplete_generation",
        "huggingface/text-generation-inference, errors",
    ),
    phrase(Overloaded, "no available worker", "SGLang, router"),
    // FastAPI's kinds of mistakes in a request.
    word(BadRequest, "json_invalid", FASTAPI).by_status(),
    word(BadRequest, "missing", FASTAPI).by_status(),
    word(BadRequest, "value_error*", FASTAPI).by_status(),
    word(BadRequest, "type_error*", FASTAPI).by_status(),
    word(BadRequest, "extra_forbidden", FASTAPI).by_status(),
    word(BadRequest, "literal_error", FASTAPI).by_status(),
    phrase(BadRequest, "field required", FASTAPI).by_status(),
    phrase(BadRequest, "json decode error", FASTAPI).by_status(),
    phrase(BadRequest, "validation error for", FASTAPI).by_status(),
    phrase(
        BadRequest,
        "param validation error",
        "BigPizzaV3/CodexPlusPlus#329",
    )
    .by_status(),
    phrase(BadRequest, "parse error", "ggml-org/llama.cpp, server").by_status(),
    phrase(BadRequest, "unexpected token", "ggml-org/llama.cpp, server").by_status(),
    phrase(BadRequest, "cannot be empty", "vLLM, protocol").by_status(),
    phrase(BadRequest, "at least one message", "vLLM, protocol").by_status(),
    phrase(BadRequest, "empty messages", "vLLM, protocol").by_status(),
];

const FASTAPI: &str = "FastAPI, handling errors";
