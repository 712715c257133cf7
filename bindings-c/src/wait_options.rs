//! Options of the verbs that wait for the end of a job, and of the downloads.

use std::ffi::c_char;
use std::mem::size_of;
use std::ptr;

use smileid_core::config::{
    BURST, DOWNLOAD_TIMEOUT, INITIAL_DELAY, MAX_DELAY, MAX_WAITING, OVERWRITE, REFRESH, RETURN_HISTORY,
    RETURN_IMAGE_LINKS, RETURN_JOB_STATUS, WAIT_RETRY_COUNT, WAIT_TIMEOUT,
};

use crate::ffi::value;
use crate::options::{NO_LIMIT, default_ms};
use crate::sized::{init, readable};

/// What smileid_wait_until_complete, smileid_watch_job_status and smileid_poll_step ask for and how. Fill it with
/// smileid_wait_options_init, then change what is needed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WaitOptions {
    /// Set by smileid_wait_options_init.
    pub struct_size: usize,
    /// The bound of the whole wait in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000. 0 asks for exactly
    /// one HTTP request. The last query starts 1 s before the end (half-way, where timeout_ms is below 2 s), and the wait
    /// ends with its answer.
    pub timeout_ms: u64,
    /// How often to ask again after the first query: 0 to 1000 or SMILEID_NO_LIMIT, the default.
    pub retry_count: u64,
    /// As in smileid_poll_options_t.
    pub initial_delay_ms: u64,
    /// As in smileid_poll_options_t.
    pub max_delay_ms: u64,
    /// Ask for the user's results so far too: 0 or 1, default 0.
    pub return_history: i32,
    /// Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
    pub return_image_links: i32,
    /// As in smileid_status_options_t. Default NULL.
    pub callback_url: *const c_char,
    /// What smileid_step_token gave: go on there, with the attempts and the deadline of its first step. Default NULL, a
    /// wait of its own. A watch takes none.
    pub token: *const c_char,
    /// Taken without effect, for these verbs wait anyway: 0 or 1, default 0.
    pub return_job_status: i32,
    /// Nothing yet: must be 0, as smileid_wait_options_init leaves it.
    pub reserved: i32,
}

/// What smileid_poll_many asks for and how. Fill it with smileid_many_options_init, then change what is needed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ManyOptions {
    /// Set by smileid_many_options_init.
    pub struct_size: usize,
    /// The bound of each job from its own first query, in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000.
    /// The last query starts 1 s before the end (half-way, where timeout_ms is below 2 s), and the wait ends with its
    /// answer.
    pub timeout_ms: u64,
    /// How often to ask again about each job: 0 to 1000 or SMILEID_NO_LIMIT, the default.
    pub retry_count: u64,
    /// As in smileid_poll_options_t.
    pub initial_delay_ms: u64,
    /// As in smileid_poll_options_t.
    pub max_delay_ms: u64,
    /// How many jobs are admitted at a time: 1 to 1000000, default 10000. smileid_many_room counts down from here.
    pub max_waiting: u64,
    /// At most this many HTTP requests a second, retries included: from one in 30 days to 1000000. Default INFINITY, no
    /// limit.
    pub rate_limit: f64,
    /// How many requests may go out at once after a pause, under a rate limit: 1 to 1000000, default 1.
    pub burst: u64,
    /// Ask for the users' results so far too: 0 or 1, default 0.
    pub return_history: i32,
    /// Ask for links to the selfie, liveness and ID card images too: 0 or 1, default 0.
    pub return_image_links: i32,
}

/// Where smileid_download_images writes to and what it may read. Fill it with smileid_download_options_init, then change
/// what is needed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DownloadOptions {
    /// Set by smileid_download_options_init.
    pub struct_size: usize,
    /// The bound of all downloads together in milliseconds: 0 to 30 days or SMILEID_NO_LIMIT, default 60000.
    pub timeout_ms: u64,
    /// A directory that exists, for files of mode 0600 named by their key. Default NULL: the images stay in memory.
    pub directory: *const c_char,
    /// Download from these hosts only. Default NULL: from any host with a public name.
    pub allowed_hosts: *const *const c_char,
    /// How many allowed_hosts there are; 0 where that is NULL.
    pub allowed_host_count: usize,
    /// Replace files that exist: 0 or 1, default 0.
    pub overwrite: i32,
    /// Ask once for new links when one has expired: 0 or 1, default 0.
    pub refresh: i32,
}

impl WaitOptions {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            timeout_ms: default_ms(&WAIT_TIMEOUT),
            retry_count: WAIT_RETRY_COUNT.default.unwrap_or(NO_LIMIT),
            initial_delay_ms: default_ms(&INITIAL_DELAY),
            max_delay_ms: default_ms(&MAX_DELAY),
            return_history: RETURN_HISTORY.default.into(),
            return_image_links: RETURN_IMAGE_LINKS.default.into(),
            callback_url: ptr::null(),
            token: ptr::null(),
            return_job_status: RETURN_JOB_STATUS.default.into(),
            reserved: 0,
        }
    }
}

impl ManyOptions {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            timeout_ms: default_ms(&WAIT_TIMEOUT),
            retry_count: WAIT_RETRY_COUNT.default.unwrap_or(NO_LIMIT),
            initial_delay_ms: default_ms(&INITIAL_DELAY),
            max_delay_ms: default_ms(&MAX_DELAY),
            max_waiting: MAX_WAITING.default.unwrap_or(NO_LIMIT),
            rate_limit: f64::INFINITY,
            burst: BURST.default.unwrap_or(NO_LIMIT),
            return_history: RETURN_HISTORY.default.into(),
            return_image_links: RETURN_IMAGE_LINKS.default.into(),
        }
    }
}

impl DownloadOptions {
    fn defaults() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            timeout_ms: default_ms(&DOWNLOAD_TIMEOUT),
            directory: ptr::null(),
            allowed_hosts: ptr::null(),
            allowed_host_count: 0,
            overwrite: OVERWRITE.default.into(),
            refresh: REFRESH.default.into(),
        }
    }
}

readable!(WaitOptions {
    timeout_ms,
    retry_count,
    initial_delay_ms,
    max_delay_ms,
    return_history,
    return_image_links,
    callback_url,
    token,
    return_job_status,
    reserved,
});
readable!(ManyOptions {
    timeout_ms,
    retry_count,
    initial_delay_ms,
    max_delay_ms,
    max_waiting,
    rate_limit,
    burst,
    return_history,
    return_image_links,
});
readable!(DownloadOptions { timeout_ms, directory, allowed_hosts, allowed_host_count, overwrite, refresh });

/// Fills every field with its default: `smileid_wait_options_init(&options, sizeof options)`.
///
/// options: written, struct_size bytes; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_wait_options_init(options: *mut WaitOptions, struct_size: usize) {
    value((), || init(options, struct_size, WaitOptions::defaults()));
}

/// Fills every field with its default: `smileid_many_options_init(&options, sizeof options)`.
///
/// options: written, struct_size bytes; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_options_init(options: *mut ManyOptions, struct_size: usize) {
    value((), || init(options, struct_size, ManyOptions::defaults()));
}

/// Fills every field with its default: `smileid_download_options_init(&options, sizeof options)`.
///
/// options: written, struct_size bytes; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_download_options_init(options: *mut DownloadOptions, struct_size: usize) {
    value((), || init(options, struct_size, DownloadOptions::defaults()));
}
