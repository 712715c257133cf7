//! A descriptor on Node's own loop: work is done on the environment's thread as soon as it can be read from.
//!
//! libuv comes with Node and is looked up when the first descriptor is watched, not linked: a host that speaks Node-API
//! without libuv loads the module all the same, and is only refused here.

use std::alloc::{self, Layout};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::OnceLock;

use napi::{Env, Error, JsError, JsValue, check_status, sys};

/// What is done about a watched descriptor, on the environment's thread. Dropped when the watching has ended, after which
/// the descriptor may be closed.
pub(crate) trait Watcher {
    /// Does what the descriptor asks for, without JavaScript. True if something is to be delivered. The descriptor is
    /// looked at by its level: this is called again until it cannot be read from any more.
    fn turn(&self) -> bool;

    /// Tells JavaScript. Its promises' continuations run right after, when nothing of ours is borrowed any more; what it
    /// throws is an uncaught exception, as from a timer.
    fn deliver(&self, env: &Env) -> napi::Result<()>;
}

/// A descriptor that an environment's loop watches, until this is dropped or the environment ends. Does not keep the
/// process alive. Stays on the environment's thread.
pub(crate) struct Watched(Rc<Shared>);

/// Held by the [`Watched`] and, until it has called back that the handle is closed, by libuv.
struct Shared {
    uv: &'static Uv,
    env: sys::napi_env,
    context: sys::napi_async_context,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    handle: UvPoll,
    /// Set with `uv_close`; from then on the handle is libuv's alone.
    closing: Cell<bool>,
    watcher: RefCell<Option<Rc<dyn Watcher>>>,
}

