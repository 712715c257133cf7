//! The guard that keeps a panic of ours inside: bindings wrap every entry and every future in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::clock::BoxFuture;
use crate::error::{Error, Result};

/// Runs a closure; a panic becomes [`internal`](crate::ErrorCode::Internal).
///
/// # Errors
/// What the closure returns, or `internal`.
pub fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(Error::internal()))
}

/// Drives a future; a panic while polling becomes [`internal`](crate::ErrorCode::Internal).
///
/// # Errors
/// What the future returns, or `internal`.
pub async fn guard_future<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future: Pin<&mut _> = std::pin::pin!(future);
    std::future::poll_fn(|context| poll_guarded(future.as_mut(), context)).await
}

fn poll_guarded<T>(
    future: Pin<&mut (impl Future<Output = Result<T>> + ?Sized)>,
    context: &mut Context<'_>,
) -> Poll<Result<T>> {
    catch_unwind(AssertUnwindSafe(|| future.poll(context))).unwrap_or_else(|_| Poll::Ready(Err(Error::internal())))
}

/// Drives a future as [`guard_future`] does, and tells its end once it is gone. Little more than the two of them, because
/// there is one per query.
pub fn guard_then<T>(
    future: BoxFuture<'static, Result<T>>,
    done: impl FnOnce(Result<T>) + Send,
) -> impl Future<Output = ()> + Send {
    let mut running = Some((future, done));
    std::future::poll_fn(move |context| {
        let Some((future, _)) = &mut running else { return Poll::Ready(()) };
        let result = ready!(poll_guarded(future.as_mut(), context));
        if let Some((future, done)) = running.take() {
            drop(future);
            done(result);
        }
        Poll::Ready(())
    })
}

/// Panics for one job id, so that tests can see what each language makes of a bug. Nothing without the `testing`
/// feature.
#[cfg_attr(feature = "testing", allow(clippy::panic, reason = "the panic is the purpose"))]
pub(crate) fn inject(job_id: &str) {
    let _ = job_id;
    #[cfg(feature = "testing")]
    if job_id == "testing-panic" {
        panic!("injected by a test");
    }
}
