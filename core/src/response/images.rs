//! `image_links`: an open map with a few names of its own.

use std::fmt;

use serde_json::{Map, Value};

use super::view::View;
use super::{Naming, lenient};

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
        for (key, value) in lenient::entries(raw) {
            match key.as_str() {
                "selfie_image" => links.selfie_image = lenient::text(value),
                "error" => links.error = lenient::text(value),
                key if key.starts_with(LIVENESS) => {
                    let number = number_at_end(key);
                    let links = lenient::texts(value).into_iter().chain(lenient::text(value));
                    liveness.extend(links.map(|link| (number, link)));
                }
                _ => {}
            }
            links.fields.insert(key, lenient::value(value));
        }
        // Stable, so that equal numbers stay in the order received.
        liveness.sort_by_key(|(number, _)| *number);
        links.liveness_images = liveness.into_iter().map(|(_, link)| link).collect();
        Some(links)
    }

    pub(crate) fn view(&self, naming: Naming) -> Value {
        View::new(naming)
            .set("selfie_image", self.selfie_image.as_deref())
            .set("liveness_images", self.liveness_images.clone())
            .set("error", self.error.as_deref())
            .set("fields", self.fields.clone())
            .finish()
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
