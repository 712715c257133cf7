//! Downloaded images.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use smileid_core::{Error as CoreError, Image as CoreImage, Result};

use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::Error;
use crate::ffi::{bytes, free, hand_out, value};
use crate::options::{flag, limit};
use crate::status::Status;
use crate::text::{Text, required};
use crate::verbs::{given, known, wait};
use crate::wait_options::DownloadOptions;

/// Downloaded images. Immutable, and safe to use from any number of threads at the same time. What its getters return is
/// borrowed from it and valid until it is freed; NULL is "absent", and what they return for an index beyond the count.
pub struct Images(Box<[Image]>);

struct Image {
    image: CoreImage,
    key: Text,
    content_type: Text,
    file: Text,
}

/// Downloads every image that a status links to, those of the ID card too, at most 4 side by side, and tells JPEG and
/// PNG by their content. Texts that stand for no link (empty, N/A, Not Available) are passed over. All or nothing: an
/// image that fails fails the call.
///
/// client, status: borrowed; ask for the status with return_image_links. options: borrowed; NULL is all defaults, into
/// memory. cancel: borrowed; may be NULL. images: receives the images, which the caller owns and frees with
/// smileid_images_free; NULL on failure. error: receives the error, which the caller owns; may be NULL. Returns
/// SMILEID_OK or the error's number: SMILEID_ERROR_IMAGE_LINK_EXPIRED; SMILEID_ERROR_IMAGE_REFUSED, also for an image over
/// 16 MiB; SMILEID_ERROR_RATE_LIMITED and SMILEID_ERROR_SERVER, of an image's server too; SMILEID_ERROR_IO; and those of
/// smileid_get_job_status. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_download_images(
    client: Option<&Client>,
    status: Option<&Status>,
    options: *const DownloadOptions,
    cancel: Option<&CancelToken>,
    images: Option<&mut MaybeUninit<Option<Box<Images>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(images, "images", error, || {
        let client = known(client)?;
        let status = status.ok_or_else(|| CoreError::invalid_argument("status", "expected a status"))?;
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { DownloadOptions::read(options) }?;
        let (overwrite, refresh) = (flag(options.overwrite, "overwrite")?, flag(options.refresh, "refresh")?);
        let (directory, hosts) = (given(options.directory, "directory")?, allowed(&options)?);
        let call = client.0.call(|client| {
            let mut download = client
                .download_images(&status.status)
                .overwrite(overwrite)
                .refresh(refresh)
                .timeout(limit(options.timeout_ms));
            download = directory.into_iter().fold(download, |download, path| download.directory(path));
            hosts.into_iter().fold(download, |download, hosts| download.allowed_hosts(hosts))
        })?;
        let images = wait(call, cancel)?.into_iter();
        Ok(Images(images.map(Image::new).collect()))
    })
}

impl Image {
    fn new(image: CoreImage) -> Self {
        Self { image, key: Text::default(), content_type: Text::default(), file: Text::default() }
    }
}

fn allowed(options: &DownloadOptions) -> Result<Option<Vec<String>>> {
    if options.allowed_hosts.is_null() {
        // A list that could not be made must not let in any host.
        let is_left_out = options.allowed_host_count == 0;
        let wrong =
            || CoreError::invalid_argument("allowed_hosts", "expected allowed_host_count texts, and it is NULL");
        return if is_left_out { Ok(None) } else { Err(wrong()) };
    }
    let host = |index| {
        // SAFETY: the header asks for allowed_host_count pointers.
        let pointer = unsafe { *options.allowed_hosts.add(index) };
        // SAFETY: the header asks for NUL-terminated texts that live as long as the call.
        unsafe { required(pointer, "allowed_hosts") }.map(str::to_owned)
    };
    (0..options.allowed_host_count).map(host).collect::<Result<_>>().map(Some)
}

/// How many images there are; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_images_count(images: Option<&Images>) -> usize {
    value(0, || images.map_or(0, |images| images.0.len()))
}

/// The key of an image's link, such as "selfie_image".
#[unsafe(no_mangle)]
pub extern "C" fn smileid_images_key(images: Option<&Images>, index: usize) -> *const c_char {
    text(images, index, |image| image.key.get(|| Some(&image.image.key)))
}

/// "image/jpeg" or "image/png".
#[unsafe(no_mangle)]
pub extern "C" fn smileid_images_content_type(images: Option<&Images>, index: usize) -> *const c_char {
    text(images, index, |image| image.content_type.get(|| Some(image.image.image_type.content_type())))
}

/// An image's bytes; not NUL-terminated. NULL when it was written to a file.
///
/// length: receives the number of bytes; may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_images_data(
    images: Option<&Images>,
    index: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> *const u8 {
    let image = value(None, || images?.0.get(index));
    bytes(image, |image| image.image.path.is_none().then_some(&image.image.bytes[..]), length)
}

/// The path of the file that an image was written to; NULL when it is in memory.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_images_file(images: Option<&Images>, index: usize) -> *const c_char {
    text(images, index, |image| image.file.get(|| image.image.path.as_ref().map(|path| path.to_string_lossy())))
}

/// Frees images and all that was borrowed from them; files stay. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_images_free(images: Option<Box<Images>>) {
    free(images);
}

fn text(images: Option<&Images>, index: usize, read: impl FnOnce(&Image) -> *const c_char) -> *const c_char {
    value(ptr::null(), || images.and_then(|images| images.0.get(index)).map_or(ptr::null(), read))
}
