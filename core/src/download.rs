//! Downloads the images that a status links to.

mod file;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;
use url::{Host, Url};

use self::file::NewFiles;
use crate::client::{Client, Driven};
use crate::code::ErrorCode;
use crate::config::{DOWNLOAD_TIMEOUT, IMAGES_AT_ONCE, MAX_IMAGE_BYTES, MAX_IMAGES, OVERWRITE, REFRESH, is_loopback};
use crate::driver;
use crate::error::{Error, Phase, Result};
use crate::poll::drive::{Bound, Engine};
use crate::response::{ImageLinks, JobStatus, says_nothing};
use crate::retry;
use crate::transport::{HttpRequest, HttpResponse};

/// What an image's first bytes say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageType {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
}

impl ImageType {
    /// Told by content, never by a name or a header.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            _ => None,
        }
    }

    /// `jpg` or `png`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// `image/jpeg` or `image/png`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// One downloaded image. `Debug` shows no content.
#[derive(Clone)]
#[non_exhaustive]
pub struct Image {
    /// The link's key, such as `selfie_image`.
    pub key: String,
    /// What it is.
    pub image_type: ImageType,
    /// Its bytes; empty when it was written to a file.
    pub bytes: Bytes,
    /// The file it was written to, if a directory was given.
    pub path: Option<PathBuf>,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image").field("image_type", &self.image_type).finish_non_exhaustive()
    }
}

/// A download, ready to be awaited: see [`Client::download_images`].
#[must_use = "a call does nothing until it is awaited"]
pub struct DownloadImages {
    client: Client,
    status: JobStatus,
    directory: Option<PathBuf>,
    overwrite: bool,
    allowed_hosts: Option<HashSet<String>>,
    refresh: bool,
    timeout: Option<Duration>,
}

impl DownloadImages {
    pub(crate) fn new(client: Client, status: JobStatus) -> Self {
        let (overwrite, refresh, timeout) = (OVERWRITE.default, REFRESH.default, DOWNLOAD_TIMEOUT.default);
        Self { client, status, directory: None, overwrite, allowed_hosts: None, refresh, timeout }
    }

    /// Write each image to `<key>.jpg` or `<key>.png` in this directory, which must exist. Files are made with mode 0600
    /// beside the target and renamed, so that none is ever half written. Default: keep the images in memory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Replace files that exist. Default false: an existing file is an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Download from these hosts only. Default: from any host with a public name, whatever its address. IP addresses,
    /// `localhost`, single-label names and those under `.local` and `.internal` are refused in any case, but for this
    /// machine when the client's own server is on it.
    pub fn allowed_hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.allowed_hosts = Some(hosts.into_iter().map(|host| host.into().to_ascii_lowercase()).collect());
        self
    }

    /// Ask once for new links when one has expired. Default false.
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// The bound of all downloads together: 0 to 30 days, default 60 s; `None` is no bound but the requests' own.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    async fn run(self) -> Result<Vec<Image>> {
        let engine = self.client.engine();
        let started_at = engine.clock.now();
        let timeout = self.timeout.map(|timeout| DOWNLOAD_TIMEOUT.check(timeout)).transpose()?;
        if self.directory.as_ref().is_some_and(|directory| directory.as_os_str().is_empty()) {
            return Err(Error::invalid_argument("directory", "expected the path of a directory"));
        }
        let bound = Bound::new(started_at, timeout);
        let ends_at = bound.ends_at;
        let all = async {
            match self.download(&self.status, bound).await {
                Err(error) if self.refresh && error.code() == ErrorCode::ImageLinkExpired => {
                    let (user_id, job_id) = (self.status.user_id(), self.status.job_id());
                    // So that the two questions about this job do not carry the same signed pair.
                    engine.clock.sleep(Duration::from_millis(1)).await;
                    let left = ends_at.map(|ends_at| ends_at.saturating_sub(engine.clock.now()));
                    // Zero would ask for one answer, however long that takes.
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(Error::timeout(Phase::Overall));
                    }
                    let fresh =
                        self.client.get_job_status(user_id, job_id).return_image_links(true).timeout(left).await?;
                    self.download(&fresh, bound).await
                }
                result => result,
            }
        };
        let result = tokio::select! {
            biased;
            () = engine.closed.cancelled() => Err(Error::closed()),
            images = all => images,
        };
        result.map_err(|error| {
            let elapsed = engine.clock.now().saturating_sub(started_at);
            error.with_call(self.status.user_id(), self.status.job_id(), 1, elapsed)
        })
    }

    async fn download(&self, status: &JobStatus, bound: Bound) -> Result<Vec<Image>> {
        let links = status.image_links().map(links).unwrap_or_default();
        if links.len() > MAX_IMAGES {
            return Err(refused(format!("there are more than {MAX_IMAGES} images")));
        }
        let stems = file::stems(links.iter().map(|(key, _)| key.as_str()));
        let checked: Vec<(String, Url)> =
            links.into_iter().map(|(key, link)| Ok((key, self.check(&link)?))).collect::<Result<_>>()?;
        let files = NewFiles::begin();
        let images = checked.into_iter().zip(stems).map(|((key, url), stem)| {
            let new_file = files.one();
            async move {
                let (image_type, bytes) = fetch(self.client.engine(), url, bound).await?;
                let Some(directory) = &self.directory else { return Ok(Image { key, image_type, bytes, path: None }) };
                let path = directory.join(format!("{stem}.{}", image_type.extension()));
                let (target, overwrite) = (path.clone(), self.overwrite);
                let written = tokio::task::spawn_blocking(move || new_file.write(&target, &bytes, overwrite));
                tokio::select! {
                    biased;
                    written = written => written.map_err(|_| Error::internal())??,
                    () = self.deadline(bound.ends_at) => return Err(Error::timeout(Phase::Overall)),
                }
                Ok(Image { key, image_type, bytes: Bytes::new(), path: Some(path) })
            }
        });
        let images: Result<_> = futures_util::stream::iter(images).buffered(IMAGES_AT_ONCE).try_collect().await;
        if images.is_ok() {
            files.keep();
        }
        images
    }

    /// Ends when the call's time is up. Writing has no timeout of its own: a disk can stall.
    async fn deadline(&self, ends_at: Option<Duration>) {
        match ends_at {
            Some(ends_at) => driver::sleep(ends_at.saturating_sub(self.client.engine().clock.now())).await,
            None => std::future::pending().await,
        }
    }

    /// Where a link may point to: no address and no name that only this network knows. What a name's address is, is not looked
    /// at.
    fn check(&self, link: &str) -> Result<Url> {
        let url = Url::parse(link).map_err(|_| refused("a link is not a URL"))?;
        let at_home = is_loopback(self.client.engine().endpoint.url()) && is_loopback(&url);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("a link has credentials in it"));
        }
        match url.host() {
            _ if at_home && matches!(url.scheme(), "http" | "https") => {}
            _ if url.scheme() != "https" => return Err(refused("a link is not https")),
            Some(Host::Domain(name)) if has_two_labels(name) && !is_local(name) => {}
            _ => return Err(refused("a link points to an address, to localhost or to a single-label host")),
        }
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        match &self.allowed_hosts {
            Some(allowed) if !allowed.contains(&host) => {
                Err(refused("a link points to a host that allowed_hosts does not name"))
            }
            _ => Ok(url),
        }
    }
}

