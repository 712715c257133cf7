//! The TCP connection below HTTP and TLS, driven by a tokio runtime or by a host's event loop.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

#[cfg(all(unix, feature = "background"))]
use self::hosted::Hosted;
use super::failure::{Failure, classify};
use crate::driver;
use crate::error::Result;

/// A TCP connection to a server.
pub(super) enum Stream {
    Runtime(TcpStream),
    #[cfg(all(unix, feature = "background"))]
    Hosted(Hosted),
}

impl Stream {
    /// Looks the name up and connects.
    pub(super) async fn open(tcp: &HttpConnector, server: Uri) -> Result<Self> {
        if driver::is_hosted() {
            #[cfg(all(unix, feature = "background"))]
            return Hosted::open(tcp.clone(), server).await.map(Self::Hosted);
        }
        connect(tcp.clone(), server).await.map(Self::Runtime)
    }
}

async fn connect(mut tcp: HttpConnector, server: Uri) -> Result<TcpStream> {
    let failed = |error| classify(&error, Failure::Connect);
    std::future::poll_fn(|context| tcp.poll_ready(context)).await.map_err(failed)?;
    tcp.call(server).await.map(hyper_util::rt::TokioIo::into_inner).map_err(failed)
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Runtime(tcp) => Pin::new(tcp).poll_read(context, buffer),
            #[cfg(all(unix, feature = "background"))]
            Self::Hosted(hosted) => hosted.poll_read(context, buffer),
        }
    }
}

/// Not vectored: `writev(2)` takes no flag against SIGPIPE, which ends a host that does not ignore it, as few programs
/// in C do.
impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Runtime(tcp) => Pin::new(tcp).poll_write(context, bytes),
            #[cfg(all(unix, feature = "background"))]
            Self::Hosted(hosted) => hosted.poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Runtime(tcp) => Pin::new(tcp).poll_shutdown(context),
            #[cfg(all(unix, feature = "background"))]
            Self::Hosted(hosted) => Poll::Ready(hosted.shutdown()),
        }
    }
}

#[cfg(all(unix, feature = "background"))]
mod hosted {
    use std::io::{self, Read, Write};
    use std::net::{Shutdown, TcpStream};
    use std::task::{Context, Poll, ready};

    use http::Uri;
    use hyper_util::client::legacy::connect::HttpConnector;
    use tokio::io::ReadBuf;

    use crate::driver;
    use crate::driver::registration::Registration;
    use crate::error::{Error, Result};
    use crate::transport::failure::{Failure, classify};

    /// A socket in an event loop.
    pub(in crate::transport) struct Hosted {
        // Declared first, so that the socket is deregistered before it is closed.
        registration: Registration,
        tcp: TcpStream,
    }

    impl Hosted {
        /// Opens it on a runtime, which is where names are looked up.
        pub(super) async fn open(tcp: HttpConnector, server: Uri) -> Result<Self> {
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
