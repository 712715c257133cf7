//! `history`: a list of results.

use super::{JobResult, lenient};

#[derive(Default)]
pub(super) struct History {
    pub(super) results: Vec<JobResult>,
    /// Whether every entry is a result.
    pub(super) is_whole: bool,
}

impl History {
    /// Reads the entries that are objects.
    pub(super) fn read(raw: &str) -> Self {
        let items = lenient::items(raw);
        let results: Vec<_> = items.iter().filter_map(|raw| JobResult::read_entry(raw)).collect();
        Self { is_whole: results.len() == items.len(), results }
    }
}
