//! Links to a job's images.

use std::ffi::c_char;
use std::ptr;
use std::sync::OnceLock;

use smileid_core::ImageLinks;

use crate::ffi::value;
use crate::status::Status;
use crate::text::Text;

/// The texts of `image_links`, as C reads them.
#[derive(Default)]
pub(crate) struct Images {
    selfie_image: Text,
    error: Text,
    liveness: OnceLock<Box<[Text]>>,
}

fn text(
    status: Option<&Status>,
    cached: impl FnOnce(&Images) -> &Text,
    read: impl FnOnce(&ImageLinks) -> Option<&str>,
) -> *const c_char {
    value(ptr::null(), || {
        status.map_or(ptr::null(), |status| {
            cached(&status.made().images).get(|| status.status.image_links().and_then(read))
        })
    })
}

/// Whether the answer had image links at all, those asked for with return_image_links or a document job's own: 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_has_image_links(status: Option<&Status>) -> i32 {
    value(0, || status.map_or(0, |status| i32::from(status.status.image_links().is_some())))
}

/// The link to the selfie. Links are short-lived and as good as the image: fetch at once, never log them.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_selfie_image(status: Option<&Status>) -> *const c_char {
    text(status, |images| &images.selfie_image, |links| links.selfie_image.as_deref())
}

/// How many liveness images there are.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_liveness_image_count(status: Option<&Status>) -> usize {
    value(0, || status.and_then(|status| status.status.image_links()).map_or(0, |links| links.liveness_images.len()))
}

/// The link to a liveness image, in their order; NULL when index is not below smileid_status_liveness_image_count.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_liveness_image_at(status: Option<&Status>, index: usize) -> *const c_char {
    value(ptr::null(), || {
        let Some((status, links)) = status.and_then(|status| Some((status, status.status.image_links()?))) else {
            return ptr::null();
        };
        let cached = status
            .made()
            .images
            .liveness
            .get_or_init(|| links.liveness_images.iter().map(|_| Text::default()).collect());
        cached.get(index).map_or(ptr::null(), |text| text.get(|| links.liveness_images.get(index)))
    })
}

/// Why there are no links, if Smile ID says so.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_status_image_links_error(status: Option<&Status>) -> *const c_char {
    text(status, |images| &images.error, |links| links.error.as_deref())
}
