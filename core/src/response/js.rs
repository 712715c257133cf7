//! What Node's JavaScript half takes in place of objects: a result's own text and what its reader would not find there
//! (`sparse`), or the values alone where the reader knows the keys already (`forms`).

pub(super) mod forms;
pub(super) mod sparse;
