//! Options: plain structs, filled by `_init` from the core.

use std::ffi::c_char;
use std::mem::size_of;
use std::ptr;
use std::time::Duration;

use smileid_core::config::{
    BUNDLED_ROOTS, CONNECT_TIMEOUT, DurationArgument, GET_TIMEOUT, INITIAL_DELAY, MAX_CONNECTIONS, MAX_DELAY,
    MAX_RESPONSE_BYTES, MAX_RETRIES, POLL_TIMEOUT, REQUEST_TIMEOUT, RETRY_COUNT, RETURN_HISTORY, RETURN_IMAGE_LINKS,
    RETURN_JOB_STATUS, TRUST_ENV,
};
use smileid_core::{ClientBuilder, Error, Result};

use crate::ffi::value;
use crate::sized::{init, readable};
use crate::text;

/// How a client works. Fill it with smileid_client_options_init, then change what is needed.
///
/// The library copies what it needs; texts are borrowed for the call only. NULL is "not given", 0 is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ClientOptions {
    /// Set by smileid_client_options_init.
    pub struct_size: usize,
    /// The partner id as the portal shows it, zeros kept: 1 to 64 printable ASCII characters. Required.
    pub partner_id: *const c_char,
    /// The API key as text: 1 to 4096 bytes. Required. The library's copy is wiped when the client is freed.
    pub api_key: *const c_char,
    /// "sandbox" or "production", or the official SDKs' "0" and "1". This or base_url is required, not both.
    pub environment: *const c_char,
    /// The server's root in place of an environment: https, or plain http on this machine. "/v1/job_status" is
    /// appended.
    pub base_url: *const c_char,
    /// A PEM file of the certificates to trust, in place of the platform's store. Default NULL.
    pub ca_bundle: *const c_char,
    /// The URL of an HTTP proxy, in place of the environment's. Default NULL. Never used for this machine's own
    /// hosts.
    pub proxy: *const c_char,
    /// The bound of making one connection, in milliseconds: 0 to 30 days, default 5000.
    pub connect_timeout_ms: u64,
    /// The bound of one HTTP request, headers and body, in milliseconds: 0 to 30 days, default 15000.
    pub request_timeout_ms: u64,
    /// How often one attempt repeats a request after a transient failure: 0 to 100, default 2.
    pub max_retries: u64,
    /// How many requests may be in flight, over all threads: 1 to 1024, default 64. Others queue fairly. An eighth of
    /// them, and one at least, is not for smileid_poll_many(), so that jobs that stall keep no single call waiting.
    pub max_connections: u64,
    /// The largest body that is read, in bytes after content decoding: 1 to 1 GiB, default 33554432.
    pub max_response_bytes: u64,
    /// Whether bundled roots stand in where the platform has none: 0 or 1, default 1.
    pub bundled_roots: i32,
    /// Whether HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count: 0 or 1, default 1. One that counts for the server and is
    /// not the URL of an HTTP proxy is refused.
    pub trust_env: i32,
}

/// What smileid_get_job_status asks for. Fill it with smileid_status_options_init, then change what is needed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct StatusOptions {
    /// Set by smileid_status_options_init.
    pub struct_size: usize,
    /// The bound of the whole call in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 30000. 0 asks for
    /// exactly one HTTP request.
    pub timeout_ms: u64,
    /// Ask for the user's results so far too: 0 or 1, default 0.
    pub return_history: i32,
    /// Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
    pub return_image_links: i32,
    /// A URL to deliver the complete status to as well: https, or http on this machine. Default NULL, nowhere. How it
    /// went stands in smileid_status_callback_delivered; the status is returned whatever happened. The delivery includes
    /// the answer's timestamp and signature: while these are fresh, the receiver can send signed requests as you.
    pub callback_url: *const c_char,
    /// Poll with the default delays until the job is complete or the attempts are used up: 0 or 1, default 0.
    pub return_job_status: i32,
    /// Nothing yet: must be 0, as smileid_status_options_init leaves it.
    pub reserved: i32,
}

/// What smileid_poll_job_status asks for and how. Fill it with smileid_poll_options_init, then change what is needed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PollOptions {
    /// Set by smileid_poll_options_init.
    pub struct_size: usize,
    /// The bound of the whole call in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, the default. 0 asks for exactly
    /// one HTTP request. A delay that would outlast it ends the call at once, with the last failure or
    /// SMILEID_ERROR_TIMEOUT.
    pub timeout_ms: u64,
    /// How often to ask again after the first query: 0 to 1000, default 3.
    pub retry_count: u64,
    /// The delay before the first retry in milliseconds; each later one is twice as long. 1 to 3600000, default 2000.
    pub initial_delay_ms: u64,
    /// The longest delay in milliseconds, at least initial_delay_ms. 1 to 3600000, default 30000; left at the
    /// default, it gives way to a longer initial_delay_ms.
    pub max_delay_ms: u64,
    /// Ask for the user's results so far too: 0 or 1, default 0.
    pub return_history: i32,
    /// Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
    pub return_image_links: i32,
    /// As in smileid_status_options_t. Default NULL.
    pub callback_url: *const c_char,
    /// Taken without effect, for a poll waits anyway: 0 or 1, default 0.
    pub return_job_status: i32,
    /// Nothing yet: must be 0, as smileid_poll_options_init leaves it.
    pub reserved: i32,
}

/// No limit, where a limit may be left out.
pub(crate) const NO_LIMIT: u64 = u64::MAX;

