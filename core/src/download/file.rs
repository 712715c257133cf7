//! Image files: safe names, never half written, for nobody else's eyes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::ImageType;
use crate::code::ErrorCode;
use crate::error::{Cause, Error, Result};

const MAX_KEY_BYTES: usize = 64;

/// `<key>.jpg` where the key is a plain name, `image_<n>.jpg` otherwise.
pub(super) fn name(key: &str, number: usize, image_type: ImageType) -> String {
    let plain = (1..=MAX_KEY_BYTES).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let stem = if plain { key.to_owned() } else { format!("image_{number}") };
    format!("{stem}.{}", image_type.extension())
}

/// Writes beside the target and moves it there.
pub(super) fn write(target: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let (mut file, beside) = create_beside(target)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let moved = written.map_err(|error| failed(&error)).and_then(|()| move_to(&beside, target, overwrite));
    if moved.is_err() {
        // What is left of a failed write is nobody's.
        let _ = fs::remove_file(&beside);
    }
    moved
}

/// Without `overwrite`, a hard link is what the file system refuses atomically when the target exists.
fn move_to(beside: &Path, target: &Path, overwrite: bool) -> Result<()> {
    if overwrite {
        return fs::rename(beside, target).map_err(|error| failed(&error));
    }
    match fs::hard_link(beside, target) {
        Ok(()) => fs::remove_file(beside).map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let message = "an image's file exists already; use overwrite to replace it";
            Err(Error::new(ErrorCode::Io, message).with_cause(Cause::from(&error)))
        }
        // Some file systems have no hard links.
        Err(_) if !target.exists() => fs::rename(beside, target).map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

fn create_beside(target: &Path) -> Result<(File, PathBuf)> {
    let mut last = None;
    for _ in 0..8 {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:016x}.part", fastrand::u64(..)));
        let beside = target.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Windows gives a new file its directory's access list, which is what users expect there.
        match options.open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(last.as_ref().map_or_else(Error::internal, failed))
}

fn failed(error: &std::io::Error) -> Error {
    let message = format!("an image could not be written ({}); check the directory", error.kind());
    Error::new(ErrorCode::Io, message).with_cause(Cause::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_directory() {
        assert_eq!(name("selfie_image", 0, ImageType::Jpeg), "selfie_image.jpg");
        for key in ["", "../x", "a/b", "a.b", "a b", "ü", "C:", &"a".repeat(65)] {
            assert_eq!(name(key, 7, ImageType::Png), "image_7.png", "{key}");
        }
    }
}
