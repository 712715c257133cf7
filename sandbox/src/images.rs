//! The pictures behind the links of built-in bodies.

const JPEG: &[u8] = include_bytes!("../images/sample.jpg");
const PNG: &[u8] = include_bytes!("../images/sample.png");

/// The type and bytes under `/images/<name>.jpg` or `.png`, whatever the name.
pub(crate) fn find(path: &str) -> Option<(&'static str, &'static [u8])> {
    let name = path.strip_prefix("/images/")?;
    if name.ends_with(".jpg") {
        Some(("image/jpeg", JPEG))
    } else if name.ends_with(".png") {
        Some(("image/png", PNG))
    } else {
        None
    }
}
