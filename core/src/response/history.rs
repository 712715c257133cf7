//! `history`: a list of results.

use super::{JobResult, lenient};

/// Reads the entries that are objects; false where something in it has no typed reading.
pub(super) fn read(raw: &str, history: &mut Vec<JobResult>) -> bool {
    if !raw.starts_with('[') {
        return false;
    }
    let items = lenient::items(raw);
    history.extend(items.iter().filter_map(|raw| JobResult::read_entry(raw)));
    history.len() == items.len()
}
