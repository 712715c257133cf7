//! Whether two answers are the same, and whether one says something else than the one before it.

use std::borrow::Cow;

use super::JobStatus;
use super::json::{Json, lenient};

type Said<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

impl JobStatus {
    /// Whether another answer says something else, beyond what is new in every answer.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        self.lasting() != other.lasting()
    }

    fn lasting(&self) -> Said<'_> {
        lasting(self.entries().map(|(key, value)| (key.into(), value)).collect(), false)
    }
}

impl PartialEq for JobStatus {
    fn eq(&self, other: &Self) -> bool {
        (self.user_id(), self.job_id(), self.raw()) == (other.user_id(), other.job_id(), other.raw())
    }
}

impl Eq for JobStatus {}

/// What an answer says, without what is new in every answer: pairs, which results have of their own, and links, which are
/// signed anew; of these, which there are is told.
fn lasting<'a>(entries: Vec<(Cow<'a, str>, &'a str)>, is_result: bool) -> Said<'a> {
    let mut told = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        match key.as_ref() {
            "timestamp" | "signature" => {}
            "image_links" | "ImageLinks" if value == "null" => {}
            "image_links" | "ImageLinks" if value.starts_with('{') => {
                told.extend(lenient::entries(value).into_iter().map(|(key, link)| match key.as_ref() {
                    "error" => (key, Cow::Borrowed(link)),
                    _ => {
                        let link = Json::read(link);
                        let links = link.items().len() + usize::from(link.text().is_some_and(|link| !link.is_empty()));
                        (key, Cow::Owned(format!("{links} links")))
                    }
                }));
            }
            "result" if !is_result && value.starts_with('{') => told.extend(lasting(lenient::entries(value), true)),
            "history" if !is_result && lenient::is_of_objects(value) => {
                for entry in lenient::items(value) {
                    told.push((Cow::Borrowed("history"), Cow::Borrowed("")));
                    told.extend(lasting(lenient::entries(entry), true));
                }
            }
            _ => told.push((key, Cow::Borrowed(value))),
        }
    }
    told
}
