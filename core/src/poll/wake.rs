//! Who waits for which job, so that `notify` can wake them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::parked::Parked;

type Key = (String, String);

/// The running waits of one client.
#[derive(Default)]
pub(crate) struct Wakes(Arc<Mutex<Registry>>);

#[derive(Default)]
struct Registry {
    one: HashMap<Key, Vec<Arc<Notify>>>,
    parked: Vec<Weak<Parked>>,
}

/// A registration that ends when dropped.
pub(crate) struct Wake {
    registry: Arc<Mutex<Registry>>,
    key: Key,
    notify: Arc<Notify>,
}

impl Wakes {
    /// Registers a wait for one job. A wake-up during a query is kept for the pause after it.
    pub(crate) fn listen(&self, user_id: &str, job_id: &str) -> Wake {
        let key = (user_id.to_owned(), job_id.to_owned());
        let notify = Arc::new(Notify::new());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .one
            .entry(key.clone())
            .or_default()
            .push(Arc::clone(&notify));
        Wake { registry: Arc::clone(&self.0), key, notify }
    }

    /// Registers parked jobs, which find the right one themselves.
    pub(crate) fn listen_all(&self, parked: &Arc<Parked>) {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registry.parked.retain(|parked| parked.strong_count() > 0);
        registry.parked.push(Arc::downgrade(parked));
    }

    pub(crate) fn notify(&self, user_id: &str, job_id: &str, now: Duration) {
        let parked: Vec<_> = {
            let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for waiting in registry.one.get(&(user_id.to_owned(), job_id.to_owned())).into_iter().flatten() {
                waiting.notify_one();
            }
            registry.parked.iter().filter_map(Weak::upgrade).collect()
        };
        parked.iter().for_each(|parked| parked.wake(user_id, job_id, now));
    }
}

impl Wake {
    pub(crate) fn notify(&self) -> &Notify {
        &self.notify
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = registry.one.get_mut(&self.key) {
            waiting.retain(|other| !Arc::ptr_eq(other, &self.notify));
            if waiting.is_empty() {
                registry.one.remove(&self.key);
            }
        }
    }
}
