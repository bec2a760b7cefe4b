//! Reads the physics of a provider: its limits, its capacity, its cache.
//!
//! A key is refused where it means nothing. What a file leaves open is as the provider keeps it, as
//! far as its vendor says so:
//!
//! - `azure`: tokens in a `fixed` window ("a running token count of all requests that is reset each
//!   minute"), charged on `admission` by the "estimated max processed-token count", and requests
//!   over 10 s ("typically 1 or 10 seconds"). Manage Azure OpenAI quota, Microsoft Learn.
//! - `anthropic`: a `bucket`, and output tokens on `completion`, by what was generated and not by
//!   `max_tokens`. Rate limits, Claude docs.
//! - All others: a `bucket`, charged on `admission`.
//!
//! OpenAI says that failed requests count, and users measure a window that slides; a file opts
//! into these with `count_refused: true` and `window: sliding`, since `rpm` of dialect `openai` has
//! always been a bucket of admitted requests. Refused requests count nowhere unless the file says
//! so.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::check::bounded;
use super::check::is_name;
use super::file;
use super::{
    Cache, Capacity, Charge, Degrade, Dialect, LONGEST_RUN, Limit, Limits, Provider, Span,
};
use crate::text::units::{count, duration, factor, share};
use crate::text::{Diagnostic, Document};

/// The limits of the provider `name`.
pub(super) fn limits(
    document: &Document,
    name: &str,
    dialect: Dialect,
    file: &file::Provider,
) -> Result<Limits, Diagnostic> {
    let reader = Reader {
        document,
        name,
        limits: &file.limits,
        has_slots: file.capacity.is_some(),
        kept: Kept::by(dialect),
    };
    reader.check_keys()?;
    reader.limits()
}

/// The capacity of the provider `name`.
pub(super) fn capacity(
    document: &Document,
    name: &str,
    file: Option<&file::Capacity>,
) -> Result<Option<Capacity>, Diagnostic> {
    let Some(file) = file else {
        return Ok(None);
    };
    let at = |key| ["providers", name, "capacity", key];
    let slots = bounded(
        document,
        &at("slots"),
        file.slots,
        1..=MOST_SLOTS,
        count::write,
    )?;
    let queue = file.queue.unwrap_or(0);
    let queue = bounded(document, &at("queue"), queue, 0..=MOST_QUEUE, count::write)?;
    let slowdown = file.slowdown.unwrap_or(1_000);
    let range = 1_000..=1_000_000;
    bounded(document, &at("slowdown"), slowdown, range, factor::write)?;
    if file.degrade.is_some() && queue == 0 {
        let message = "without a queue nobody ever waits: this would never degrade";
        let problem = document.problem_at_key(&at("degrade"), message);
        return Err(problem.hint("write how many may wait: `queue: 200`"));
    }
    let degrade = file
        .degrade
        .as_ref()
        .map(|file| degrade(document, name, file));
    Ok(Some(Capacity {
        slots: slots as u32,
        queue: queue as u32,
        slowdown_milli: slowdown,
        degrade: degrade.transpose()?,
    }))
}

fn degrade(document: &Document, name: &str, file: &file::Degrade) -> Result<Degrade, Diagnostic> {
    let at = |key| ["providers", name, "capacity", "degrade", key];
    bounded(document, &at("to"), file.to, 1..=999_999_999, share::write)?;
    let range = Duration::from_millis(1)..=DAY;
    for (key, length) in [("within", file.within), ("recover", file.recover)] {
        bounded(document, &at(key), length, range.clone(), duration::write)?;
    }
    Ok(Degrade {
        to: file.to,
        within: file.within,
        recover: file.recover,
    })
}

/// The cache of the provider `name`.
pub(super) fn cache(
    document: &Document,
    name: &str,
    file: Option<&file::Cache>,
) -> Result<Option<Cache>, Diagnostic> {
    let Some(file) = file else {
        return Ok(None);
    };
    let path = ["providers", name, "cache", "ttl"];
    let range = Duration::from_millis(1)..=LONGEST_RUN;
    let ttl = bounded(document, &path, file.ttl, range, duration::write)?;
    Ok(Some(Cache { ttl }))
}

/// Providers of one account share its limits: so they must say the same of them.
pub(super) fn check_accounts(
    document: &Document,
    providers: &[Provider],
) -> Result<(), Diagnostic> {
    for (place, provider) in providers.iter().enumerate() {
        let Some(account) = &provider.limits.account else {
            continue;
        };
        let mut before = providers[..place].iter();
        let first = before.find(|other| other.limits.account.as_ref() == Some(account));
        if let Some(first) = first.filter(|first| first.limits != provider.limits) {
            let path = ["providers", &provider.name, "limits", "account"];
            let message = format!(
                "`{account}` has other limits in `{}`, and an account has only one set",
                first.name
            );
            let hint = "write the same limits in both, or name another account";
            return Err(document.problem(&path, message).hint(hint));
        }
    }
    Ok(())
}

struct Reader<'a> {
    document: &'a Document,
    name: &'a str,
    limits: &'a file::Limits,
    has_slots: bool,
    kept: Kept,
}

/// How a vendor keeps its limits.
struct Kept {
    span: Span,
    charge: Charge,
    rpm_over: Duration,
}

impl Kept {
    fn by(dialect: Dialect) -> Self {
        let (span, charge, rpm_over) = match dialect {
            Dialect::Azure => (Span::Fixed, Charge::Admission, Duration::from_secs(10)),
            Dialect::Anthropic => (Span::Bucket, Charge::Completion, MINUTE),
            _ => (Span::Bucket, Charge::Admission, MINUTE),
        };
        Self {
            span,
            charge,
            rpm_over,
        }
    }
}

