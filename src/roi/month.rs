//! One policy over one month: its bills, its lost calls, its downtime, and their sum.
//!
//! A part of the month's calls (the exposure) goes as in the scenario; the rest is answered at the
//! first attempt, under any policy. Each part of the bill is scaled and rounded on its own, and the
//! bill is the sum of its parts, so that the table adds up.

use super::RoiError;
use super::assumptions::{Assumptions, Volume};
use super::observed::{Measured, Observed, Provider};
use crate::prices::Price;
use crate::report::{Fate, Ledger, Ratio, Tokens};
use crate::units::{Money, Share};

/// What all policies of a month have in common.
#[derive(Clone, Debug)]
pub(super) struct Frame<'a> {
    pub(super) providers: &'a [Provider],
    /// Calls.
    pub(super) volume: u64,
    /// Of these, calls that go as in the scenario.
    struck: u64,
    exposure: Share,
    downtime: Money,
    pub(super) lost_call: Money,
    /// What a call costs that is answered at the first attempt.
    pub(super) calm_call: Money,
    /// By position.
    pub(super) baseline: usize,
    /// By position.
    pub(super) primary: usize,
    pub(super) integration: Money,
}

/// A month of one policy, in nano-dollars and calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Month {
    pub(super) policy: String,
    pub(super) calls: u64,
    pub(super) lost: u64,
    /// Nanoseconds.
    pub(super) down_ns: u128,
    /// For answers that were delivered.
    pub(super) delivered: u128,
    /// For attempts that failed, were abandoned, or were billed late.
    pub(super) retries: u128,
    /// For hedges that lost, and attempts that lost to them.
    pub(super) hedges: u128,
    /// For health checks.
    pub(super) checks: u128,
    /// What others than the primary cost more for the answers that they delivered.
    pub(super) failover: i128,
    pub(super) lost_cost: u128,
    pub(super) down_cost: u128,
    pub(super) against: Against,
}

/// A month compared with the baseline's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Against {
    /// It is the baseline.
    #[default]
    Itself,
    /// Another policy.
    Baseline {
        /// What the baseline costs more, all in.
        saving: i128,
        /// Months until the saving has paid for the integration; none = never.
        payback: Option<Ratio>,
        break_even: BreakEven,
    },
}

/// At which price of an hour of downtime a policy is cheaper than the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakEven {
    /// At any price.
    Always,
    /// At more than this.
    Above(Money),
    /// At less than this: it saves bills and is down for longer.
    Below(Money),
    /// At none.
    Never,
}

impl<'a> Frame<'a> {
    pub(super) fn new(observed: &'a Observed, assumed: &Assumptions) -> Result<Self, RoiError> {
        let Observed {
            providers,
            policies,
            ..
        } = observed;
        let baseline = match &assumed.baseline {
            Some(given) => position(&given.value, policies.iter().map(|one| &one.name), "policy")?,
            None => {
                let usual = policies.iter().position(|one| one.name == USUAL_BASELINE);
                usual.unwrap_or(0)
            }
        };
        let primary = match &assumed.primary {
            Some(given) => position(
                &given.value,
                providers.iter().map(|one| &one.name),
                "provider",
            )?,
            None => 0,
        };
        if policies.iter().all(|policy| policy.calls == 0) || providers.is_empty() {
            return Err(RoiError::new("the result has no calls", ""));
        }
        let volume = match assumed.volume.value {
            Volume::Calls(calls) => calls,
            Volume::Tokens(tokens) => calls_of(tokens, policies)?,
        };
        let dearest = dearest_answer(policies, providers);
        let lost_call = assumed
            .lost_call
            .as_ref()
            .map_or(dearest, |given| given.value);
        Ok(Self {
            providers,
            volume,
            struck: assumed.exposure.value.of(volume),
            exposure: assumed.exposure.value,
            downtime: assumed.downtime.value,
            lost_call,
            calm_call: calm_call(policies, &providers[primary].price),
            baseline,
            primary,
            integration: assumed.integration.value,
        })
    }
}

