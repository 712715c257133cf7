//! Who waits for which job, so that `notify` can wake them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

type Key = (String, String);

/// Someone who waits for many jobs and finds the right one itself.
pub(crate) trait WakesMany: Send + Sync {
    /// Asks about the job now, if it is one of the waiting ones.
    fn wake(&self, user_id: &str, job_id: &str);
}

/// The running waits of one client.
#[derive(Default)]
pub(crate) struct Wakes(Arc<Mutex<Registry>>);

#[derive(Default)]
struct Registry {
    one: HashMap<Key, Vec<Arc<Notify>>>,
    many: Vec<Weak<dyn WakesMany>>,
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

    pub(crate) fn listen_many(&self, many: Weak<dyn WakesMany>) {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registry.many.retain(|many| many.strong_count() > 0);
        registry.many.push(many);
    }

    pub(crate) fn notify(&self, user_id: &str, job_id: &str) {
        let many: Vec<_> = {
            let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for waiting in registry.one.get(&(user_id.to_owned(), job_id.to_owned())).into_iter().flatten() {
                waiting.notify_one();
            }
            registry.many.iter().filter_map(Weak::upgrade).collect()
        };
        many.iter().for_each(|many| many.wake(user_id, job_id));
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
