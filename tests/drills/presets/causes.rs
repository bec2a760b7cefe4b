//! Why each client of an article fails a conduct scenario, in its article's own words.

/// A sentence of an article, and its effect.
pub(crate) struct Cause {
    /// The client, which is its preset's name without the ending.
    pub(crate) client: &'static str,
    /// Its place: the mechanism's number, whose article is the client's.
    pub(crate) place: &'static str,
    /// The sentence, translated; or a line of code as it stands.
    pub(crate) says: &'static str,
    /// The scenarios of the conduct pack that it fails by this.
    pub(crate) scenarios: &'static str,
}

const fn cause(
    client: &'static str,
    place: &'static str,
    says: &'static str,
    scenarios: &'static str,
) -> Cause {
    Cause {
        client,
        place,
        says,
        scenarios,
    }
}

/// Every cause; a client has one for a scenario.
#[rustfmt::skip]
pub(crate) const CAUSES: &[Cause] = &[
    cause("000-python", "A1",
        "`if response.status_code in [408, 429, 500, 502, 503, 504]: return True`",
        "quota-exhausted overloaded-backup rate-limit-with-hint"),
    cause("000-python", "A1",
        "`self.recovery_timeout = 60 # seconds`",
        "burst-of-503 flapping recovery everything-down"),
    cause("000-python", "A1",
        "`except ConnectionError`: \"Connection failed. Retrying...\"",
        "dead-name"),
    cause("000-python", "A1",
        "`if not self._should_retry(response): … break`",
        "bad-key context-too-long"),
    cause("000-python", "A1",
        "`except Exception as e: … break`",
        "html-200 malformed-event"),
    cause("000-python", "A1",
        "\"The request times out after 30 seconds without a response.\"",
        "silent-provider slow-first-token"),

    cause("000-node", "A3",
        "`} else { … reject(new Error(HTTP ${res.statusCode}: ${body})); }`",
        "bad-key context-too-long"),
    cause("000-node", "A2",
        "`this.resetTimeout = options.resetTimeout || 60000; // 60 seconds`",
        "burst-of-503 flapping recovery everything-down"),
    cause("000-node", "A3",
        "`req.on('error', … if (retryCount < this.maxRetries) this._retryWithBackoff(…)`",
        "dead-name"),
    cause("000-node", "A3",
        "`resolve(JSON.parse(body));`",
        "html-200 malformed-event"),
    cause("000-node", "A3",
        "`const delay = Math.min(1000 * Math.pow(2, retryCount), 30000);`",
        "overloaded-backup rate-limit-with-hint"),
    cause("000-node", "A3",
        "`return [408, 429, 500, 502, 503, 504].includes(statusCode);`",
        "quota-exhausted"),
    cause("000-node", "A3",
        "`timeout: 30000`",
        "silent-provider slow-first-token"),

    cause("001-python", "B1",
        "\"Do not retry auth errors or invalid requests.\"",
        "bad-key context-too-long"),
    cause("001-python", "B1",
        "\"Each time it meets a 429, the client moves to the next endpoint in the list.\"",
        "connection-refused dead-name everything-down flapping overloaded-backup \
         persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("001-python", "B1",
        "`timeout: int = 30`",
        "silent-provider slow-first-token"),

    cause("001-typescript", "B2",
        "\"Do not retry for auth/invalid errors\": `throw error;`",
        "bad-key context-too-long"),
    cause("001-typescript", "B2",
        "\"Other errors - retry once\": `attempt++; … continue;`",
        "burst-of-503 connection-refused dead-name everything-down flapping html-200 \
         in-band-error"),
    cause("001-typescript", "B2",
        "`this.metrics.errors429++; … currentEndpoint = this.getNextEndpoint();`",
        "overloaded-backup persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("001-typescript", "B2",
        "`timeout: config.timeout ?? 30000`",
        "silent-provider slow-first-token"),

    cause("001-router", "B4",
        "\"All are unavailable - fall back to the primary.\"",
        "everything-down"),
    cause("001-router", "B4",
        "`combined_score = health_score * 0.7 + latency_score * 0.3`",
        "flapping recovery"),
    cause("001-router", "B6",
        "`'medium': Timeout(30, connect=10), # Standard completions`",
        "silent-provider slow-first-token"),

    cause("002-router", "C2",
        "`{\"failures\": 0, \"last_failure\": 0, \"cooldown\": 60}`",
        "burst-of-503 everything-down flapping recovery"),
    cause("002-router", "C1",
        "\"Rate limited - retry with exponential backoff.\"",
        "overloaded-backup"),
    cause("002-router", "C1",
        "`timeout=aiohttp.ClientTimeout(total=provider.timeout)`, of 10 s",
        "stalled-stream"),

    cause("002-retry", "C4",
        "\"Client error - should not be retried.\"",
        "bad-key context-too-long"),
    cause("002-retry", "C4",
        "\"Server error - retry with exponential backoff\": `max_retries=5`",
        "burst-of-503 everything-down in-band-error"),
    cause("002-retry", "C4",
        "\"Rate limit - should be retried at once with a small delay.\"",
        "persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("002-retry", "C3",
        "`retry_on: tuple = (Exception,) # Exception types to retry`",
        "connection-refused dead-name flapping html-200 malformed-event overloaded-backup recovery \
         reset-before-headers"),
    cause("002-retry", "C4",
        "`session.post(url, json=payload, headers=headers)`, and no timeout",
        "silent-provider slow-first-token"),

    cause("002-breaker", "C5",
        "`except CircuitOpenError`: \"fall back to another provider\"; else `print(…)`",
        "bad-key burst-of-503 connection-refused context-too-long dead-name flapping html-200 \
         in-band-error malformed-event overloaded-backup persistent-rate-limit quota-exhausted \
         rate-limit-with-hint recovery reset-before-headers stale-keep-alive"),
    cause("002-breaker", "C5",
        "`session.post(\"https://…\", headers={…}, json={…})`, and no timeout",
        "silent-provider slow-first-token"),

    cause("003-manager", "D2",
        "`this.cooldownPeriod = 60000; // 60 seconds`",
        "burst-of-503 everything-down flapping"),
    cause("003-manager", "D2",
        "\"Switch provider at once\": `this.setCooldown(provider.name);`",
        "stale-keep-alive stalled-stream"),
    cause("003-manager", "D1",
        "`timeout: 30000`",
        "silent-provider slow-first-token"),

    cause("003-tasks", "D4",
        "\"Model failed, trying fallback...\": `continue;`",
        "bad-key connection-refused dead-name everything-down flapping overloaded-backup \
         persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("003-tasks", "D1",
        "`timeout: 30000`",
        "silent-provider slow-first-token"),

    cause("003-robust", "D8",
        "`catch (error) { … setTimeout(r, 1000 * attempt) … // Wait before retry`",
        "bad-key burst-of-503 connection-refused content-filter context-too-long dead-name \
         everything-down flapping html-200 in-band-error malformed-event overloaded-backup \
         persistent-rate-limit quota-exhausted rate-limit-with-hint recovery"),
    cause("003-robust", "D8",
        "`30000 // 30s timeout`",
        "silent-provider slow-first-token"),

    cause("003-limiter", "D7",
        "`results.push({ success: false, error: error.message });`",
        "bad-key burst-of-503 connection-refused context-too-long dead-name flapping html-200 \
         in-band-error malformed-event overloaded-backup recovery reset-before-headers \
         silent-provider stale-keep-alive"),
    cause("003-limiter", "D7",
        "\"Exponential backoff on 429: wait 2 seconds, try this request again.\"",
        "persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("003-limiter", "D7",
        "`const limiter = new RateLimiter(60);`, where 120 are asked for",
        "clean-cut-stream content-filter cut-stream everything-down no-terminator stalled-stream"),
    cause("003-limiter", "D1",
        "`timeout: 30000`",
        "slow-first-token"),

    cause("003-production", "D9",
        "`recoveryTimeout: 60000`",
        "burst-of-503 everything-down flapping recovery"),
    cause("003-production", "D9",
        "`maxRetries: 5, retryDelay: 500, backoffMultiplier: 2`",
        "dead-name overloaded-backup quota-exhausted rate-limit-with-hint"),
    cause("003-production", "D1",
        "`timeout: 30000`",
        "silent-provider slow-first-token"),

    cause("004-chain", "E1",
        "\"Error: move to the next model\": `continue`",
        "bad-key connection-refused dead-name everything-down flapping overloaded-backup \
         persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("004-chain", "E5",
        "\"Keep a longer timeout for GPT-4 (30-35s).\"",
        "silent-provider slow-first-token"),

    cause("004-ratelimited", "E6",
        "`except RateLimitError:`, and no other",
        "bad-key burst-of-503 connection-refused context-too-long dead-name flapping html-200 \
         in-band-error malformed-event overloaded-backup recovery reset-before-headers \
         stale-keep-alive"),
    cause("004-ratelimited", "E6",
        "`requests_per_minute: int = 60`, where 120 are asked for",
        "clean-cut-stream content-filter cut-stream everything-down no-terminator stalled-stream"),
    cause("004-ratelimited", "E6",
        "`wait = (2 ** attempt) * 5`",
        "persistent-rate-limit quota-exhausted rate-limit-with-hint"),
    cause("004-ratelimited", "E6",
        "`OpenAI(api_key=api_key, base_url=\"…\")`, whose own timeout is ten minutes",
        "silent-provider slow-first-token"),
];
