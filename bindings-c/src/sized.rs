//! Structs that say their own size, and so may grow at their end: an older or newer header's works too.

use std::ptr;

use smileid_core::{Error, Result};

/// More than any version's options; beyond it, `struct_size` was never set.
const MOST: usize = 4096;

/// Writes defaults into the caller's struct, which may be older and shorter, or newer and longer, than ours.
pub(crate) fn init<T: Copy>(options: *mut T, struct_size: usize, defaults: T) {
    if options.is_null() || struct_size < size_of::<usize>() {
        return;
    }
    let known = struct_size.min(size_of::<T>());
    // SAFETY: the header asks for `struct_size` writable bytes; the caller's own size comes first in every version.
    unsafe {
        let bytes = options.cast::<u8>();
        ptr::write_bytes(bytes, 0, struct_size);
        ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), bytes, known);
        options.cast::<usize>().write(struct_size);
    }
}

/// Checks a `struct_size`, and that fields which only a newer header has are left alone.
///
/// # Safety
/// `options` points to a `size_t` and as many bytes as that says.
pub(crate) unsafe fn checked_size(options: *const u8, ours: usize) -> Result<usize> {
    let refuse = |expected: &'static str| Err(Error::invalid_argument("struct_size", expected));
    // SAFETY: promised by the caller.
    let size = unsafe { options.cast::<usize>().read() };
    if !(size_of::<usize>()..=MOST).contains(&size) {
        return refuse("expected what the options' _init function has set");
    }
    // SAFETY: these bytes belong to the caller's struct.
    if (ours..size).any(|at| unsafe { options.add(at).read() } != 0) {
        return refuse("expected no field that this version of the library does not know");
    }
    Ok(size)
}

/// The size of a field.
#[cfg(target_pointer_width = "64")]
pub(crate) const fn width<S, F>(_: fn(&S) -> &F) -> usize {
    size_of::<F>()
}

/// Gives an options struct its `read`; all of its fields are named, for the compiler looks.
macro_rules! readable {
    ($options:ty { $($field:ident),+ $(,)? }) => {
        // A field that a later version puts into padding at the end would not change `struct_size`: whether the caller knows
        // it could not be told.
        #[cfg(target_pointer_width = "64")]
        const _: () = assert!(
            size_of::<usize>() $(+ $crate::sized::width(|options: &$options| &options.$field))+ == size_of::<$options>()
        );

        impl $options {
            /// Takes over the fields that the caller's struct has; `NULL` and fields beyond it are defaults.
            ///
            /// # Safety
            /// `options` is `NULL` or points to a struct of this kind of any version.
            pub(crate) unsafe fn read(options: *const Self) -> smileid_core::Result<Self> {
                let mut read = Self::defaults();
                if options.is_null() {
                    return Ok(read);
                }
                // SAFETY: promised by the caller.
                let size = unsafe { $crate::sized::checked_size(options.cast(), size_of::<Self>()) }?;
                $(
                    if std::mem::offset_of!(Self, $field) + size_of_val(&read.$field) <= size {
                        // SAFETY: the field lies inside the caller's struct.
                        read.$field = unsafe { (&raw const (*options).$field).read() };
                    }
                )+
                // Does not compile when a field was forgotten above.
                let Self { struct_size: _, $($field: _),+ } = read;
                Ok(read)
            }
        }
    };
}

pub(crate) use readable;
