//! Image files: safe names, never half written, for nobody else's eyes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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

/// The new files of one download. Unless it is kept as a whole, they are removed again: what is left of a download that
/// failed would be in the way of the next one.
pub(super) struct NewFiles(Arc<Mutex<Option<Vec<PathBuf>>>>);

/// A share in [`NewFiles`] for the thread that writes.
pub(super) struct NewFile(Arc<Mutex<Option<Vec<PathBuf>>>>);

impl NewFiles {
    pub(super) fn begin() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    pub(super) fn one(&self) -> NewFile {
        NewFile(Arc::clone(&self.0))
    }

    pub(super) fn keep(self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        written.iter().flatten().for_each(|path| drop(fs::remove_file(path)));
    }
}

impl NewFile {
    /// Writes the file, unless nobody waits for it any more. One that was there before is not new.
    pub(super) fn write(&self, target: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
        // Held while writing, so that what is removed afterwards is all there is.
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(written) = files.as_mut() else { return Err(Error::cancelled()) };
        let is_new = !overwrite || !target.exists();
        write(target, bytes, overwrite)?;
        if is_new {
            written.push(target.to_owned());
        }
        Ok(())
    }
}

/// Writes beside the target and moves it there.
fn write(target: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
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
