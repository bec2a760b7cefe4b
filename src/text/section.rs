//! One row per key of a section of the file: its description, type, default and range.
//!
//! `section!` generates the section's type, its reader, its JSON Schema and, where asked, its
//! writer and its default. A value outside of its range is refused while it is read, so that the
//! diagnostic points at it, and the type never holds one. What keys mean together is checked by the
//! section's own module.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, Visitor};

use crate::units::UnitError;

/// Declares a section.
///
/// A row is `need key: Type` below its doc comment. The need is `required`; `optional`, which makes
/// an `Option` of the type; or `default`, whose value stands behind the type. Where needed there
/// are also another name in the file (behind the key); `as Form`, a type that has the text form;
/// `in`, a range; `schema`, another schema than that of the form; `skip`, which values are not
/// written; and `written`, as what they are instead of the form. Fields that the file does not have
/// stand `beside` the rows.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        #[derive($($derived:ident),*)]
        $(#[$attribute:ident])?
        $vis:vis struct $name:ident [$($also:ident),*]
            ($schema:literal $(: $described:literal)? $(, transform $transform:ident)?)
        $body:tt
        $(beside { $($(#[$aside_meta:meta])* $aside_vis:vis $aside:ident: $aside_type:ty,)* })?
    ) => {
        $crate::text::section::section! { @type
            $(#[doc = $about])*
            #[derive($($derived),*)]
            $(#[$attribute])?
            $vis struct $name { $($($(#[$aside_meta])* $aside_vis $aside: $aside_type,)*)? } $body
        }

        #[cfg(feature = "cli")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let about = $crate::text::section::section!(
                    @about [$($about),*] $($described)?
                );
                let schema = $crate::text::schema::section(about, Self::keys(generator));
                $(let schema = $transform(schema);)?
                schema
            }
        }

        $($crate::text::section::section! { @$also $name $body })*
    };

    (@type
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$aside_meta:meta])* $aside_vis:vis $aside:ident: $aside_type:ty,)*
        }
        {$(
            $(#[doc = $doc:literal])*
            $need:ident $field_vis:vis $field:ident $($key:literal)?: $type:ty $(as $form:ty)?
                $(= $default:expr)? $(, in $range:expr)? $(, schema $schema:ty)?
                $(, skip $skip:expr)? $(, written $written:ty)?;
        )*}
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$aside_meta])* $aside_vis $aside: $aside_type,)*
            $(
                $(#[doc = $doc])*
                $field_vis $field: $crate::text::section::section!(@stored $need $type),
            )*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                use $crate::text::section::{self, section};

                const KEYS: &[&str] = &[$(section!(@key $field $($key)?)),*];

                struct Section;

                impl<'de> serde::de::Visitor<'de> for Section {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a map")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        $(let mut $field = None;)*
                        while let Some(key) = map.next_key_seed(section::Known(KEYS))? {
                            $(if key == section!(@key $field $($key)?) {
                                let seed = section!(@seed $type $(as $form)? $(, in $range)?);
                                let seed = section!(@needed $need seed);
                                $field = Some(map.next_value_seed(seed)?);
                                continue;
                            })*
                        }
                        Ok($name {
                            $($field: section!(
                                @value $need $field (section!(@key $field $($key)?)) $($default)?
                            ),)*
                            $($aside: Default::default(),)*
                        })
                    }
                }

                from.deserialize_struct(stringify!($name), KEYS, Section)
            }
        }

        #[cfg(feature = "cli")]
        impl $name {
            /// Its keys as JSON Schema.
            fn keys(
                generator: &mut schemars::SchemaGenerator,
            ) -> Vec<$crate::text::schema::Property> {
                use $crate::text::section::section;
                vec![$($crate::text::schema::Property {
                    key: section!(@key $field $($key)?),
                    about: &[$($doc),*],
                    schema: section!(
                        @schema generator $need $type $(as $form)? $(, schema $schema)?
                    ),
                    is_required: section!(@is_required $need),
                }),*]
            }
        }
    };

    (@Default $name:ident {$(
        $(#[doc = $doc:literal])*
        $need:ident $field_vis:vis $field:ident $($key:literal)?: $type:ty $(as $form:ty)?
            $(= $default:expr)? $(, in $range:expr)? $(, schema $schema:ty)?
            $(, skip $skip:expr)? $(, written $written:ty)?;
    )*}) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $($default)?),* }
            }
        }
    };

    (@Serialize $name:ident {$(
        $(#[doc = $doc:literal])*
        $need:ident $field_vis:vis $field:ident $($key:literal)?: $type:ty $(as $form:ty)?
            $(= $default:expr)? $(, in $range:expr)? $(, schema $schema:ty)?
            $(, skip $skip:expr)? $(, written $written:ty)?;
    )*}) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
                use $crate::text::section::section;
                let mut map = into.serialize_map(None)?;
                $(
                    let value = section!(@written $need &self.$field);
                    $(let value = value.filter(|value: &&$type| !($skip)(*value));)?
                    if let Some(value) = value {
                        serde::ser::SerializeMap::serialize_entry(
                            &mut map,
                            section!(@key $field $($key)?),
                            &section!(@form value $(as $form)? $(, written $written)?),
                        )?;
                    }
                )*
                serde::ser::SerializeMap::end(map)
            }
        }
    };

    (@about [$($about:literal),*]) => { &[$($about),*] };
    (@about [$($about:literal),*] $described:literal) => { &[$described] };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@stored optional $type:ty) => { Option<$type> };
    (@stored $need:ident $type:ty) => { $type };
    (@is_required required) => { true };
    (@is_required $need:ident) => { false };
    (@seed $type:ty) => { section::Plain::<$type, $type>::new() };
    (@seed $type:ty as $form:ty) => { section::Plain::<$form, $type>::new() };
    (@seed $type:ty, in $range:expr) => { section::Bounded::<$type, $type>($range) };
    (@seed $type:ty as $form:ty, in $range:expr) => { section::Bounded::<$form, $type>($range) };
    (@needed optional $seed:ident) => { section::Maybe($seed) };
    (@needed $need:ident $seed:ident) => { $seed };
    (@value required $field:ident ($key:expr)) => {
        $field.ok_or_else(|| serde::de::Error::missing_field($key))?
    };
    (@value optional $field:ident ($key:expr)) => { $field.flatten() };
    (@value default $field:ident ($key:expr) $default:expr) => {
        $field.unwrap_or_else(|| $default)
    };
    (@schema $generator:ident optional $type:ty) => { $generator.subschema_for::<Option<$type>>() };
    (@schema $generator:ident $need:ident $type:ty) => { $generator.subschema_for::<$type>() };
    (@schema $generator:ident $need:ident $type:ty as $form:ty) => {
        $generator.subschema_for::<$form>()
    };
    (@schema $generator:ident $need:ident $type:ty, schema $schema:ty) => {
        section!(@schema $generator $need $schema)
    };
    (@form $value:ident) => { $value };
    (@form $value:ident as $form:ty) => { <$form>::from($value.clone()) };
    (@form $value:ident as $form:ty, written $written:ty) => { <$written>::from($value.clone()) };
    (@written optional $value:expr) => { ($value).as_ref() };
    (@written $need:ident $value:expr) => { Some($value) };
}
pub(crate) use section;

