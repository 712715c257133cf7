//! The sandbox as a raw TCP client sees it: nothing between the test and the bytes.

#[cfg(test)]
mod binary;
#[cfg(test)]
mod client;
#[cfg(test)]
mod closes;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod magic;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod side;
#[cfg(test)]
mod stories;
