//! One row per setting, with its doc comment, type, default, range and reason.
//!
//! `settings!` generates a section's type and its `Default` from its rows. [`Setting::rows`] lists
//! the numbers of a section; `policy_file` makes range checks, schema and reference from that list.
//! This module defines no text form.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::nanos;
use crate::units::{Factor, Money, Rate, Share, TokenRate};

/// A number in a policy, with its range and reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The keys that lead to it.
    pub path: Vec<&'static str>,
    /// Its unit.
    pub kind: KnobKind,
    /// Its value, in the unit of its kind; `None` when it is off.
    pub value: Option<u64>,
    /// The least and the largest value that a file may give, as written in a file.
    pub range: (&'static str, &'static str),
    /// Why its default is what it is.
    pub reason: &'static str,
}

/// The unit of a number.
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

/// A member of a section: a value, or a nested section.
pub trait Setting: Sized {
    /// Its value, in the unit of its kind; `None` when it is off, or not a number.
    fn amount(&self) -> Option<u64> {
        None
    }

    /// Adds the rows of the numbers in it; `at` is its own path.
    fn rows(&self, at: &[&'static str], rows: &mut Vec<Row>) {
        let _ = (at, rows);
    }

    /// Returns it with every nested section switched on.
    #[must_use]
    fn all_on(self) -> Self {
        self
    }
}

/// Declares a section of settings.
///
/// A row is `key: Type = default, Kind "least" to "largest", "reason";` below its doc comment, and
/// ends after the default if it is not a number. `Section overridden by Type` also declares the
/// type of its overrides.
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

/// Implements [`Setting`] for number types and their options, given the amount in the unit of their
/// kind.
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