impl ClientOptions {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            partner_id: ptr::null(),
            api_key: ptr::null(),
            environment: ptr::null(),
            base_url: ptr::null(),
            ca_bundle: ptr::null(),
            proxy: ptr::null(),
            connect_timeout_ms: default_ms(&CONNECT_TIMEOUT),
            request_timeout_ms: default_ms(&REQUEST_TIMEOUT),
            max_retries: MAX_RETRIES.default.unwrap_or(NO_LIMIT),
            max_connections: MAX_CONNECTIONS.default.unwrap_or(NO_LIMIT),
            max_response_bytes: MAX_RESPONSE_BYTES.default.unwrap_or(NO_LIMIT),
            bundled_roots: BUNDLED_ROOTS.default.into(),
            trust_env: TRUST_ENV.default.into(),
        }
    }

    /// The core's builder with what the options say.
    ///
    /// # Safety
    /// As `read`; texts are `NULL` or NUL-terminated.
    pub(crate) unsafe fn builder(options: *const Self) -> Result<ClientBuilder> {
        // SAFETY: promised by the caller.
        let options = unsafe { Self::read(options) }?;
        let mut builder = ClientBuilder::empty()
            .connect_timeout(Duration::from_millis(options.connect_timeout_ms))
            .request_timeout(Duration::from_millis(options.request_timeout_ms))
            .max_retries(options.max_retries)
            .max_connections(options.max_connections)
            .max_response_bytes(options.max_response_bytes)
            .bundled_roots(flag(options.bundled_roots, "bundled_roots")?)
            .trust_env(flag(options.trust_env, "trust_env")?);
        // SAFETY: promised by the caller.
        let given = |pointer, name| unsafe { text::optional(pointer, name) };
        if let Some(partner_id) = given(options.partner_id, "partner_id")? {
            builder = builder.partner_id(partner_id);
        }
        if let Some(api_key) = given(options.api_key, "api_key")? {
            builder = builder.api_key(api_key);
        }
        if let Some(environment) = given(options.environment, "environment")? {
            builder = builder.environment(environment);
        }
        if let Some(base_url) = given(options.base_url, "base_url")? {
            builder = builder.base_url(base_url);
        }
        if let Some(ca_bundle) = given(options.ca_bundle, "ca_bundle")? {
            builder = builder.ca_bundle(ca_bundle);
        }
        if let Some(proxy) = given(options.proxy, "proxy")? {
            builder = builder.proxy(proxy);
        }
        Ok(builder)
    }
}

impl StatusOptions {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            timeout_ms: default_ms(&GET_TIMEOUT),
            return_history: RETURN_HISTORY.default.into(),
            return_image_links: RETURN_IMAGE_LINKS.default.into(),
            callback_url: ptr::null(),
            return_job_status: RETURN_JOB_STATUS.default.into(),
            reserved: 0,
        }
    }
}

impl PollOptions {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            timeout_ms: default_ms(&POLL_TIMEOUT),
            retry_count: RETRY_COUNT.default.unwrap_or(NO_LIMIT),
            initial_delay_ms: default_ms(&INITIAL_DELAY),
            max_delay_ms: default_ms(&MAX_DELAY),
            return_history: RETURN_HISTORY.default.into(),
            return_image_links: RETURN_IMAGE_LINKS.default.into(),
            callback_url: ptr::null(),
            return_job_status: RETURN_JOB_STATUS.default.into(),
            reserved: 0,
        }
    }
}

/// The cap, unless it is the default: that one gives way to a longer first delay.
pub(crate) fn cap(max_delay_ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(max_delay_ms)).filter(|delay| Some(*delay) != MAX_DELAY.default)
}

pub(crate) fn default_ms(argument: &DurationArgument) -> u64 {
    argument.default.map_or(NO_LIMIT, |value| u64::try_from(value.as_millis()).unwrap_or(NO_LIMIT))
}

pub(crate) fn limit(ms: u64) -> Option<Duration> {
    (ms != NO_LIMIT).then(|| Duration::from_millis(ms))
}

pub(crate) fn flag(flag: i32, argument: &'static str) -> Result<bool> {
    match flag {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::invalid_argument(argument, "expected 0 or 1")),
    }
}

/// Refuses what a later version may give a meaning.
pub(crate) fn reserved(reserved: i32) -> Result<()> {
    if reserved == 0 { Ok(()) } else { Err(Error::invalid_argument("reserved", "expected 0")) }
}

readable!(ClientOptions {
    partner_id,
    api_key,
    environment,
    base_url,
    ca_bundle,
    proxy,
    connect_timeout_ms,
    request_timeout_ms,
    max_retries,
    max_connections,
    max_response_bytes,
    bundled_roots,
    trust_env,
});
readable!(StatusOptions { timeout_ms, return_history, return_image_links, callback_url, return_job_status, reserved });
readable!(PollOptions {
    timeout_ms,
    retry_count,
    initial_delay_ms,
    max_delay_ms,
    return_history,
    return_image_links,
    callback_url,
    return_job_status,
    reserved,
});

/// Fills every field with its default: `smileid_client_options_init(&options, sizeof options)`.
///
/// options: written, struct_size bytes; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_client_options_init(options: *mut ClientOptions, struct_size: usize) {
    value((), || init(options, struct_size, ClientOptions::defaults()));
}

/// Fills every field with its default: `smileid_status_options_init(&options, sizeof options)`.
///
/// options: written, struct_size bytes; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_options_init(options: *mut StatusOptions, struct_size: usize) {
    value((), || init(options, struct_size, StatusOptions::defaults()));
}

/// Fills every field with its default: `smileid_poll_options_init(&options, sizeof options)`.
///
/// options: written, struct_size bytes; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_poll_options_init(options: *mut PollOptions, struct_size: usize) {
    value((), || init(options, struct_size, PollOptions::defaults()));
}
