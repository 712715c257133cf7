//! Writes replies, faults included.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::reply::{Body, Reply};
use crate::story::Stall;

/// How a reply ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All of it was sent: the connection may be used again.
    Whole,
    /// It stopped as planned: the connection must be closed.
    Cut,
    /// The connection must be reset.
    Reset,
}

const PIECE: usize = 64 * 1024;

/// Is told how far a reply has come, before the client can know.
pub(crate) trait Progress {
    /// The head goes out now.
    fn head(&self, status: u16);
    /// The last byte goes out now.
    fn last(&self);
}

/// For replies nobody keeps a record of.
impl Progress for () {
    fn head(&self, _: u16) {}
    fn last(&self) {}
}

/// Writes `reply` and plays its faults.
pub(crate) async fn send<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut reply: Reply,
    keep_alive: bool,
    progress: &impl Progress,
) -> io::Result<Ending> {
    if !reply.faults.delay.is_zero() {
        tokio::time::sleep(reply.faults.delay).await;
    }
    if reply.faults.stall == Some(Stall::Headers) {
        return std::future::pending().await;
    }
    if reply.faults.reset && !reply.faults.truncate {
        progress.last();
        return Ok(Ending::Reset);
    }
    if reply.faults.gzip {
        reply.set_header("Content-Encoding", "gzip");
        reply.body = Body::from(compress(reply.body).await?);
    }
    progress.head(reply.status);
    write(writer, &reply, keep_alive, progress).await?;
    if reply.faults.stall.is_some() {
        return std::future::pending().await;
    }
    Ok(match &reply.faults {
        faults if faults.reset => Ending::Reset,
        faults if faults.truncate || !keep_alive => Ending::Cut,
        _ => Ending::Whole,
    })
}

fn head(reply: &Reply, keep_alive: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.faults.chunked {
        head.push_str("Transfer-Encoding: chunked\r\n");
    } else if !reply.has_header("content-length") && !reply.has_header("transfer-encoding") {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    // A reply that promises more than it sends must not look like a polite goodbye.
    if !keep_alive {
        head.push_str("Connection: close\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Sends the head and as much of the body as the faults allow.
async fn write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    reply: &Reply,
    keep_alive: bool,
    progress: &impl Progress,
) -> io::Result<()> {
    let faults = &reply.faults;
    let cut = faults.truncate || faults.stall.is_some();
    let end = if cut { reply.body.len() / 2 } else { reply.body.len() };
    let step = match faults.drip {
        Some(_) => 1,
        // A small body makes several chunks too.
        None if faults.chunked => usize::try_from(end / 3 + 1).unwrap_or(PIECE).min(PIECE),
        None => PIECE,
    };
    let mut piece = vec![0; step];
    let mut out = head(reply, keep_alive);
    let mut sent = 0;
    loop {
        let length = usize::try_from(end - sent).unwrap_or(step).min(step);
        let piece = &mut piece[..length];
        reply.body.copy(sent, piece);
        sent += length as u64;
        add(&mut out, piece, faults.chunked);
        if sent < end {
            writer.write_all(&out).await?;
            out.clear();
            if let Some(pause) = faults.drip {
                tokio::time::sleep(pause).await;
            }
            continue;
        }
        if faults.chunked && !cut {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        if faults.stall.is_none() {
            progress.last();
        }
        writer.write_all(&out).await?;
        return writer.flush().await;
    }
}

fn add(out: &mut Vec<u8>, piece: &[u8], chunked: bool) {
    if !chunked {
        out.extend_from_slice(piece);
    } else if !piece.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
}

/// Off the runtime's one thread: a huge body takes its time.
async fn compress(body: Body) -> io::Result<Vec<u8>> {
    let work = tokio::task::spawn_blocking(move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        while done < body.len() {
            let length = usize::try_from(body.len() - done).unwrap_or(PIECE).min(PIECE);
            let piece = &mut piece[..length];
            body.copy(done, piece);
            encoder.write_all(piece)?;
            done += length as u64;
        }
        encoder.finish()
    });
    work.await.map_err(io::Error::other)?
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
