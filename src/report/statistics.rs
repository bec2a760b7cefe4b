//! What a few seeds can say about a difference: intervals of 95 %. Pure.
//!
//! - [`paired`]: over seeds. Two policies under one seed get the same calls and the same luck, so
//!   the differences by seed are the sample, and Student's t gives their interval. Differences of
//!   two policies that are equal are symmetric around zero, which is where t is honest with few
//!   seeds, however skewed the values are.
//! - [`by_call`]: over the calls of one run that only one of two policies lost (as McNemar's test),
//!   exactly (Clopper and Pearson). It is about these calls: calls of one outage are lost together.
//! - [`wilson`] for one rate, and [`unpaired`] (Newcombe, 1998) for two rates of other calls.
//!
//! A sample is taken in the order of seeds, and `libm` computes roots, so that results are the same
//! on every machine. `compare` says what is compared.

/// A difference and its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    /// The difference.
    pub(crate) mean: f64,
    /// The lower end.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
}

impl Interval {
    /// Whether zero lies outside: the two can be told apart.
    pub(crate) const fn is_apart(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The mean of `differences`, one for each seed; none for fewer than two.
pub(crate) fn paired(differences: &[f64]) -> Option<Interval> {
    let count = differences.len();
    if count < 2 {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / count as f64;
    let squares = differences.iter().map(|one| (one - mean) * (one - mean));
    let deviation = libm::sqrt(squares.sum::<f64>() / (count - 1) as f64);
    let spread = if deviation > mean.abs() * ROUNDING {
        t_quantile(count - 1) * deviation / libm::sqrt(count as f64)
    } else if count >= ENOUGH_EQUAL {
        0.0
    } else {
        // So few equal differences do not say how much they vary.
        mean.abs()
    };
    Some(Interval {
        mean,
        low: mean - spread,
        high: mean + spread,
    })
}

/// How probable a mean so far above zero is, or one further above, if there is no difference (one
/// side of Student's t); 1 where there is nothing to tell.
pub(crate) fn chance_of_none_above(differences: &[f64]) -> f64 {
    let count = differences.len();
    if count < 2 {
        return 1.0;
    }
    let mean = differences.iter().sum::<f64>() / count as f64;
    let squares = differences.iter().map(|one| (one - mean) * (one - mean));
    let deviation = libm::sqrt(squares.sum::<f64>() / (count - 1) as f64);
    if mean <= 0.0 {
        return 1.0;
    }
    if deviation <= mean * ROUNDING {
        // As a sign test: equal differences say no more.
        return libm::pow(0.5, count as f64);
    }
    let t = mean * libm::sqrt(count as f64) / deviation;
    upper_tail(t, (count - 1) as f64)
}

/// The probability that Student's t with this freedom is above `t`, which is above 0.
fn upper_tail(t: f64, freedom: f64) -> f64 {
    0.5 * incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The regularized incomplete beta function, by its continued fraction (Lentz).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges quickly on one side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let log = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * libm::log(x)
        + b * libm::log(1.0 - x);
    let (mut c, mut d) = (1.0, 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..=BETA_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for part in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + part * d);
            c = away_from_zero(1.0 + part / c);
            fraction *= d * c;
        }
        if (fraction - before).abs() < ROUNDING * fraction.abs() {
            break;
        }
    }
    libm::exp(log) / a * fraction
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < 1e-300 { 1e-300 } else { value }
}

/// The difference in the share of answered calls when the second policy `saved` calls that the
/// first lost, and `lost` others, of `calls`; none without calls.
pub(crate) fn by_call(saved: u64, lost: u64, calls: u64) -> Option<Interval> {
    if calls == 0 {
        return None;
    }
    let apart = saved.saturating_add(lost);
    let share = apart as f64 / calls as f64;
    let difference = |saved: f64| share * (2.0 * saved - 1.0);
    if apart == 0 {
        let none = Interval {
            mean: 0.0,
            low: 0.0,
            high: 0.0,
        };
        return Some(none);
    }
    Some(Interval {
        mean: difference(saved as f64 / apart as f64),
        low: difference(exact_low(saved, apart)),
        high: difference(1.0 - exact_low(lost, apart)),
    })
}

/// Wilson's interval of a rate: `part` of `all` calls; none without calls.
pub(crate) fn wilson(part: u64, all: u64) -> Option<Interval> {
    if all == 0 {
        return None;
    }
    let count = all as f64;
    let (mean, z) = (part as f64 / count, Z * Z / count);
    let center = mean + z / 2.0;
    let spread = libm::sqrt(z * mean * (1.0 - mean) + z * z / 4.0);
    let end = |end: f64| (end / (1.0 + z)).clamp(0.0, 1.0);
    Some(Interval {
        mean,
        low: end(center - spread),
        high: end(center + spread),
    })
}

/// The difference of two rates (the second less the first) of calls that are not the same.
pub(crate) fn unpaired(first: Interval, second: Interval) -> Interval {
    let mean = second.mean - first.mean;
    let spread = |one: f64, two: f64| libm::sqrt(one * one + two * two);
    Interval {
        mean,
        low: mean - spread(second.mean - second.low, first.high - first.mean),
        high: mean + spread(second.high - second.mean, first.mean - first.low),
    }
}

/// The lower end of the exact interval of `part` of `all`: the rate under which so many or more
/// come up in 2.5 % of samples.
fn exact_low(part: u64, all: u64) -> f64 {
    if part == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, part as f64 / all as f64);
    // Halved to the last digit of a float.
    for _ in 0..52 {
        let middle = (low + high) / 2.0;
        match at_least(part, all, middle) < TAIL {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// How probable `part` or more of `all` are, at a rate below `part / all`.
fn at_least(part: u64, all: u64, rate: f64) -> f64 {
    if rate <= 0.0 {
        return 0.0;
    }
    let (count, from) = (all as f64, part as f64);
    let ways =
        libm::lgamma(count + 1.0) - libm::lgamma(from + 1.0) - libm::lgamma(count - from + 1.0);
    let log = ways + from * libm::log(rate) + (count - from) * libm::log(1.0 - rate);
    let (mut term, mut sum, mut at) = (libm::exp(log), 0.0, from);
    // The terms shrink from here on.
    while at <= count && term > sum * ROUNDING {
        sum += term;
        term *= (count - at) / (at + 1.0) * rate / (1.0 - rate);
        at += 1.0;
    }
    sum
}

/// The quantile of Student's t at 97.5 %, to four digits.
fn t_quantile(freedom: usize) -> f64 {
    if let Some(quantile) = freedom.checked_sub(1).and_then(|place| T.get(place)) {
        return *quantile;
    }
    // Cornish and Fisher's expansion, exact to four digits from here on.
    let (z, v) = (Z, freedom as f64);
    let (z3, z5) = (z * z * z, z * z * z * z * z);
    z + (z3 + z) / (4.0 * v) + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * v * v)
}

/// The quantile of the normal distribution at 97.5 %.
const Z: f64 = 1.959_963_985;
/// The share of samples beyond each end of an interval.
const TAIL: f64 = 0.025;
/// Relative differences below this come from rounding.
const ROUNDING: f64 = 1e-12;
/// Terms of a continued fraction: some tens are enough.
const BETA_STEPS: u16 = 300;
/// A sign test tells so many equal differences from none: 2 / 2^6 is below 5 %.
const ENOUGH_EQUAL: usize = 6;
/// The quantiles of t at 97.5 %, from one degree of freedom.
const T: [f64; 20] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010,
    2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
];

#[cfg(test)]
mod tests;
