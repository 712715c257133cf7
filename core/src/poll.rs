//! Polling: when to ask (`schedule`), what an answer means for the wait (`poller`), and doing it (`drive` and the
//! verbs' own files).

pub(crate) mod connections;
pub(crate) mod drive;
pub(crate) mod limit;
pub(crate) mod many;
pub(crate) mod parked;
pub(crate) mod poller;
pub(crate) mod schedule;
pub(crate) mod step;
pub(crate) mod token;
pub(crate) mod traced;
pub(crate) mod waits;
pub(crate) mod wake;
pub(crate) mod watch;
