//! The quantities of [`crate::units`] as bare integers, for readers that hold them so.
//!
//! One module per quantity, each with `parse`, `write`, and the functions of `#[serde(with = "…")]`
//! (`option` for an optional key, together with `#[serde(default)]`).

#[cfg(feature = "cli")]
pub mod written;

pub use crate::units::Rate as PerTime;

/// A module with the functions of a quantity, its value being a `$type`.
macro_rules! bare {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $parse:expr, $write:expr, $wanted:literal
        $(, $more:item)?;)*) => {
        $($(#[$doc])*
        pub mod $name {
            /// Parses it; an error ends in its hint.
            pub fn parse(text: &str) -> Result<$type, String> {
                read(text).map_err(String::from)
            }

            /// The shortest exact form.
            pub fn write(value: $type) -> String {
                $write(value)
            }

            fn read(text: &str) -> Result<$type, crate::units::UnitError> {
                $parse(text)
            }

            $($more)?

            const WANTED: &str = $wanted;

            /// For `#[serde(with = "…")]`.
            pub fn serialize<S: serde::Serializer>(
                value: &$type,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&write(*value))
            }

            /// For `#[serde(with = "…")]`.
            pub fn deserialize<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$type, D::Error> {
                deserializer.deserialize_str(crate::units::Written {
                    wanted: WANTED,
                    parse: read,
                })
            }

            /// The same for an optional key.
            pub mod option {
                /// For `#[serde(with = "…")]`.
                pub fn serialize<S: serde::Serializer>(
                    value: &Option<$type>,
                    serializer: S,
                ) -> Result<S::Ok, S::Error> {
                    match value {
                        Some(value) => super::serialize(value, serializer),
                        None => serializer.serialize_none(),
                    }
                }

                /// For `#[serde(with = "…")]`, together with `#[serde(default)]`.
                pub fn deserialize<'de, D: serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Option<$type>, D::Error> {
                    deserializer.deserialize_option(crate::units::MaybeWritten(
                        crate::units::Written {
                            wanted: super::WANTED,
                            parse: super::read,
                        },
                    ))
                }
            }
        })*
    };
}

bare! {
    /// Lengths of time.
    duration: std::time::Duration, crate::units::duration::parse, crate::units::duration::write,
        "a length of time such as `30s`";
    /// Shares, in parts per 10^9.
    share: u64, |text| crate::units::Share::parse(text).map(crate::units::Share::as_parts),
        |value| crate::units::Share::from_parts(value).to_string(), "a share such as `60%`",
        /// 100 %, in parts per 10^9.
        pub const WHOLE: u64 = crate::units::Share::WHOLE.as_parts();;
    /// Counts.
    count: u64, crate::units::count::parse, crate::units::count::write,
        "a count such as `5_000` or `2M`";
    /// Tokens.
    tokens: u64, crate::units::tokens::parse, crate::units::tokens::write,
        "a number of tokens such as `900 tok`";
    /// Token rates, in thousandths of a token per second.
    speed: u64, |text| crate::units::TokenRate::parse(text).map(crate::units::TokenRate::as_milli),
        |value| crate::units::TokenRate::milli(value).to_string(), "a speed such as `130 tok/s`";
    /// Factors, in thousandths.
    factor: u64, |text| crate::units::Factor::parse(text).map(crate::units::Factor::as_milli),
        |value| crate::units::Factor::milli(value).to_string(), "a factor such as `1.5`";
    /// Bandwidths, in bytes per second.
    bandwidth: u64,
        |text| crate::units::Bandwidth::parse(text).map(crate::units::Bandwidth::as_bytes),
        |value| crate::units::Bandwidth::per_second(value).to_string(),
        "a bandwidth such as `200 B/s`";
    /// Rates.
    rate: crate::units::Rate, crate::units::Rate::parse,
        |value: crate::units::Rate| value.to_string(), "a rate such as `8/s`";
    /// Money.
    money: crate::units::Money, crate::units::Money::parse,
        |value: crate::units::Money| value.to_string(), "an amount such as `3.00 USD`";
}
