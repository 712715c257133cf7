//! `history`: a list of results.

use serde::Serializer;
use serde::ser::SerializeSeq;

use super::json::{Json, Object};
use super::{JobResult, Naming, View, result};

/// Reads the entries that are objects.
pub(super) fn read(raw: &str) -> Vec<JobResult> {
    Json::read(raw).items().iter().filter_map(result::read_entry).collect()
}

/// The same before anybody owns them.
pub(super) fn entries<'a>(history: &'a Json<'a>) -> impl Iterator<Item = result::Parts<'a>> {
    history.items().iter().filter_map(Json::object).map(|entry: &'a Object<'a>| result::Parts::of(entry))
}

/// The same as a view.
pub(super) struct History<'a>(pub(super) &'a str);

impl View for History<'_> {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        let history = Json::read(self.0);
        let mut results = serializer.serialize_seq(None)?;
        for entry in entries(&history) {
            results.serialize_element(&entry.named(naming))?;
        }
        results.end()
    }
}
