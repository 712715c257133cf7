//! What the verbs were told: Python's values, checked, and how the core's calls take them.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use smileid_jobs::config::{
    BURST, CountArgument, DOWNLOAD_TIMEOUT, DurationArgument, INITIAL_DELAY, MAX_DELAY, MAX_WAITING, WAIT_RETRY_COUNT,
    WAIT_TIMEOUT,
};
use smileid_jobs::{
    Client, DownloadImages, Error, JobStatus, PollJobStatus, PollMany, PollStepCall, Result, WaitUntilComplete,
    WatchJobStatus,
};

use crate::arguments::{Any, count, flag, id, limited, optional, optional_count, path, rate, seconds, texts};
use crate::status::Status;

/// The delays of a poll, and whether its cap was given: one that was not gives way to a longer initial delay.
#[derive(FromPyObject)]
pub(crate) struct Delays<'py>(Any<'py>, Any<'py>, bool);

impl Delays<'_> {
    fn check(&self) -> Result<(Duration, Option<Duration>)> {
        let max_delay = if self.2 { Some(limited(&MAX_DELAY, &self.1)?) } else { None };
        Ok((limited(&INITIAL_DELAY, &self.0)?, max_delay))
    }
}

/// What every verb takes that asks about one job more than once.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct PollArguments<'py> {
    user_id: Any<'py>,
    job_id: Any<'py>,
    return_history: Any<'py>,
    return_image_links: Any<'py>,
    return_job_status: Any<'py>,
    callback_url: Any<'py>,
    timeout: Any<'py>,
    retry_count: Any<'py>,
    delays: Delays<'py>,
    token: Any<'py>,
}

impl PollArguments<'_> {
    pub(crate) fn check(&self, timeout: &DurationArgument, retry_count: &CountArgument) -> Result<Poll> {
        Ok(Poll {
            user_id: id("user_id", &self.user_id)?,
            job_id: id("job_id", &self.job_id)?,
            return_history: flag("return_history", &self.return_history)?,
            return_image_links: flag("return_image_links", &self.return_image_links)?,
            return_job_status: flag("return_job_status", &self.return_job_status)?,
            callback_url: optional("callback_url", &self.callback_url)?,
            delays: self.delays.check()?,
            retry_count: optional_count(retry_count, &self.retry_count)?,
            timeout: seconds(timeout, &self.timeout)?,
            token: optional("token", &self.token)?,
        })
    }
}

/// A poll's arguments, checked.
pub(crate) struct Poll {
    pub(crate) user_id: String,
    pub(crate) job_id: String,
    pub(crate) token: Option<String>,
    return_history: bool,
    return_image_links: bool,
    return_job_status: bool,
    callback_url: Option<String>,
    timeout: Option<Duration>,
    retry_count: Option<u64>,
    delays: (Duration, Option<Duration>),
}

impl Poll {
    /// Tells a call.
    pub(crate) fn apply<C: Polling>(&self, call: C) -> C {
        let call = call.asking(self.return_history, self.return_image_links, self.return_job_status, self.timeout);
        let call = call.polling(self.retry_count, self.delays.0);
        let call = self.delays.1.into_iter().fold(call, C::capped);
        self.callback_url.iter().fold(call, |call, url| call.delivering(url))
    }
}

/// What the core's polling calls have in common.
pub(crate) trait Polling: Sized {
    fn asking(self, history: bool, links: bool, in_sync: bool, timeout: Option<Duration>) -> Self;
    fn polling(self, retry_count: Option<u64>, initial_delay: Duration) -> Self;
    fn capped(self, max_delay: Duration) -> Self;
    fn delivering(self, url: &str) -> Self;
}