impl Reader<'_> {
    fn limits(&self) -> Result<Limits, Diagnostic> {
        let file = self.limits;
        let concurrency = self.count("concurrency", file.concurrency, 1..=MOST_AT_ONCE)?;
        let minutes = |key, count| self.limit(key, count, MINUTE);
        let days = |key, count| self.limit(key, count, DAY);
        let mut requests = Vec::from_iter(self.rpm()?);
        requests.extend(days("rpd", file.rpd)?);
        let mut tokens = Vec::from_iter(minutes("tpm", file.tpm)?);
        tokens.extend(days("tpd", file.tpd)?);
        self.check_account()?;
        Ok(Limits {
            requests,
            tokens,
            input: Vec::from_iter(minutes("itpm", file.itpm)?),
            output: Vec::from_iter(minutes("otpm", file.otpm)?),
            concurrency: concurrency.map(|limit| limit as u32),
            charge: match self.has_output() {
                true => file.charge.unwrap_or(self.kept.charge),
                false => Charge::default(),
            },
            count_refused: file.count_refused.unwrap_or(false),
            shrinks_to: self.shrinks_to()?,
            per: file.per.unwrap_or_default(),
            account: file.account.clone(),
        })
    }

    /// Requests per minute, perhaps counted over less: then that share of them.
    fn rpm(&self) -> Result<Option<Limit>, Diagnostic> {
        let Some(limit) = self.limit("rpm", self.limits.rpm, MINUTE)? else {
            return Ok(None);
        };
        let per = self.limits.rpm_over.unwrap_or(self.kept.rpm_over);
        let range = Duration::from_secs(1)..=MINUTE;
        bounded(
            self.document,
            &self.at("rpm_over"),
            per,
            range,
            duration::write,
        )?;
        let share = u128::from(limit.count) * per.as_nanos() / MINUTE.as_nanos();
        Ok(Some(Limit {
            count: u64::try_from(share).unwrap_or(limit.count).max(1),
            per,
            span: limit.span,
        }))
    }

    fn limit(
        &self,
        key: &str,
        count: Option<u64>,
        per: Duration,
    ) -> Result<Option<Limit>, Diagnostic> {
        let span = self.limits.window.unwrap_or(self.kept.span);
        let count = self.count(key, count, 1..=MOST)?;
        Ok(count.map(|count| Limit { count, per, span }))
    }

    fn count(
        &self,
        key: &str,
        count: Option<u64>,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Diagnostic> {
        let bounded = |count| bounded(self.document, &self.at(key), count, range, count::write);
        count.map(bounded).transpose()
    }

    /// What pressure leaves of the limits on tokens.
    fn shrinks_to(&self) -> Result<Option<u64>, Diagnostic> {
        let Some(share) = self.limits.shrinks_to else {
            return Ok(None);
        };
        let path = self.at("shrinks_to");
        if !self.has_slots {
            let message = "without a `capacity` nothing is ever busy: this would never shrink";
            let problem = self.document.problem_at_key(&path, message);
            return Err(problem.hint("write how much it can do at once: `capacity: { slots: 64 }`"));
        }
        bounded(self.document, &path, share, 1..=999_999_999, share::write).map(Some)
    }

    /// Refuses every key that means nothing to these limits.
    fn check_keys(&self) -> Result<(), Diagnostic> {
        let file = self.limits;
        let has_requests = file.rpm.is_some() || file.rpd.is_some();
        let has_tokens = self.has_output() || file.itpm.is_some();
        let has_rate = has_requests || has_tokens;
        let has_any = has_rate || file.concurrency.is_some();
        let (rpm, tpm, any) = ("`rpm: 500`", "`tpm: 200k`", "`rpm: 500` or `tpm: 200k`");
        let written = self.document.keys(&["providers", self.name, "limits"]);
        for (key, has_meaning, needed) in [
            ("window", has_rate, any),
            ("rpm_over", file.rpm.is_some(), rpm),
            ("charge", self.has_output(), tpm),
            ("count_refused", has_requests, rpm),
            ("shrinks_to", has_tokens, tpm),
            ("per", has_any, any),
            ("account", has_any, any),
        ] {
            if !has_meaning && written.iter().any(|written| written == key) {
                let message = format!("`{key}` means nothing without a limit of its kind");
                let problem = self.document.problem_at_key(&self.at(key), message);
                return Err(problem.hint(format!("add one, such as {needed}, or leave it out")));
            }
        }
        Ok(())
    }

    fn check_account(&self) -> Result<(), Diagnostic> {
        let account = self.limits.account.as_deref().filter(|name| !is_name(name));
        let Some(account) = account else {
            return Ok(());
        };
        let message = format!("`{account}` cannot name an account");
        let problem = self.document.problem(&self.at("account"), message);
        Err(problem.hint("write at most 64 letters, digits, `-` and `_`"))
    }

    /// Whether any limit counts output tokens.
    fn has_output(&self) -> bool {
        let file = self.limits;
        file.tpm.is_some() || file.otpm.is_some() || file.tpd.is_some()
    }

    fn at<'a>(&'a self, key: &'a str) -> [&'a str; 4] {
        ["providers", self.name, "limits", key]
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Far from any overflow, and beyond any provider.
const MOST: u64 = 1_000_000_000_000;
const MOST_AT_ONCE: u64 = 1_000_000;
const MOST_SLOTS: u64 = 100_000;
const MOST_QUEUE: u64 = 1_000_000;
