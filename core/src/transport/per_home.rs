//! One of something per home: a connection is driven by whom it was opened for, and is of no use to others.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::driver::Home;
use crate::error::Result;

/// How many homes may have one at a time; those of runtimes and loops that are gone must not pile up.
const MOST: usize = 64;

type Held<T> = (Home, T);

/// See the module.
pub(super) struct PerHome<T> {
    first: OnceLock<Held<T>>,
    others: Mutex<VecDeque<Held<T>>>,
}

impl<T> Default for PerHome<T> {
    fn default() -> Self {
        Self { first: OnceLock::new(), others: Mutex::default() }
    }
}

impl<T: Clone> PerHome<T> {
    /// The one of whoever polls this, made when first asked for.
    pub(super) fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let own = Home::here();
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
