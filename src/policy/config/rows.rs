//! One row per setting: its doc sentence, type, default, range and reason, in one place.
//!
//! `settings!` makes a section's type and its `Default` out of its rows. [`Setting::rows`] lists
//! the numbers that a section holds; range checks, schema and reference are made from that list
//! where policies are read as files. This module knows no text form.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::nanos;
use crate::units::{Factor, Money, Rate, Share, TokenRate};

/// A number that a policy holds, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The keys that lead to it.
    pub path: Vec<&'static str>,
    /// What it counts.
    pub kind: KnobKind,
    /// How much it is, in the unit of its kind; `None` when it is off.
    pub value: Option<u64>,
    /// The least and the largest value that a file may give, as it would say them.
    pub range: (&'static str, &'static str),
    /// Why its default is what it is.
    pub reason: &'static str,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KnobKind {
    /// Things.
    Count,
    /// Thousandths of a factor.
    Factor,
    /// Nanoseconds; where the default is `none`, `none` is no limit.
    Time,
    /// Parts per 10^9.
    Share,
    /// Tokens.
    Tokens,
    /// Thousandths of a token per second.
    Speed,
    /// How many per second, in parts of 10^-9.
    Rate,
    /// Nano-dollars.
    Money,
}

/// What a section holds: a value, or a section of its own.
pub trait Setting: Sized {
    /// How much it is, in the unit of its kind; `None` when it is off, or no number.
    fn amount(&self) -> Option<u64> {
        None
    }

    /// Adds the numbers below it, which stands at `at`.
    fn rows(&self, at: &[&'static str], rows: &mut Vec<Row>) {
        let _ = (at, rows);
    }

    /// Itself, with every section below it switched on.
    #[must_use]
    fn all_on(self) -> Self {
        self
    }
}

/// Declares a section of settings.
///
/// A row is `key: Type = default, Kind "least" to "largest", "reason";` below its doc sentence, and
/// ends after the default where it is no number. `Section overridden by Type` also declares what an
/// override can write of it.
macro_rules! settings {
    (
        $(#[$about:meta])*
        pub struct $name:ident overridden by $over:ident { $($rows:tt)* }
    ) => {
        $crate::policy::config::rows::settings! {
            $(#[$about])*
            pub struct $name { $($rows)* }
        }

        $crate::policy::config::overlay::overrides! { $name $over { $($rows)* } }
    };
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $(
                $(#[$meta:meta])*
                $field:ident: $type:ty = $default:expr
                $(, $kind:ident $least:literal to $largest:literal, $reason:literal)?;
            )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$meta])*
                pub $field: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl $crate::policy::config::rows::Setting for $name {
            fn rows(
                &self,
                at: &[&'static str],
                rows: &mut Vec<$crate::policy::config::rows::Row>,
            ) {
                $(
                    let path = [at, &[stringify!($field)]].concat();
                    self.$field.rows(&path, rows);
                    $(
                        rows.push($crate::policy::config::rows::Row {
                            path,
                            kind: $crate::policy::config::rows::KnobKind::$kind,
                            value: self.$field.amount(),
                            range: ($least, $largest),
                            reason: $reason,
                        });
                    )?
                )*
            }

            fn all_on(self) -> Self {
                Self { $($field: self.$field.all_on()),* }
            }
        }

        impl $crate::policy::config::rows::Setting for Option<$name> {
            fn rows(
                &self,
                at: &[&'static str],
                rows: &mut Vec<$crate::policy::config::rows::Row>,
            ) {
                if let Some(section) = self {
                    section.rows(at, rows);
                }
            }

            fn all_on(self) -> Self {
                Some(self.unwrap_or_default().all_on())
            }
        }
    };
}
pub(super) use settings;

/// Numbers, each with its amount in the unit of its kind; any of them may be off.
macro_rules! numbers {
    ($($type:ty: |$value:ident| $amount:expr;)*) => {
        $(
            impl Setting for $type {
                fn amount(&self) -> Option<u64> {
                    let $value = *self;
                    Some($amount)
                }
            }

            impl Setting for Option<$type> {
                fn amount(&self) -> Option<u64> {
                    self.as_ref()?.amount()
                }
            }
        )*
    };
}

numbers! {
    u32: |count| count.into();
    u64: |count| count;
    Duration: |length| nanos(length);
    Money: |money| money.as_nanos();
    Share: |share| share.as_parts();
    Factor: |factor| factor.as_milli();
    TokenRate: |rate| rate.as_milli();
    Rate: |rate| rate.nano_per_second();
}

impl<K, V> Setting for BTreeMap<K, V> {}
