//! Bandwidths: `200 B/s`, `1.5kB/s`, `2 MB/s`, in whole bytes per second.

use std::fmt;

use super::UnitError;
use super::error::truncate;
use super::number::{decimal, number, split_unit, with_point};
#[cfg(feature = "cli")]
use super::schema;
use super::text_form::text_form;

/// Bytes per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth(u64);

impl Bandwidth {
    /// `bytes` per second.
    pub const fn per_second(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Bytes per second.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }

    /// Reads a bandwidth.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        with_point(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, UnitError> {
        let (amount, unit) = split_unit(text);
        let hint = |wrong: UnitError| wrong.or_write("write as in `200 B/s`");
        if let Some((_, zeros)) = UNITS.iter().find(|(name, _)| *name == unit) {
            return number(amount, *zeros).map(Self).map_err(hint);
        }
        let nanos = number(amount, 9).map_err(hint)?;
        let error = match unit {
            "" => UnitError::new("a bandwidth needs its unit"),
            unit => UnitError::new(format!("`{}` is no unit of bandwidth", truncate(unit))),
        };
        Err(error.or_one_of(
            Self::read,
            in_bytes(nanos, unit),
            "200 B/s`, `2 kB/s` or `2 MB/s",
        ))
    }
}

/// `nanos` parts of 10^-9 of another unit of bandwidth, in bytes per second.
fn in_bytes(nanos: u64, unit: &str) -> Option<String> {
    let (_, bits) = ELSEWHERE.iter().find(|(name, _)| *name == unit)?;
    let bits = u128::from(nanos) * u128::from(*bits);
    let bytes = bits
        .is_multiple_of(8_000_000_000)
        .then_some(bits / 8_000_000_000);
    let bytes = u64::try_from(bytes?).ok()?;
    Some(Bandwidth(bytes).to_string())
}

/// The shortest exact form.
impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forms = UNITS
            .iter()
            .map(|(name, zeros)| format!("{} {name}", decimal(self.0, *zeros)));
        f.write_str(&forms.min_by_key(String::len).unwrap_or_default())
    }
}

text_form!(Bandwidth, "a bandwidth such as `200 B/s`",
    schema "Bandwidth": schema::text(r"N\s*[kM]?B/s", "200 B/s"));

const UNITS: [(&str, usize); 3] = [("B/s", 0), ("kB/s", 3), ("MB/s", 6)];

/// Bits per second of units that are common elsewhere: bytes are `B`, bits are `b` or `bit`.
const ELSEWHERE: [(&str, u64); 22] = [
    ("", 8),
    ("B", 8),
    ("bytes/s", 8),
    ("kB", 8_000),
    ("KB", 8_000),
    ("KB/s", 8_000),
    ("kBps", 8_000),
    ("KiB/s", 8 << 10),
    ("MB", 8_000_000),
    ("MBps", 8_000_000),
    ("MiB/s", 8 << 20),
    ("GB/s", 8_000_000_000),
    ("bit/s", 1),
    ("b/s", 1),
    ("bps", 1),
    ("kbit/s", 1_000),
    ("kb/s", 1_000),
    ("kbps", 1_000),
    ("Mbit/s", 1_000_000),
    ("Mb/s", 1_000_000),
    ("Mbps", 1_000_000),
    ("Gbit/s", 1_000_000_000),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bandwidths_are_read_exactly() {
        let read = |text| Bandwidth::parse(text).map(Bandwidth::as_bytes);
        assert_eq!(read("200 B/s"), Ok(200));
        assert_eq!(read("1.5kB/s"), Ok(1_500));
        assert_eq!(read("2 MB/s"), Ok(2_000_000));
        assert_eq!(Bandwidth::per_second(1_500_000).to_string(), "1.5 MB/s");
    }

    #[test]
    fn wrong_bandwidths_say_what_to_write() {
        for (text, part) in [
            ("200", "needs its unit: write `200 B/s`"),
            (
                "200 bit/s",
                "`bit/s` is no unit of bandwidth: write `25 B/s`",
            ),
            ("1.5 Mbps", "write `187500 B/s`"),
            ("3 bit/s", "write as in `200 B/s`"),
            ("1 KiB/s", "write `1024 B/s`"),
            ("200 parsecs", "write as in `200 B/s`, `2 kB/s` or `2 MB/s`"),
            ("0.5 B/s", "too fine"),
            ("-1 B/s", "negative"),
            ("NaN", "not a number: write as in `200 B/s`"),
        ] {
            let error = Bandwidth::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: u64, zeros in 0_u32..19) {
            let bytes = Bandwidth(bytes / 10_u64.pow(zeros) * 10_u64.pow(zeros));
            prop_assert_eq!(Bandwidth::parse(&bytes.to_string()), Ok(bytes));
        }
    }
}
