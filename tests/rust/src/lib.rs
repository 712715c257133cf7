//! What the programs of this crate share: arguments from a case, outcomes for a result line.
//!
//! The formats are those of `tests/scenarios/README.md`.

mod arguments;
mod outcome;
mod play;
mod settings;
mod verbs;

pub use outcome::{error_outcome, status_outcome};
pub use play::{Interrupt, Play};
