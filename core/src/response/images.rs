//! `image_links`: an open map with a few names of its own.

use std::fmt;

use serde::Serializer;
use serde_json::{Map, Value};

use super::json::{Json, Object, lenient};
use super::typed_fields::{Open, Own, parts};
use super::{Naming, View};

const LIVENESS: &str = "liveness_image";

/// Links to the job's images. They are signed and short-lived: fetch at once, never log them.
///
/// No official source names the liveness keys or says how long a link lives, so the map is open.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ImageLinks {
    /// The selfie (`selfie_image`).
    pub selfie_image: Option<String>,
    /// The liveness images: keys that start with `liveness_image`, by their number, or a list under such a key.
    pub liveness_images: Vec<String>,
    /// Why there are no links (`error`).
    pub error: Option<String>,
    /// Every key as received.
    pub fields: Map<String, Value>,
}

parts! { Parts<'a> of ImageLinks {
    selfie_image: Option<&'a str>,
    liveness_images: Vec<&'a str>,
    error: Option<&'a str>,
    fields: Open<'a>,
} }

impl<'a> Parts<'a> {
    pub(super) fn of(object: &'a Object<'a>) -> Self {
        let mut links = Self { fields: Open::all(object), ..Self::default() };
        let mut liveness: Vec<(u64, &str)> = Vec::new();
        for (key, value) in object.entries() {
            match key {
                "selfie_image" => links.selfie_image = value.text(),
                "error" => links.error = value.text(),
                key if key.starts_with(LIVENESS) => {
                    let number = number_at_end(key);
                    let links = value.texts().into_iter().chain(value.text());
                    liveness.extend(links.map(|link| (number, link)));
                }
                _ => {}
            }
        }
        // Stable, so that equal numbers stay in the order received.
        liveness.sort_by_key(|(number, _)| *number);
        links.liveness_images = liveness.into_iter().map(|(_, link)| link).collect();
        links
    }
}

impl ImageLinks {
    pub(super) fn read(raw: &str) -> Option<Self> {
        Json::read(raw).object().map(|links| Parts::of(links).own())
    }
}

/// The links as a view.
pub(super) struct Read<'a>(pub(super) &'a str);

impl View for Read<'_> {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        Json::read(self.0).object().map(Parts::of).serialize_as(naming, serializer)
    }
}

/// Whether an object's text has more than the reason for there being none.
pub(super) fn have_links(raw: &str) -> bool {
    raw.starts_with('{') && lenient::entries(raw).iter().any(|(key, _)| key != "error")
}

fn number_at_end(key: &str) -> u64 {
    let digits = key.len() - key.bytes().rev().take_while(u8::is_ascii_digit).count();
    key.get(digits..).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

impl fmt::Debug for ImageLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageLinks").field("liveness_images", &self.liveness_images.len()).finish_non_exhaustive()
    }
}
