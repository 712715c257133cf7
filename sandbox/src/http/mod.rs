//! HTTP/1.1 with every byte in our hands: whole answers and broken ones.

mod connection;
mod reply;
mod request;
mod send;

pub(crate) use connection::serve;
pub(crate) use reply::{Body, Faults, Reply};
pub(crate) use request::Request;
