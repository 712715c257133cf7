//! The TCP connection below HTTP and TLS, driven by a tokio runtime or by a host's event loop.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

#[cfg(all(unix, feature = "background"))]
use self::hosted::Hosted;
use super::failure::{Failure, classify};
use super::resolver::{self, Connector};
use crate::driver;
use crate::error::Result;

/// So much is read before everybody else has a turn: a server that sends faster than its bytes are understood would
/// otherwise hold its thread for ever, with all limits and other calls on it. Most answers are shorter.
const READ_AT_A_TIME: usize = 128 << 10;

/// A read of less counts as this much, for it takes as long.
const SHORT_READ: usize = 4 << 10;

/// A TCP connection to a server.
pub(super) struct Stream {
    socket: Socket,
    /// What may still be read before others have a turn.
    left: usize,
}

enum Socket {
    Runtime(TcpStream),
    #[cfg(all(unix, feature = "background"))]
    Hosted(Hosted),
}

impl Stream {
    /// Looks the name up and connects.
    pub(super) async fn open(tcp: &Connector, server: Uri) -> Result<Self> {
        let socket = Socket::open(tcp, server).await?;
        Ok(Self { socket, left: READ_AT_A_TIME })
    }
}

impl Socket {
    async fn open(tcp: &Connector, server: Uri) -> Result<Self> {
        if driver::is_hosted() {
            #[cfg(all(unix, feature = "background"))]
            return Hosted::open(tcp.clone(), server).await.map(Self::Hosted);
        }
        connect(tcp.clone(), server).await.map(Self::Runtime)
    }

    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Runtime(tcp) => Pin::new(tcp).poll_read(context, buffer),
            #[cfg(all(unix, feature = "background"))]
            Self::Hosted(hosted) => hosted.poll_read(context, buffer),
        }
    }
}

async fn connect(mut tcp: Connector, server: Uri) -> Result<TcpStream> {
    let failed = |error| resolver::no_thread(&error).unwrap_or_else(|| classify(&error, Failure::Connect));
    std::future::poll_fn(|context| tcp.poll_ready(context)).await.map_err(failed)?;
    tcp.call(server).await.map(hyper_util::rt::TokioIo::into_inner).map_err(failed)
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { socket, left } = self.get_mut();
        if *left == 0 {
            *left = READ_AT_A_TIME;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = socket.poll_read(context, buffer);
        *left = match polled {
            Poll::Ready(_) => left.saturating_sub((buffer.filled().len() - before).max(SHORT_READ)),
            Poll::Pending => READ_AT_A_TIME,
        };
        polled
    }
}

/// Not vectored: `writev(2)` takes no flag against SIGPIPE, which ends a host that does not ignore it, as few programs
/// in C do.
impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().socket {
            Socket::Runtime(tcp) => Pin::new(tcp).poll_write(context, bytes),
            #[cfg(all(unix, feature = "background"))]
            Socket::Hosted(hosted) => hosted.poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Runtime(tcp) => Pin::new(tcp).poll_shutdown(context),
            #[cfg(all(unix, feature = "background"))]
            Socket::Hosted(hosted) => Poll::Ready(hosted.shutdown()),
        }
    }
}

#[cfg(all(unix, feature = "background"))]
mod hosted {
    use std::io::{self, Read, Write};
    use std::net::{Shutdown, TcpStream};
    use std::task::{Context, Poll, ready};

    use http::Uri;
    use tokio::io::ReadBuf;

    use crate::driver;
    use crate::driver::registration::Registration;
    use crate::error::{Error, Result};
    use crate::transport::failure::{Failure, classify};
    use crate::transport::resolver::Connector;

    /// A socket in an event loop.
    pub(in crate::transport) struct Hosted {
        // Declared first, so that the socket is deregistered before it is closed.
        registration: Registration,
        tcp: TcpStream,
    }

    impl Hosted {
        /// Opens it on a runtime, which is what connecting needs.
        pub(super) async fn open(tcp: Connector, server: Uri) -> Result<Self> {
            let opened = async { super::connect(tcp, server).await.map(tokio::net::TcpStream::into_std) };
            let tcp = driver::on_runtime(opened).await.unwrap_or_else(|| Err(Error::closed()))?;
            let registered = tcp.and_then(|tcp| {
                let registration =
                    driver::with(|event_loop| event_loop.register(&tcp)).unwrap_or(Err(io::ErrorKind::Other.into()))?;
                Ok(Self { registration, tcp })
            });
            registered.map_err(|error| classify(&error, Failure::Connect))
        }

        pub(super) fn poll_read(&mut self, context: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let mut tcp = &self.tcp;
            // Read into a shared buffer and copied: filling this one with zeroes first would cost more.
            let read = |scratch: &mut [u8]| {
                let most = scratch.len().min(buffer.remaining());
                let count = tcp.read(&mut scratch[..most])?;
                buffer.put_slice(&scratch[..count]);
                Ok((count, count < most))
            };
            ready!(self.registration.poll_read(context.waker(), read))?;
            Poll::Ready(Ok(()))
        }

        pub(super) fn poll_write(&mut self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let mut tcp = &self.tcp;
            self.registration.poll_write(context.waker(), || tcp.write(bytes))
        }

        pub(super) fn shutdown(&self) -> io::Result<()> {
            self.tcp.shutdown(Shutdown::Write)
        }
    }
}