/// Whether a name has a domain, and no empty label that would hide the lack of one.
fn has_two_labels(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.contains('.') && name.split('.').all(|label| !label.is_empty())
}

fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local") || name.ends_with(".internal")
}

impl Driven for DownloadImages {}

impl IntoFuture for DownloadImages {
    type Output = Result<Vec<Image>>;
    type IntoFuture = crate::clock::BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for DownloadImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadImages").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// Every link with its key; a list under a key is numbered. Texts that say that there is none are none.
fn links(links: &ImageLinks) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (key, value) in links.fields.iter().filter(|(key, _)| *key != "error") {
        match value {
            Value::String(link) if !says_nothing(link) => found.push((key.clone(), link.clone())),
            Value::Array(items) => {
                let texts = items.iter().filter_map(Value::as_str).enumerate().filter(|(_, link)| !says_nothing(link));
                found.extend(texts.map(|(number, link)| (format!("{key}_{number}"), link.to_owned())));
            }
            _ => {}
        }
    }
    found
}

/// Gets one image, as often as any request is repeated after transient failures.
async fn fetch(engine: &Engine, url: Url, bound: Bound) -> Result<(ImageType, Bytes)> {
    let request = HttpRequest::new(url, MAX_IMAGE_BYTES);
    let mut retries = 0;
    loop {
        let error = match fetch_once(engine, request.clone(), bound.ends_at).await {
            Ok(image) => return Ok(image),
            Err(error) => error,
        };
        let wait = engine.wait_before_retry(&error, retries, error.retry_after(), bound);
        let Some(wait) = wait else { return Err(error) };
        retries += 1;
        engine.clock.sleep(wait).await;
    }
}

/// One request: no credentials are sent, no redirect is followed.
async fn fetch_once(engine: &Engine, request: HttpRequest, ends_at: Option<Duration>) -> Result<(ImageType, Bytes)> {
    let permit = engine.connection(ends_at).await;
    let _permit = permit.ok_or_else(|| Error::timeout(Phase::Queue))?;
    let response =
        engine.exchange(request, ends_at, engine.request_timeout).await.map_err(|error| match error.code() {
            ErrorCode::ResponseTooLarge => refused(format!("an image is larger than {} MiB", MAX_IMAGE_BYTES >> 20)),
            _ => error,
        })?;
    if !(200..300).contains(&response.status) {
        return Err(not_an_image(&response).with_retry_after(retry::retry_after(&response, &*engine.clock)));
    }
    let image_type = ImageType::of(&response.body).ok_or_else(|| refused("an image is neither JPEG nor PNG"))?;
    Ok((image_type, response.body))
}

/// The error for an answer that is not a 2xx.
fn not_an_image(response: &HttpResponse) -> Error {
    // What object stores say of links whose time is over. Of a malformed link they say 400, too.
    let says_expired = || response.body.windows(7).any(|word| word.eq_ignore_ascii_case(b"expired"));
    let (code, message) = match response.status {
        400 if says_expired() => (ErrorCode::ImageLinkExpired, EXPIRED),
        401 | 403 | 404 | 410 => (ErrorCode::ImageLinkExpired, EXPIRED),
        429 => (ErrorCode::RateLimited, "the server of an image is asked too often; try again later"),
        408 => return Error::timeout(Phase::Server).with_http_status(408),
        500..=599 => (ErrorCode::Server, "the server of an image failed; try again"),
        _ => (ErrorCode::ImageRefused, "an image's server answered with neither the image nor an error"),
    };
    Error::new(code, message).with_http_status(response.status)
}

const EXPIRED: &str = "an image link is no longer valid; ask for the status again, or use refresh";

fn refused(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorCode::ImageRefused, message)
}
