//! How many requests of one client may be in flight, and who may have them.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The places for requests. Parked jobs, of which there may be thousands that stall, share fewer than there are: a single
/// call finds one, or waits for other single calls only.
pub(crate) struct Connections {
    all: Semaphore,
    parked: Semaphore,
    most_parked: usize,
}

/// A place for one request.
pub(crate) struct Connection<'a> {
    _one_of_all: SemaphorePermit<'a>,
    _parked: Option<SemaphorePermit<'a>>,
}

impl Connections {
    pub(crate) fn new(max_connections: usize) -> Self {
        let kept_free = if max_connections > 1 { (max_connections / 8).max(1) } else { 0 };
        let most_parked = max_connections - kept_free;
        Self { all: Semaphore::new(max_connections), parked: Semaphore::new(most_parked), most_parked }
    }

    /// How many requests of parked jobs may be in flight.
    pub(crate) fn most_parked(&self) -> usize {
        self.most_parked
    }

    /// A place that is free now.
    pub(crate) fn try_acquire(&self, is_parked: bool) -> Option<Connection<'_>> {
        let parked = if is_parked { Some(self.parked.try_acquire().ok()?) } else { None };
        Some(Connection { _one_of_all: self.all.try_acquire().ok()?, _parked: parked })
    }

    /// Waits for a place, first come, first served; `None` never, for it is never closed.
    pub(crate) async fn acquire(&self, is_parked: bool) -> Option<Connection<'_>> {
        let parked = if is_parked { Some(self.parked.acquire().await.ok()?) } else { None };
        Some(Connection { _one_of_all: self.all.acquire().await.ok()?, _parked: parked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eighth_is_kept_for_single_calls_and_one_at_least() {
        let most_parked = |max_connections| Connections::new(max_connections).most_parked();
        assert_eq!([1, 2, 3, 8, 15, 16, 64, 1024].map(most_parked), [1, 1, 2, 7, 14, 14, 56, 896]);
    }

    #[test]
    fn single_calls_may_have_all_that_parked_jobs_leave() {
        let connections = Connections::new(3);
        let acquire = |is_parked| connections.try_acquire(is_parked);
        let parked = [acquire(true), acquire(true)];
        assert!(parked.iter().all(Option::is_some) && acquire(true).is_none());
        let single = acquire(false);
        assert!(single.is_some() && acquire(false).is_none());
        drop(parked);
        let singles = [acquire(false), acquire(false)];
        assert!(singles.iter().all(Option::is_some) && acquire(true).is_none());
        // Nothing is held for a place that was not there.
        drop((single, singles));
        assert!(acquire(true).is_some());
    }
}
