//! Alibaba Cloud Model Studio (DashScope), also in its form that is compatible with OpenAI's.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    word(Quota, "Arrearage", "tencentmusic/supersonic#1572"),
    word(Quota, "PrepaidBillOverdue", CODES),
    word(Quota, "PostpaidBillOverdue", CODES),
    word(Quota, "CommodityNotPurchased", CODES),
    word(Quota, "AllocationQuota.FreeTierOnly", CODES),
    phrase(
        ContextTooLong,
        "range of input length should be",
        "QwenLM/qwen-code#98",
    ),
    word(ContentFilter, "DataInspectionFailed", CODES),
    phrase(ContentFilter, "data may contain inappropriate", CODES),
    word(Forbidden, "AccessDenied.Unpurchased", CODES),
    word(Forbidden, "Workspace.AccessDenied", CODES),
    word(ModelGone, "Model.AccessDenied", CODES),
    word(Overloaded, "ModelServingError", CODES),
    word(Overloaded, "ServiceUnavailable", CODES),
    word(RateLimited, "Throttling.RateQuota", CODES),
    word(RateLimited, "Throttling.AllocationQuota", CODES),
    word(RateLimited, "Throttling.BurstRate", CODES),
    word(RateLimited, "limit_requests", CODES),
    word(RateLimited, "limit_burst_rate", CODES),
    word(
        BadRequest,
        "invalid_parameter_error",
        "agentscope-ai/QwenPaw#6255",
    )
    .by_status(),
    word(
        BadRequest,
        "InvalidParameter*",
        "LLM-Red-Team/qwen-free-api#23",
    )
    .by_status(),
];

const CODES: &str = "Alibaba Cloud Model Studio, error codes";