macro_rules! polling {
    ($($call:ty),+) => {
        $(impl Polling for $call {
            fn asking(self, history: bool, links: bool, in_sync: bool, timeout: Option<Duration>) -> Self {
                self.return_history(history).return_image_links(links).return_job_status(in_sync).timeout(timeout)
            }

            fn polling(self, retry_count: Option<u64>, initial_delay: Duration) -> Self {
                self.retry_count(retry_count).initial_delay(initial_delay)
            }

            fn capped(self, max_delay: Duration) -> Self {
                self.max_delay(max_delay)
            }

            fn delivering(self, url: &str) -> Self {
                self.callback_url(url)
            }
        })+
    };
}

polling!(PollJobStatus, WaitUntilComplete, WatchJobStatus, PollStepCall);

/// The options of a `poll_many`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ManyArguments<'py> {
    return_history: Any<'py>,
    return_image_links: Any<'py>,
    timeout: Any<'py>,
    retry_count: Any<'py>,
    delays: Delays<'py>,
    max_waiting: Any<'py>,
    rate_limit: Any<'py>,
    burst: Any<'py>,
}

impl ManyArguments<'_> {
    pub(crate) fn check(&self) -> Result<ManyOptions> {
        Ok(ManyOptions {
            return_history: flag("return_history", &self.return_history)?,
            return_image_links: flag("return_image_links", &self.return_image_links)?,
            delays: self.delays.check()?,
            retry_count: optional_count(&WAIT_RETRY_COUNT, &self.retry_count)?,
            timeout: seconds(&WAIT_TIMEOUT, &self.timeout)?,
            max_waiting: count(&MAX_WAITING, &self.max_waiting)?,
            rate_limit: rate(&self.rate_limit)?,
            burst: count(&BURST, &self.burst)?,
        })
    }
}

/// A `poll_many`'s options, checked.
pub(crate) struct ManyOptions {
    return_history: bool,
    return_image_links: bool,
    timeout: Option<Duration>,
    retry_count: Option<u64>,
    delays: (Duration, Option<Duration>),
    max_waiting: u64,
    rate_limit: Option<f64>,
    burst: u64,
}

impl ManyOptions {
    /// Tells a `poll_many`.
    pub(crate) fn apply(&self, call: PollMany) -> PollMany {
        let call = call.return_history(self.return_history).return_image_links(self.return_image_links);
        let call = call.timeout(self.timeout).retry_count(self.retry_count).initial_delay(self.delays.0);
        let call = call.max_waiting(self.max_waiting).rate_limit(self.rate_limit).burst(self.burst);
        self.delays.1.into_iter().fold(call, PollMany::max_delay)
    }
}

/// The arguments of a download.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct DownloadArguments<'py> {
    status: Any<'py>,
    directory: Any<'py>,
    overwrite: Any<'py>,
    allowed_hosts: Any<'py>,
    refresh: Any<'py>,
    timeout: Any<'py>,
}

impl DownloadArguments<'_> {
    pub(crate) fn check(&self) -> Result<Download> {
        let status = self.status.cast::<Status>();
        let status = status.map_err(|_| Error::invalid_argument("status", "expected a JobStatus"))?;
        Ok(Download {
            status: status.get().0.clone(),
            directory: path("directory", &self.directory)?,
            overwrite: flag("overwrite", &self.overwrite)?,
            allowed_hosts: texts("allowed_hosts", &self.allowed_hosts)?,
            refresh: flag("refresh", &self.refresh)?,
            timeout: seconds(&DOWNLOAD_TIMEOUT, &self.timeout)?,
        })
    }
}

/// A download's arguments, checked.
pub(crate) struct Download {
    status: JobStatus,
    directory: Option<PathBuf>,
    overwrite: bool,
    allowed_hosts: Option<Vec<String>>,
    refresh: bool,
    timeout: Option<Duration>,
}

impl Download {
    /// Tells a download.
    pub(crate) fn apply(&self, client: &Client) -> DownloadImages {
        let call = client.download_images(&self.status).overwrite(self.overwrite).refresh(self.refresh);
        let call = call.timeout(self.timeout);
        let call = self.directory.iter().fold(call, |call, directory| call.directory(directory));
        self.allowed_hosts.iter().fold(call, |call, hosts| call.allowed_hosts(hosts))
    }
}
