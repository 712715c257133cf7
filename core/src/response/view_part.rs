//! Parts of a status' view, for bindings that make only what is looked at.

use serde::Serializer;

use super::history::History;
use super::view::view;
use super::{Forms, JobStatus, Naming, View, images, js::sparse, result};

/// What can be asked for alone.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Part {
    Result,
    History,
    ImageLinks,
    /// All but the other parts, the flags, the code and the ids.
    Rest,
}

/// A part of a status' view.
#[doc(hidden)]
pub struct PartOf<'a>(&'a JobStatus, Part);

impl<'a> PartOf<'a> {
    pub(super) fn new(status: &'a JobStatus, part: Part) -> Self {
        Self(status, part)
    }

    /// As JSON text.
    #[must_use]
    pub fn to_json(&self, naming: Naming) -> String {
        let raw = match self.1 {
            Part::Result => self.0.raw_result(),
            Part::History => self.0.raw_history(),
            Part::ImageLinks => self.0.raw_image_links(),
            Part::Rest => None,
        };
        self.json(naming, raw.map_or(0, str::len))
    }

    /// Results as Node's reader of them takes them, in ASCII: for each what came and what is to be
    /// known besides.
    #[must_use]
    pub fn to_sparse_json(&self) -> String {
        match self.1 {
            Part::Result => sparse::result(self.0.raw_result().unwrap_or_default()),
            Part::History => sparse::entries(self.0.raw_history().unwrap_or_default()),
            Part::ImageLinks | Part::Rest => self.to_json(Naming::Camel),
        }
    }

    /// As [`to_sparse_json`](Self::to_sparse_json), or shorter: a result of a form that was met before.
    #[must_use]
    pub fn to_sparse_text(&self, forms: &mut Forms) -> String {
        match self.1 {
            Part::Result => forms.result(self.0.raw_result().unwrap_or_default()),
            _ => self.to_sparse_json(),
        }
    }
}

impl View for PartOf<'_> {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self(status, part) = self;
        match part {
            Part::Result => status.raw_result().map(result::Read).serialize_as(naming, serializer),
            Part::History => History(status.raw_history().unwrap_or_default()).serialize_as(naming, serializer),
            Part::ImageLinks => status.raw_image_links().map(images::Read).serialize_as(naming, serializer),
            Part::Rest => view!(Rest as naming into serializer {
                message: status.message(),
                image_links: status.part(Part::ImageLinks),
                kyc_receipt: status.kyc_receipt(),
                kyb_receipt: status.kyb_receipt(),
                timestamp: status.timestamp(),
                signature: status.signature(),
                extras: status.extras(),
            } and callback_delivery: status.callback_delivery()),
        }
    }
}
