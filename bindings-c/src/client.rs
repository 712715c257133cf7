//! The client: made, closed, freed.

use std::mem::MaybeUninit;

use smileid_core::blocking::ProcessClient;
use smileid_core::{ClientBuilder, Result, user_agent};

use crate::error::Error;
use crate::ffi::{free, hand_out, value};
use crate::options::ClientOptions;

/// Asks Smile ID how jobs ended. One client serves a whole program.
///
/// Safe to use from any number of threads at the same time. A client made before fork() works in the child too. Its
/// threads and connections start with the first call.
pub struct Client(pub(crate) ProcessClient);

/// Checks the options and makes a client. Nothing is sent, no thread is started and the environment is read for
/// proxies (unless trust_env is 0) and for SSL_CERT_FILE and SSL_CERT_DIR only.
///
/// options: borrowed for the call; partner_id, api_key, and environment or base_url are required. client: receives
/// the client, which the caller owns and frees with smileid_client_free; NULL on failure. error: receives the error,
/// which the caller owns; may be NULL. Returns SMILEID_OK, SMILEID_ERROR_INVALID_ARGUMENT with the argument's name in
/// smileid_error_argument, or SMILEID_ERROR_IO when this machine's CA certificates cannot be read. No other thread may
/// change the environment (setenv) during the call.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_client_new(
    options: *const ClientOptions,
    client: Option<&mut MaybeUninit<Option<Box<Client>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(client, "client", error, || make(options, |builder| builder))
}

/// Like smileid_client_new, and takes what the options leave open from the environment: SMILEID_PARTNER_ID,
/// SMILEID_API_KEY, and SMILEID_ENVIRONMENT or SMILEID_BASE_URL.
///
/// options: may be NULL. Returns the same. No other thread may change the environment (setenv) during the call.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_client_from_env(
    options: *const ClientOptions,
    client: Option<&mut MaybeUninit<Option<Box<Client>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(client, "client", error, || make(options, ClientBuilder::or_env))
}

fn make(options: *const ClientOptions, last: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
    // SAFETY: the header asks for NULL or initialised options, whose texts live as long as the call.
    let builder = unsafe { ClientOptions::builder(options) }?;
    Ok(Client(ProcessClient::new(last(builder.user_agent(user_agent!("c"))))?))
}

/// Ends running calls of all threads with SMILEID_ERROR_CLIENT_CLOSED within 50 ms, and refuses new ones. Returns at
/// once; a second time does nothing.
///
/// client: borrowed; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_client_close(client: Option<&Client>) {
    value((), || client.into_iter().for_each(|client| client.0.close()));
}

/// 1 once smileid_client_close was called, in this process or before it was forked, else 0; 1 for NULL.
///
/// client: borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_client_is_closed(client: Option<&Client>) -> i32 {
    value(1, || client.is_none_or(|client| client.0.is_closed()).into())
}

/// Closes and frees a client. NULL does nothing.
///
/// No thread may be inside a call with it: to end calls of other threads, call smileid_client_close and wait for
/// them. Statuses and errors that came from it live on.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_client_free(client: Option<Box<Client>>) {
    free(client);
}
