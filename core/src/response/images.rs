//! `image_links`: an open map with a few names of its own.

use std::fmt;

use serde::Serializer;
use serde_json::{Map, Value};

use super::view::view;
use super::{Naming, View, lenient};

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

impl ImageLinks {
    pub(super) fn read(raw: &str) -> Option<Self> {
        if !raw.starts_with('{') {
            return None;
        }
        let mut links = Self::default();
        let mut liveness: Vec<(u64, String)> = Vec::new();
        let entries = lenient::entries(raw);
        links.fields = Map::with_capacity(entries.len());
        for (key, value) in entries {
            match key.as_ref() {
                "selfie_image" => links.selfie_image = lenient::text(value),
                "error" => links.error = lenient::text(value),
                key if key.starts_with(LIVENESS) => {
                    let number = number_at_end(key);
                    let links = lenient::texts(value).into_iter().chain(lenient::text(value));
                    liveness.extend(links.map(|link| (number, link)));
                }
                _ => {}
            }
            links.fields.insert(key.into_owned(), lenient::value(value));
        }
        // Stable, so that equal numbers stay in the order received.
        liveness.sort_by_key(|(number, _)| *number);
        links.liveness_images = liveness.into_iter().map(|(_, link)| link).collect();
        Some(links)
    }
}

impl View for ImageLinks {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        view!(ImageLinks as naming into serializer {
            selfie_image: self.selfie_image,
            liveness_images: self.liveness_images,
            error: self.error,
            fields: self.fields,
        })
    }
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
