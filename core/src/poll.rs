//! Polling: when to ask (`schedule`), what an answer means for the wait (`poller`), and doing it (`drive`).

pub(crate) mod drive;
pub(crate) mod poller;
pub(crate) mod schedule;
