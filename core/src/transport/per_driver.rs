//! One value per driver: a connection is of use only to the driver that it was opened by.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::driver::{DriverId, Witness};
use crate::error::Result;

/// One `T` per driver.
pub(super) struct PerDriver<T> {
    /// Kept even if its driver ends, which for most programs is with them.
    first: OnceLock<(DriverId, T)>,
    /// Of the drivers that live. Those that have ended are found when the next one comes.
    others: Mutex<Vec<Held<T>>>,
}

struct Held<T> {
    driver: DriverId,
    value: T,
    witness: Witness,
}

impl<T> Default for PerDriver<T> {
    fn default() -> Self {
        Self { first: OnceLock::new(), others: Mutex::default() }
    }
}

impl<T: Clone> PerDriver<T> {
    /// The current driver's, made when first asked for.
    pub(super) fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let own = DriverId::here();
        match self.first.get() {
            None => {
                let made = make()?;
                let (first, held) = self.first.get_or_init(|| (own, made.clone()));
                Ok(if *first == own { held.clone() } else { made })
            }
            Some((first, held)) if *first == own => Ok(held.clone()),
            Some(_) => {
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(held) = others.iter().find(|held| held.driver == own) {
                    return Ok(held.value.clone());
                }
                let value = make()?;
                // Dropped after the lock: they close connections.
                let gone: Vec<_> = others.extract_if(.., |held| held.witness.has_ended()).collect();
                others.push(Held { driver: own, value: value.clone(), witness: Witness::here() });
                drop(others);
                drop(gone);
                Ok(value)
            }
        }
    }

    pub(super) fn each(&self, see: impl FnMut(&T)) {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.first.get().map(|(_, held)| held);
        first.into_iter().chain(others.iter().map(|held| &held.value)).for_each(see);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Weak};

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    const MANY: usize = 200;

    fn runtimes() -> Vec<Runtime> {
        (0..MANY).map(|_| Builder::new_current_thread().build().unwrap()).collect()
    }

    /// The value of each, and how many had to be made.
    fn values(held: &PerDriver<Arc<()>>, runtimes: &[Runtime]) -> (Vec<Weak<()>>, usize) {
        let mut made = 0;
        let get = || {
            held.get(|| {
                made += 1;
                Ok(Arc::default())
            })
        };
        let mut get = get;
        let values = runtimes.iter().map(|runtime| Arc::downgrade(&runtime.block_on(async { get() }).unwrap()));
        (values.collect(), made)
    }

    #[test]
    fn however_many_there_are_each_keeps_its_value_until_it_ends() {
        let held = PerDriver::default();
        let (first, others) = (runtimes(), runtimes());
        assert_eq!(values(&held, &first).1, MANY);
        let (gone, _) = values(&held, &first);
        assert_eq!(values(&held, &others).1, MANY);
        for _ in 0..2 {
            assert_eq!((values(&held, &first).1, values(&held, &others).1), (0, 0));
        }
        drop(first);
        values(&held, &runtimes()[..1]);
        let left = gone.iter().filter(|value| value.strong_count() > 0).count();
        // The very first one is never looked for.
        assert_eq!(left, 1);
        assert_eq!(values(&held, &others).1, 0);
    }

    #[test]
    fn outside_of_any_driver_nothing_is_kept_for_long() {
        let held = PerDriver::default();
        let runtimes = runtimes();
        values(&held, &runtimes[..1]);
        let outside = Arc::downgrade(&held.get(|| Ok(Arc::default())).unwrap());
        values(&held, &runtimes[..2]);
        assert_eq!(outside.strong_count(), 0);
    }
}