impl Month {
    pub(super) fn new(policy: &Measured, frame: &Frame<'_>) -> Self {
        let Measured {
            calls, succeeded, ..
        } = *policy;
        let struck = u128::from(frame.struck);
        let scaled = |amount: u128| times(amount, struck, u128::from(calls));
        let spent = |fates: &[Fate]| scaled(spent(policy, frame.providers, fates));
        let lost = scaled(u128::from(calls.saturating_sub(succeeded)));
        let calm = u128::from(frame.volume - frame.struck) * u128::from(frame.calm_call.as_nanos());
        let down_ns = down_ns(policy, frame);
        let surcharge = surcharge(policy, frame);
        let failover = i128::try_from(scaled(surcharge.unsigned_abs())).unwrap_or(i128::MAX);
        Self {
            policy: policy.name.clone(),
            calls: frame.volume,
            lost: u64::try_from(lost).unwrap_or(u64::MAX),
            down_ns,
            delivered: spent(&[Fate::Delivered]).saturating_add(calm),
            retries: spent(&[Fate::Failed, Fate::Abandoned, Fate::Late]),
            hedges: spent(&[Fate::Hedged]),
            checks: spent(&[Fate::Checks]),
            failover: failover * surcharge.signum(),
            lost_cost: lost.saturating_mul(u128::from(frame.lost_call.as_nanos())),
            down_cost: times(
                down_ns,
                u128::from(frame.downtime.as_nanos()),
                NANOS_AN_HOUR,
            ),
            against: Against::Itself,
        }
    }

    /// All that providers bill.
    pub(super) const fn billed(&self) -> u128 {
        let wasted = self.retries.saturating_add(self.hedges);
        let wasted = wasted.saturating_add(self.checks);
        self.delivered.saturating_add(wasted)
    }

    /// All in, without downtime.
    const fn without_downtime(&self) -> u128 {
        self.billed().saturating_add(self.lost_cost)
    }

    /// All in.
    pub(super) const fn total(&self) -> u128 {
        self.without_downtime().saturating_add(self.down_cost)
    }

    /// Calls that were answered.
    pub(super) const fn answered(&self) -> u64 {
        self.calls.saturating_sub(self.lost)
    }
}

/// `months`, each compared with the one at `baseline`.
pub(super) fn compared(mut months: Vec<Month>, baseline: usize, integration: Money) -> Vec<Month> {
    let base = months[baseline].clone();
    for (place, month) in months.iter_mut().enumerate() {
        if place != baseline {
            month.against = against(month, &base, integration);
        }
    }
    months
}

fn against(month: &Month, base: &Month, integration: Money) -> Against {
    let saving = less(base.total(), month.total());
    let positive = u128::try_from(saving).unwrap_or(0);
    Against::Baseline {
        saving,
        payback: Ratio::fraction(u128::from(integration.as_nanos()), positive),
        break_even: break_even(month, base),
    }
}

/// It is cheaper where the hours that it saves, at the price of one, are worth more than what it
/// costs beside them.
fn break_even(month: &Month, base: &Month) -> BreakEven {
    let dearer = less(month.without_downtime(), base.without_downtime());
    let price = |hours_ns: u128| {
        let price = times(dearer.unsigned_abs(), NANOS_AN_HOUR, hours_ns);
        Money::from_nanos(u64::try_from(price).unwrap_or(u64::MAX))
    };
    let saved = base.down_ns.checked_sub(month.down_ns);
    match (saved, dearer) {
        (Some(_), ..0) => BreakEven::Always,
        (Some(1..), 0) => BreakEven::Above(Money::ZERO),
        (Some(saved @ 1..), 1..) => BreakEven::Above(price(saved)),
        (None, ..0) => BreakEven::Below(price(month.down_ns - base.down_ns)),
        (Some(0) | None, 0..) => BreakEven::Never,
    }
}

fn down_ns(policy: &Measured, frame: &Frame<'_>) -> u128 {
    let month = u128::from(HOURS_A_MONTH) * NANOS_AN_HOUR;
    let struck = times(month, u128::from(frame.exposure.as_parts()), PARTS);
    let (down, all) = policy.down.parts();
    times(struck, down, all)
}

/// What was spent on `fates`, at all providers.
fn spent(policy: &Measured, providers: &[Provider], fates: &[Fate]) -> u128 {
    let ledgers = policy.ledgers.iter().zip(providers);
    let rows = ledgers.flat_map(|(ledger, provider)| ledger.spent(&provider.price));
    let spent = rows.filter(|(fate, _)| fates.contains(fate));
    spent
        .map(|(_, spent)| u128::from(spent.total().as_nanos()))
        .sum()
}

/// What answers of others than the primary cost more than the same tokens at the primary's price.
fn surcharge(policy: &Measured, frame: &Frame<'_>) -> i128 {
    let primary = &frame.providers[frame.primary].price;
    let ledgers = policy.ledgers.iter().zip(frame.providers);
    let surcharges = ledgers.map(|(Ledger { delivered, .. }, provider)| {
        let (paid, usual) = (delivered.cost(&provider.price), delivered.cost(primary));
        i128::from(paid.as_nanos()) - i128::from(usual.as_nanos())
    });
    surcharges.sum()
}