/// `value`, when it lies within `range`.
pub(crate) fn within<T: Copy + PartialOrd>(
    value: T,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Result<T, UnitError> {
    if range.contains(&value) {
        return Ok(value);
    }
    let side = match value < *range.start() {
        true => "small",
        false => "large",
    };
    let wrong = UnitError::new(format!("`{}` is too {side}", write(value)));
    let (least, most) = range.into_inner();
    Err(wrong.or_write(format!(
        "write a value from {} to {}",
        write(least),
        write(most)
    )))
}

/// Reads a key that is one of these.
pub(crate) struct Known(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Known {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'static str, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Known {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static str, E> {
        let known = self.0.iter().find(|known| **known == key);
        known.copied().ok_or_else(|| E::unknown_field(key, self.0))
    }
}

/// Reads an `F`, and holds it as a `T`.
pub(crate) struct Plain<F, T>(PhantomData<(F, T)>);

impl<F, T> Plain<F, T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, F: Deserialize<'de> + Into<T>, T> DeserializeSeed<'de> for Plain<F, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        F::deserialize(from).map(Into::into)
    }
}

/// Reads an `F` within a range, and holds it as a `T`.
pub(crate) struct Bounded<F: Ranged<T>, T>(pub(crate) RangeInclusive<F::End>);

/// The text form of a `T` that can have a range.
pub(crate) trait Ranged<T>: Sized {
    /// What its ends are.
    type End;

    /// Reads one within the range.
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        range: RangeInclusive<Self::End>,
    ) -> Result<T, D::Error>;
}

impl<'de, F: Ranged<T>, T> DeserializeSeed<'de> for Bounded<F, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        F::read(from, self.0)
    }
}

impl<F, T> Ranged<T> for F
where
    F: for<'de> Deserialize<'de> + fmt::Display + From<T> + Into<T>,
    T: Copy + PartialOrd,
{
    type End = T;

    fn read<'de, D: Deserializer<'de>>(from: D, range: RangeInclusive<T>) -> Result<T, D::Error> {
        let value = F::deserialize(from)?.into();
        within(value, range, |value| F::from(value).to_string()).map_err(UnitError::into_serde)
    }
}

/// Reads what may be left out.
pub(crate) struct Maybe<S>(pub(crate) S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Maybe<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Maybe<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(from).map(Some)
    }
}
