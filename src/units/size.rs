//! Sizes of memory, in bytes: `4GB` is read, `4.2 GB` is written.

use super::UnitError;

/// Reads `4GB`, `512MB` or `2GiB`, in bytes.
pub(crate) fn parse(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let number = number.replace('_', "").parse::<u64>().ok();
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim());
    let bytes = number
        .zip(unit)
        .and_then(|(number, (_, bytes))| number.checked_mul(*bytes));
    let bytes = bytes.filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| UnitError::new("write a size as in `4GB` or `512MB`"))
}

/// `4.2 GB`: rounded down to a tenth of the largest unit.
pub(crate) fn write(bytes: u64) -> String {
    let mut units = SHOWN.iter();
    let unit = units.find(|(_, unit)| bytes >= *unit);
    match unit {
        Some((name, unit)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(*unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

/// The units that are read.
const UNITS: &[(&str, u64)] = &[
    ("MB", MB),
    ("GB", 1_000 * MB),
    ("TB", 1_000_000 * MB),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// The units that are written, the largest first.
const SHOWN: &[(&str, u64)] = &[
    ("TB", 1_000_000 * MB),
    ("GB", 1_000 * MB),
    ("MB", MB),
    ("kB", 1_000),
];

const MB: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(parse("4GB"), Ok(4_000_000_000));
        assert_eq!(parse("1_500 MB"), Ok(1_500_000_000));
        assert_eq!(parse("2GiB"), Ok(2_147_483_648));
        for wrong in [
            "",
            "4",
            "GB",
            "0GB",
            "-1GB",
            "1.5GB",
            "4gb",
            "99999999999999TB",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(write(0), "0 B");
        assert_eq!(write(39_000), "39.0 kB");
        assert_eq!(write(4_290_000_000), "4.2 GB");
        assert_eq!(write(u64::MAX), "18446744.0 TB");
    }
}