/// The tokens of all answers that were delivered, and their number.
fn answers(policies: &[Measured]) -> (Tokens, u64) {
    let mut tokens = Tokens::default();
    for ledger in policies.iter().flat_map(|policy| &policy.ledgers) {
        tokens += ledger.delivered;
    }
    let answers = policies.iter().map(|policy| policy.succeeded);
    (tokens, answers.fold(0, u64::saturating_add))
}

/// An answer of the mean length at `price`.
fn calm_call(policies: &[Measured], price: &Price) -> Money {
    let (tokens, answers) = answers(policies);
    let cost = times(
        u128::from(tokens.cost(price).as_nanos()),
        1,
        u128::from(answers),
    );
    Money::from_nanos(u64::try_from(cost).unwrap_or(u64::MAX))
}

/// How many answers of the mean length have so many tokens.
fn calls_of(tokens: u64, policies: &[Measured]) -> Result<u64, RoiError> {
    let (delivered, answers) = answers(policies);
    let thousandths = [delivered.input, delivered.cached, delivered.output];
    let thousandths: u128 = thousandths.into_iter().map(u128::from).sum();
    if thousandths == 0 {
        return Err(RoiError::new(
            "no answer was billed, so tokens cannot be converted to calls",
            "write the volume in calls, as in `--volume 50M/month`",
        ));
    }
    let calls = times(u128::from(tokens) * 1_000, u128::from(answers), thousandths);
    Ok(u64::try_from(calls).unwrap_or(u64::MAX))
}

/// The highest cost for an answer among the policies: for each of one policy's, or for each that
/// one has more than another. With it, no policy is cheaper because of the calls that it loses.
fn dearest_answer(policies: &[Measured], providers: &[Provider]) -> Money {
    let bills = policies
        .iter()
        .map(|policy| (policy, spent(policy, providers, &Fate::ALL)));
    let bills = Vec::from_iter(bills);
    let costs = bills.iter().flat_map(|one| {
        let each = times(one.1, 1, u128::from(one.0.succeeded));
        let further = bills.iter().map(|other| further_answer(*one, *other));
        further.chain([each])
    });
    let most = costs.max().unwrap_or(0);
    Money::from_nanos(u64::try_from(most).unwrap_or(u64::MAX))
}

/// What `one` bills more than the `other` for each answer that it has more, call for call; rounded
/// up. Nothing where it has hardly more.
fn further_answer(one: (&Measured, u128), other: (&Measured, u128)) -> u128 {
    let calls = [one.0.calls, other.0.calls].map(u128::from);
    let more = |of_one: u128, of_other: u128| {
        let of_one = of_one.saturating_mul(calls[1]);
        of_one.saturating_sub(of_other.saturating_mul(calls[0]))
    };
    let answers = more(one.0.succeeded.into(), other.0.succeeded.into());
    if answers.saturating_mul(LUCK) <= calls[0] * calls[1] {
        return 0;
    }
    more(one.1, other.1).div_ceil(answers)
}

fn position<'a>(
    name: &str,
    known: impl Iterator<Item = &'a String> + Clone,
    what: &str,
) -> Result<usize, RoiError> {
    known.clone().position(|one| one == name).ok_or_else(|| {
        let known: Vec<String> = known.map(|one| format!("`{one}`")).collect();
        RoiError::new(
            format!("the result has no {what} `{name}`"),
            format!("it has {}", known.join(", ")),
        )
    })
}

/// `amount` times `part` of `whole`, rounded half up, saturating; nothing of nothing.
fn times(amount: u128, part: u128, whole: u128) -> u128 {
    let half = whole / 2;
    let exact = amount.saturating_mul(part).saturating_add(half);
    exact.checked_div(whole).unwrap_or(0)
}

fn less(left: u128, right: u128) -> i128 {
    let difference = i128::try_from(left.abs_diff(right)).unwrap_or(i128::MAX);
    if left < right {
        -difference
    } else {
        difference
    }
}

/// A month has 30 days.
pub(super) const HOURS_A_MONTH: u64 = 720;

pub(super) const NANOS_AN_HOUR: u128 = 3_600_000_000_000;
const PARTS: u128 = 1_000_000_000;

/// Policies that differ by less than one in so many calls differ by luck.
pub(super) const LUCK: u128 = 1_000;

/// The policy that most people have before they have any.
const USUAL_BASELINE: &str = "no-failover";
