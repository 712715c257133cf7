//! One value per driver: a connection is of use only to the driver that it was opened by.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::driver::DriverId;
use crate::error::Result;

/// How many are kept beside the first; those of runtimes and loops that are gone must not pile up.
const MOST: usize = 64;

type Held<T> = (DriverId, T);

/// One `T` per driver.
pub(super) struct PerDriver<T> {
    first: OnceLock<Held<T>>,
    others: Mutex<VecDeque<Held<T>>>,
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
                if let Some((_, held)) = others.iter().find(|(id, _)| *id == own) {
                    return Ok(held.clone());
                }
                let made = make()?;
                others.truncate(MOST - 1);
                others.push_front((own, made.clone()));
                Ok(made)
            }
        }
    }

    pub(super) fn each(&self, see: impl FnMut(&T)) {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        self.first.get().into_iter().chain(others.iter()).map(|(_, held)| held).for_each(see);
    }
}
