//! Image files: safe names, never half written, for nobody else's eyes.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::code::ErrorCode;
use crate::error::{Cause, Error, Result};

const MAX_KEY_BYTES: usize = 64;

/// A file's name without its extension for each key: the key itself where it is a plain name, `image_<n>` otherwise. No two
/// are the same, also where the file system takes `A` for `a`.
pub(super) fn stems<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut is_free = |stem: &str| taken.insert(stem.to_ascii_lowercase());
    let stem = |(number, key): (usize, &str)| {
        let numbered = (number..).map(|number| format!("image_{number}"));
        let named = is_plain(key).then(|| key.to_owned());
        named.into_iter().chain(numbered).find(|stem| is_free(stem)).unwrap_or_default()
    };
    keys.enumerate().map(stem).collect()
}

fn is_plain(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
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
    /// Writes beside the target and moves it there, unless nobody waits for it any more.
    pub(super) fn write(&self, target: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
        if self.lock().is_none() {
            return Err(Error::cancelled());
        }
        let (mut file, beside) = create_beside(target)?;
        // On a slow disk this takes long, and nobody may have to wait for it.
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        let moved = written.map_err(|error| failed(&error)).and_then(|()| self.move_to(&beside, target, overwrite));
        if moved.is_err() {
            // What is left of a failed write is nobody's.
            let _ = fs::remove_file(&beside);
        }
        moved
    }

    /// Puts a file that is written into its place. One that was there before is not new.
    fn move_to(&self, beside: &Path, target: &Path, overwrite: bool) -> Result<()> {
        // Held while moving, so that what is removed afterwards is all there is.
        let mut files = self.lock();
        let Some(moved) = files.as_mut() else { return Err(Error::cancelled()) };
        let is_new = !overwrite || !target.exists();
        move_to(beside, target, overwrite)?;
        if is_new {
            moved.push(target.to_owned());
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<PathBuf>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

    fn stems_of<const N: usize>(keys: [&str; N]) -> Vec<String> {
        stems(keys.into_iter())
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        assert_eq!(stems_of(["selfie_image"]), ["selfie_image"]);
        for key in ["", "../x", "a/b", "a.b", "a b", "ü", "C:", &"a".repeat(65)] {
            assert_eq!(stems_of(["selfie_image", key]), ["selfie_image", "image_1"], "{key}");
        }
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_there() {
        let folder = std::env::temp_dir().join(format!("smileid-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (files, target) = (NewFiles::begin(), folder.join("a.jpg"));
        let (before, beside, after) = (files.one(), files.one(), files.one());
        before.write(&target, b"1", false).unwrap();
        let (_, part) = create_beside(&folder.join("b.jpg")).unwrap();
        drop(files);
        // One that was being written meanwhile, and one that nobody has begun.
        assert_eq!(beside.move_to(&part, &folder.join("b.jpg"), false).unwrap_err().code(), ErrorCode::Cancelled);
        fs::remove_file(&part).unwrap();
        assert_eq!(after.write(&target, b"3", true).unwrap_err().code(), ErrorCode::Cancelled);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn no_two_images_have_one_name() {
        assert_eq!(stems_of(["a_0", "a_0", "A_0", "../a_0"]), ["a_0", "image_1", "image_2", "image_3"]);
        assert_eq!(stems_of(["image_1", "/", "image_2", "/"]), ["image_1", "image_2", "image_3", "image_4"]);
    }
}