impl Watched {
    /// Starts to watch an event queue's descriptor. It must stay open as long as that lasts: let the watcher own it.
    ///
    /// # Errors
    /// A host without libuv, a descriptor that the loop cannot watch, an environment that is ending.
    pub(crate) fn new(env: &Env, descriptor: RawFd, watcher: Rc<dyn Watcher>) -> napi::Result<Self> {
        let uv = Uv::of_host().ok_or_else(|| Error::from_reason("this host has no libuv"))?;
        let raw = env.raw();
        let mut event_loop = ptr::null_mut();
        // SAFETY: on the environment's thread, as whoever has an `Env` is; the result outlives the call.
        check_status!(unsafe { sys::napi_get_uv_event_loop(raw, &raw mut event_loop) })?;
        let handle = UvPoll::new(uv)?;
        let name = env.create_string("smileid_jobs")?;
        let mut context = ptr::null_mut();
        // SAFETY: as above; Node makes a resource of its own where none is given.
        check_status!(unsafe { sys::napi_async_init(raw, ptr::null_mut(), name.raw(), &raw mut context) })?;
        let shared = Rc::new(Shared {
            uv,
            env: raw,
            context,
            hook: Cell::new(ptr::null_mut()),
            handle,
            // Until there is an open handle, there is nothing to close.
            closing: Cell::new(true),
            watcher: RefCell::new(Some(watcher)),
        });
        let handle = shared.handle.pointer();
        // SAFETY: the loop is this thread's and lives longer than the environment; the memory is of the size that libuv asked
        // for, and is freed only when libuv has let go of it, or here where it never took it.
        let opened = unsafe { (uv.poll_init)(event_loop.cast(), handle, descriptor) };
        if opened < 0 {
            shared.destroy_context();
            return Err(Error::from_reason(format!("the loop cannot watch this descriptor: {opened}")));
        }
        shared.closing.set(false);
        // SAFETY: an open handle. Its count of `shared` is given back in `on_closed`, which libuv calls once.
        unsafe { (uv.set_data)(handle, Rc::into_raw(Rc::clone(&shared)).cast_mut().cast()) };
        // From here on dropping closes the handle, whatever fails.
        let watched = Self(shared);
        let shared = &*watched.0;
        // SAFETY: an open handle; unreferenced, so that it does not keep the loop alive.
        unsafe { (uv.release)(handle) };
        let mut hook = ptr::null_mut();
        // SAFETY: on the environment's thread; `shared` lives until `on_closed`, which takes the hook out before it lets go.
        let added = unsafe {
            sys::napi_add_async_cleanup_hook(raw, Some(on_end), ptr::from_ref(shared).cast_mut().cast(), &raw mut hook)
        };
        check_status!(added)?;
        shared.hook.set(hook);
        // SAFETY: an open handle.
        let started = unsafe { (uv.poll_start)(handle, UV_READABLE, on_readable) };
        if started < 0 {
            return Err(Error::from_reason(format!("the loop does not watch this descriptor: {started}")));
        }
        Ok(watched)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Shared {
    /// Watches no more, at once; what belongs to it is freed when libuv calls back.
    fn close(&self) {
        if !self.closing.replace(true) {
            // SAFETY: an open handle, closed once, on its loop's thread: its owner does not leave that, and the
            // environment's hooks run there.
            unsafe { (self.uv.close)(self.handle.pointer(), Some(on_closed)) };
        }
    }

    fn destroy_context(&self) {
        // SAFETY: on the environment's thread and before it is gone; the context is not used after this. No scope of it is
        // open: those end within `on_readable`, in which libuv calls nothing back.
        let _ = unsafe { sys::napi_async_destroy(self.env, self.context) };
    }

    /// Runs the watcher. Nothing of it may unwind into libuv.
    fn readable(&self) {
        let Some(watcher) = self.watcher.borrow().clone() else { return };
        let turned = catch_unwind(AssertUnwindSafe(|| watcher.turn()));
        if matches!(turned, Ok(false)) {
            return;
        }
        let mut handles = ptr::null_mut();
        // SAFETY: on the environment's thread, which is still there: its hook would have closed the handle.
        if unsafe { sys::napi_open_handle_scope(self.env, &raw mut handles) } != sys::Status::napi_ok {
            return;
        }
        let mut scope = ptr::null_mut();
        // SAFETY: as above, inside of a handle scope; Node ignores the resource and takes the context's.
        let opened = unsafe { sys::napi_open_callback_scope(self.env, ptr::null_mut(), self.context, &raw mut scope) };
        if opened == sys::Status::napi_ok {
            let env = Env::from_raw(self.env);
            let delivered = turned.and_then(|_| catch_unwind(AssertUnwindSafe(|| watcher.deliver(&env))));
            if let Err(error) = delivered.unwrap_or_else(|_| Err(Error::from_reason("internal error"))) {
                // SAFETY: as above. The error is thrown only to be taken out again below.
                unsafe { JsError::from(error).throw_into(self.env) };
            }
            drop(watcher);
            self.raise();
            // SAFETY: the scope just opened. Here the promises' continuations run.
            let _ = unsafe { sys::napi_close_callback_scope(self.env, scope) };
        }
        // What the continuations left behind.
        self.raise();
        // SAFETY: the scope just opened; nothing made inside of it is used any more.
        let _ = unsafe { sys::napi_close_handle_scope(self.env, handles) };
    }

    /// Makes what was thrown an uncaught exception. Nobody hears of it where the environment is ending.
    fn raise(&self) {
        let (mut pending, mut exception) = (false, ptr::null_mut());
        // SAFETY: on the environment's thread, inside of a handle scope; the results outlive the calls.
        unsafe {
            if sys::napi_is_exception_pending(self.env, &raw mut pending) == sys::Status::napi_ok
                && pending
                && sys::napi_get_and_clear_last_exception(self.env, &raw mut exception) == sys::Status::napi_ok
            {
                let _ = sys::napi_fatal_exception(self.env, exception);
            }
        }
    }
}

/// The descriptor can be read from. There is no other status: libuv has one for POLLERR alone, which an event queue's
/// descriptor never reports.
unsafe extern "C" fn on_readable(handle: *mut c_void, _status: c_int, _events: c_int) {
    let Some(uv) = Uv::of_host() else { return };
    // SAFETY: an open handle of ours: its data is `shared`, whose count libuv holds until `on_closed`, which it does not call
    // while it is here.
    let shared = unsafe { &*(uv.data)(handle).cast::<Shared>() };
    shared.readable();
}

/// The environment ends. Node waits for `on_closed` before it takes the loop apart.
unsafe extern "C" fn on_end(_: sys::napi_async_cleanup_hook_handle, shared: *mut c_void) {
    // SAFETY: `shared` lives until `on_closed`, which takes this hook out.
    unsafe { &*shared.cast::<Shared>() }.close();
}

/// libuv has let go of the handle.
unsafe extern "C" fn on_closed(handle: *mut c_void) {
    let Some(uv) = Uv::of_host() else { return };
    // SAFETY: a handle of ours, and the one time that the count which libuv held is taken back.
    let shared = unsafe { Rc::from_raw((uv.data)(handle).cast::<Shared>().cast_const()) };
    let watcher = shared.watcher.take();
    let _ = catch_unwind(AssertUnwindSafe(|| drop(watcher)));
    let mut handles = ptr::null_mut();
    // SAFETY: on the environment's thread, while the hook below still holds the environment.
    let opened = unsafe { sys::napi_open_handle_scope(shared.env, &raw mut handles) } == sys::Status::napi_ok;
    shared.destroy_context();
    if opened {
        // SAFETY: the scope just opened.
        let _ = unsafe { sys::napi_close_handle_scope(shared.env, handles) };
    }
    let hook = shared.hook.replace(ptr::null_mut());
    if !hook.is_null() {
        // SAFETY: added once, removed once. Where the environment ends, this is what it waits for, so it comes last.
        let _ = unsafe { sys::napi_remove_async_cleanup_hook(hook) };
    }
}

const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

type OnPoll = unsafe extern "C" fn(handle: *mut c_void, status: c_int, events: c_int);
type OnClose = unsafe extern "C" fn(handle: *mut c_void);

/// The functions of libuv that are used, each by its name in the host.
macro_rules! libuv {
    ($($field:ident = $name:literal: $type:ty),+ $(,)?) => {
        struct Uv {
            $($field: $type),+
        }

        impl Uv {
            fn find() -> Option<Self> {
                $(
                    let address = find($name)?;
                    // SAFETY: libuv's function of this name has this type, ever since 1.19; a pointer to a function is
                    // as wide as one to anything else on every unix.
                    let $field = unsafe { std::mem::transmute::<NonNull<c_void>, $type>(address) };
                )+
                Some(Self { $($field),+ })
            }
        }
    };
}

libuv! {
    handle_size = c"uv_handle_size": unsafe extern "C" fn(c_int) -> usize,
    poll_init = c"uv_poll_init": unsafe extern "C" fn(*mut c_void, *mut c_void, c_int) -> c_int,
    poll_start = c"uv_poll_start": unsafe extern "C" fn(*mut c_void, c_int, OnPoll) -> c_int,
    close = c"uv_close": unsafe extern "C" fn(*mut c_void, Option<OnClose>),
    release = c"uv_unref": unsafe extern "C" fn(*mut c_void),
    data = c"uv_handle_get_data": unsafe extern "C" fn(*const c_void) -> *mut c_void,
    set_data = c"uv_handle_set_data": unsafe extern "C" fn(*mut c_void, *mut c_void),
}

impl Uv {
    fn of_host() -> Option<&'static Self> {
        static UV: OnceLock<Option<Uv>> = OnceLock::new();
        UV.get_or_init(Self::find).as_ref()
    }
}

/// A symbol of the process: Node has libuv built in or brings it as a library of its own.
fn find(name: &CStr) -> Option<NonNull<c_void>> {
    let name: *const c_char = name.as_ptr();
    // SAFETY: a text that ends with a zero; it is only looked up.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name) })
}

/// Memory for a `uv_poll_t`, of the size that the running libuv wants.
struct UvPoll {
    memory: NonNull<u8>,
    layout: Layout,
}

impl UvPoll {
    fn new(uv: &Uv) -> napi::Result<Self> {
        // SAFETY: asks for a number.
        let size = unsafe { (uv.handle_size)(UV_POLL) };
        let layout = Layout::from_size_align(size, 16).ok().filter(|layout| layout.size() > 0);
        let layout = layout.ok_or_else(|| Error::from_reason("libuv does not know this kind of handle"))?;
        // SAFETY: not of size zero.
        let memory = NonNull::new(unsafe { alloc::alloc_zeroed(layout) });
        Ok(Self { memory: memory.ok_or_else(|| Error::from_reason("out of memory"))?, layout })
    }

    fn pointer(&self) -> *mut c_void {
        self.memory.as_ptr().cast()
    }
}

impl Drop for UvPoll {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout. Goes with the last count of `Shared`, of which libuv holds one while it uses it.
        unsafe { alloc::dealloc(self.memory.as_ptr(), self.layout) };
    }
}
