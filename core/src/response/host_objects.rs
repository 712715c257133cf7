//! The typed view as a host's own objects, for bindings that make their own classes: nothing is copied on the way, and
//! what stands in a view twice can be made once.

use std::sync::Arc;

use super::history::entries;
use super::json::Json;
use super::json::known::Known;
use super::typed_fields::Open;
use super::{Part, images, result};

/// What makes a host's objects.
///
/// All that it is told lives for `'a`: what stands where something stood before *is* that, and may be shared.
#[doc(hidden)]
pub trait Host<'a> {
    /// Any object of the host's.
    type Made;
    /// One of our classes, being filled.
    type View;
    type Error;

    fn none(&mut self) -> Result<Self::Made, Self::Error>;
    fn boolean(&mut self, flag: bool) -> Result<Self::Made, Self::Error>;
    fn whole(&mut self, number: i64) -> Result<Self::Made, Self::Error>;
    fn fraction(&mut self, number: f64) -> Result<Self::Made, Self::Error>;
    fn text(&mut self, text: &'a str) -> Result<Self::Made, Self::Error>;
    /// A list that Smile ID sent.
    fn list(&mut self, items: impl ExactSizeIterator<Item = &'a Json<'a>>) -> Result<Self::Made, Self::Error>;
    /// What Smile ID sent under its own keys.
    fn map(&mut self, open: Open<'a>) -> Result<Self::Made, Self::Error>;
    /// A list of the view's own.
    fn tuple<T: Make<'a>>(&mut self, items: impl Iterator<Item = T>) -> Result<Self::Made, Self::Error>;
    /// Begins one of our classes, in which all these fields are none as yet.
    fn view(&mut self, class: &'static str, names: &'static [&'static str]) -> Result<Self::View, Self::Error>;
    /// Sets the field at a place among the names.
    fn field(&mut self, view: &mut Self::View, at: usize, value: Self::Made) -> Result<(), Self::Error>;
    fn finish(&mut self, view: Self::View) -> Result<Self::Made, Self::Error>;
}

/// What a host can make an object of.
#[doc(hidden)]
pub trait Make<'a> {
    /// # Errors
    /// Those of the host.
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error>;

    /// Whether it makes none.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A part of a status, read for a host.
#[doc(hidden)]
pub struct Reading<'a> {
    part: Part,
    raw: &'a str,
    json: Option<Json<'a>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(part: Part, raw: Option<&'a str>, known: &'a [Arc<Known>]) -> Self {
        Self { part, raw: raw.unwrap_or_default(), json: raw.map(|raw| Json::read_beside(raw, known)) }
    }

    /// What later answers can be read beside, of an object that was read here and not recalled.
    #[must_use]
    pub fn known(&self, open: Open<'_>) -> Option<Known> {
        Known::of(self.raw, open)
    }

    /// The part as the host's object.
    ///
    /// # Errors
    /// Those of the host.
    pub fn make<'b, H: Host<'b>>(&'b self, host: &mut H) -> Result<H::Made, H::Error> {
        let json = self.json.as_ref();
        match self.part {
            Part::Result => json.and_then(result::found).make(host),
            Part::History => host.tuple(json.into_iter().flat_map(entries)),
            Part::ImageLinks => json.and_then(Json::object).map(images::Parts::of).make(host),
            // It has no class.
            Part::Rest => host.none(),
        }
    }
}

impl<'a> Make<'a> for bool {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        host.boolean(*self)
    }
}

impl<'a> Make<'a> for i64 {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        host.whole(*self)
    }
}

impl<'a> Make<'a> for f64 {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        host.fraction(*self)
    }
}

impl<'a> Make<'a> for &'a str {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        host.text(self)
    }
}

impl<'a, T: Make<'a>> Make<'a> for Option<T> {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        match self {
            Some(value) => value.make(host),
            None => host.none(),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<'a, T: Make<'a>> Make<'a> for &T {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        (*self).make(host)
    }
}

impl<'a, T: Make<'a>> Make<'a> for Vec<T> {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        host.tuple(self.iter())
    }
}

impl<'a> Make<'a> for Open<'a> {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        host.map(*self)
    }
}
