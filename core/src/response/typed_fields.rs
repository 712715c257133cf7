//! The typed view's parts before anybody owns them: what the core reads, what bindings make their own objects of.

use std::borrow::Cow;

use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::{Map, Value};

use super::json::{Json, Object};
use super::{Naming, View};

/// A part as the public type that holds it for itself.
pub(super) trait Own {
    type Owned;

    fn own(&self) -> Self::Owned;
}

macro_rules! copied {
    ($($type:ty),+) => {
        $(impl Own for $type {
            type Owned = $type;

            fn own(&self) -> $type {
                *self
            }
        })+
    };
}

copied!(bool, i64, f64);

impl Own for &str {
    type Owned = String;

    fn own(&self) -> String {
        (*self).to_owned()
    }
}

impl<T: Own> Own for Option<T> {
    type Owned = Option<T::Owned>;

    fn own(&self) -> Self::Owned {
        self.as_ref().map(T::own)
    }
}

impl<T: Own> Own for Vec<T> {
    type Owned = Vec<T::Owned>;

    fn own(&self) -> Self::Owned {
        self.iter().map(T::own).collect()
    }
}

/// What Smile ID sent under its own keys, but for those that stand elsewhere.
#[doc(hidden)]
#[derive(Clone, Copy, Default)]
pub struct Open<'a> {
    all: &'a [(Cow<'a, str>, Json<'a>)],
    but_for: &'static [&'static str],
    is_actions: bool,
}

impl<'a> Open<'a> {
    /// The `Actions` of a result; other values than an object are an empty one.
    pub(super) fn actions(json: &'a Json<'a>) -> Self {
        json.object().map(|object| Self { is_actions: true, ..Self::all(object) }).unwrap_or_default()
    }

    pub(super) fn all(object: &'a Object<'a>) -> Self {
        Self::rest(object, &[])
    }

    pub(super) fn rest(object: &'a Object<'a>, but_for: &'static [&'static str]) -> Self {
        Self { all: object.as_slice(), but_for, is_actions: false }
    }

    /// Each key with its value, in the order received.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, &'a Json<'a>)> + Clone {
        let entries = self.all.iter().map(|(key, value)| (key.as_ref(), value));
        entries.filter(move |(key, _)| !self.but_for.contains(key))
    }

    /// Whether it is the whole of a result's `Actions`. Their keys are Smile ID's own; those of others may be somebody's.
    #[must_use]
    pub fn is_actions(self) -> bool {
        self.is_actions
    }

    pub(super) fn is_all(self, entries: &[(Cow<'_, str>, Json<'_>)]) -> bool {
        self.but_for.is_empty() && std::ptr::eq(self.all.as_ptr().cast::<()>(), entries.as_ptr().cast())
    }

    /// Whether both are all of the very same object.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        std::ptr::eq(self.all, other.all) && self.but_for.is_empty() && other.but_for.is_empty()
    }
}

impl Own for Open<'_> {
    type Owned = Map<String, Value>;

    fn own(&self) -> Self::Owned {
        let mut map = Map::with_capacity(self.all.len());
        map.extend(self.entries().map(|(key, value)| (key.to_owned(), value.own())));
        map
    }
}

impl View for Open<'_> {
    fn serialize_as<S: Serializer>(&self, _: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.entries() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The borrowed twin of a public type, with the same fields: its view, and how it is owned.
macro_rules! parts {
    ($parts:ident<$a:lifetime> of $type:ident { $($name:ident: $kind:ty),+ $(,)? }) => {
        #[derive(Default)]
        pub(in crate::response) struct $parts<$a> {
            $($name: $kind),+
        }

        impl $crate::response::typed_fields::Own for $parts<'_> {
            type Owned = $type;

            fn own(&self) -> $type {
                $type { $($name: $crate::response::typed_fields::Own::own(&self.$name)),+ }
            }
        }

        impl $crate::response::View for $parts<'_> {
            fn serialize_as<S: serde::Serializer>(
                &self,
                naming: $crate::response::Naming,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                $crate::response::view::view!($type as naming into serializer { $($name: self.$name),+ })
            }
        }

        impl<$a> $crate::response::host_objects::Make<$a> for $parts<$a> {
            fn make<H: $crate::response::host_objects::Host<$a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
                let mut view = host.view(stringify!($type), &[$(stringify!($name)),+])?;
                let mut at = 0..;
                $(if let Some(at) = at.next() && !$crate::response::host_objects::Make::is_absent(&self.$name) {
                    let value = $crate::response::host_objects::Make::make(&self.$name, host)?;
                    host.field(&mut view, at, value)?;
                })+
                host.finish(view)
            }
        }
    };
}

pub(super) use parts;
