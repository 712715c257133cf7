//! One of something per tokio runtime: a connection is driven by the runtime it was opened on, and is of no use on another.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime;

use crate::error::Result;

/// How many runtimes may have one at a time; those of runtimes that are gone must not pile up.
const MOST: usize = 8;

type Held<T> = (Option<runtime::Id>, T);

/// See the module.
pub(super) struct PerRuntime<T> {
    first: OnceLock<Held<T>>,
    others: Mutex<VecDeque<Held<T>>>,
}

impl<T> Default for PerRuntime<T> {
    fn default() -> Self {
        Self { first: OnceLock::new(), others: Mutex::default() }
    }
}

impl<T: Clone> PerRuntime<T> {
    /// The one of the runtime that the caller is in, made when first asked for.
    pub(super) fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let own = runtime::Handle::try_current().ok().map(|handle| handle.id());
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
