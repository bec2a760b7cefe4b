//! Zhipu AI (BigModel, Z.ai). Its codes are numbers of four digits, its messages often Chinese.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    word(Quota, "1113", CODES),
    word(Quota, "1304", CODES),
    word(Quota, "1308", CODES),
    word(Quota, "1309", CODES),
    word(Quota, "1310", CODES),
    phrase(Quota, "欠费", CODES),
    phrase(Quota, "余额不足", CODES),
    phrase(Quota, "充值", CODES),
    phrase(Quota, "资源包", CODES),
    phrase(Quota, "套餐..到期", CODES),
    phrase(Quota, "额度..用尽", CODES),
    phrase(Quota, "使用上限", CODES),
    word(ContextTooLong, "1261", CODES),
    phrase(ContextTooLong, "prompt 超长", CODES),
    word(ContentFilter, "1301", CODES),
    word(Auth, "1000", CODES),
    word(Auth, "1001", CODES),
    word(Auth, "1002", CODES),
    word(Auth, "1003", CODES),
    word(Auth, "1004", CODES),
    word(Forbidden, "1110", CODES),
    word(Forbidden, "1111", CODES),
    word(Forbidden, "1112", CODES),
    word(Forbidden, "1220", CODES),
    word(ModelGone, "1211", CODES),
    word(ModelGone, "1221", CODES),
    word(ModelGone, "1222", CODES),
    word(ModelGone, "1311", CODES),
    phrase(ModelGone, "modelcode", "duolahypercho/codex-router#244"),
    word(Overloaded, "1305", CODES),
    word(Overloaded, "1312", CODES),
    word(RateLimited, "1302", CODES),
    word(RateLimited, "1303", CODES),
    word(ServerError, "1230", CODES),
    word(ServerError, "1234", CODES),
    word(BadRequest, "1210", "zai-org/feedback#81").by_status(),
    word(BadRequest, "1213", CODES).by_status(),
    word(BadRequest, "1214", "lobehub/lobehub#1398").by_status(),
];

const CODES: &str = "Zhipu AI, error codes";
