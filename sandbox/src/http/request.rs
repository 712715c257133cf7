//! Reads requests off a connection, one after another.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const LARGEST_HEAD: usize = 64 * 1024;
const LARGEST_BODY: usize = 16 * 1024 * 1024;
const MOST_HEADERS: usize = 100;

/// One request, read whole.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As the request line has it, query included.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keep_alive: bool,
}

/// Why no request came.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The client went away.
    Gone,
    /// What it sent is not HTTP this server reads; the status says why.
    Bad(u16),
}

impl From<io::Error> for NoRequest {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, percent-decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key) == name).then(|| decode(value))
        })
    }

    /// Reads the next request; `buffer` holds what came after the last one.
    pub(crate) async fn read<R, W>(reader: &mut R, writer: &mut W, buffer: &mut Vec<u8>) -> Result<Self, NoRequest>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (mut request, used) = loop {
            match parse_head(buffer)? {
                Some(found) => break found,
                None if buffer.len() > LARGEST_HEAD => return Err(NoRequest::Bad(431)),
                None => more(reader, buffer).await?,
            }
        };
        buffer.drain(..used);
        if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let chunked = request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        request.body = if chunked {
            read_chunks(reader, buffer).await?
        } else {
            match request.header("content-length").map(str::parse::<usize>) {
                None => Vec::new(),
                Some(Ok(length)) => take(reader, buffer, length).await?,
                Some(Err(_)) => return Err(NoRequest::Bad(400)),
            }
        };
        Ok(request)
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<(Request, usize)>, NoRequest> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let used = match head.parse(buffer) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(NoRequest::Bad(400)),
    };
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        keep_alive: head.version == Some(1),
        ..Request::default()
    };
    for header in head.headers.iter() {
        let value = String::from_utf8_lossy(header.value).into_owned();
        if header.name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close") {
            request.keep_alive = false;
        }
        request.headers.push((header.name.to_ascii_lowercase(), value));
    }
    Ok(Some((request, used)))
}

async fn more<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut Vec<u8>) -> Result<(), NoRequest> {
    match reader.read_buf(buffer).await? {
        0 => Err(NoRequest::Gone),
        _ => Ok(()),
    }
}

async fn take<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut Vec<u8>, length: usize) -> Result<Vec<u8>, NoRequest> {
    if length > LARGEST_BODY {
        return Err(NoRequest::Bad(413));
    }
    while buffer.len() < length {
        more(reader, buffer).await?;
    }
    Ok(buffer.drain(..length).collect())
}

async fn read_chunks<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut Vec<u8>) -> Result<Vec<u8>, NoRequest> {
    let mut body = Vec::new();
    loop {
        let (line, size) = loop {
            match httparse::parse_chunk_size(buffer) {
                Ok(httparse::Status::Complete(found)) => break found,
                Ok(httparse::Status::Partial) => more(reader, buffer).await?,
                Err(_) => return Err(NoRequest::Bad(400)),
            }
        };
        buffer.drain(..line);
        let size = usize::try_from(size).map_err(|_| NoRequest::Bad(413))?;
        if body.len().saturating_add(size) > LARGEST_BODY {
            return Err(NoRequest::Bad(413));
        }
        if size == 0 {
            return skip_trailers(reader, buffer).await.map(|()| body);
        }
        body.append(&mut take(reader, buffer, size).await?);
        if take(reader, buffer, 2).await? != b"\r\n" {
            return Err(NoRequest::Bad(400));
        }
    }
}

async fn skip_trailers<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut Vec<u8>) -> Result<(), NoRequest> {
    loop {
        match buffer.windows(2).position(|two| two == b"\r\n") {
            Some(end) => {
                buffer.drain(..end + 2);
                if end == 0 {
                    return Ok(());
                }
            }
            None if buffer.len() > LARGEST_HEAD => return Err(NoRequest::Bad(431)),
            None => more(reader, buffer).await?,
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
