//! One connection: requests in, replies out, and an eye on the client.

use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::reply::Reply;
use super::request::{NoRequest, Request};
use super::send::{Ending, Progress, send};
use crate::route::route;
use crate::state::State;

/// What a client may send ahead of its answers before it is no longer listened to.
const LARGEST_AHEAD: usize = 1024 * 1024;

/// Serves a connection until either side ends it.
pub(crate) async fn serve(mut stream: TcpStream, state: Arc<State>) {
    // Dripped bytes must leave one by one.
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    loop {
        let (mut reader, mut writer) = stream.split();
        let request = match Request::read(&mut reader, &mut writer, &mut buffer).await {
            Ok(request) => request,
            Err(NoRequest::Gone) => return,
            Err(NoRequest::Bad(status)) => {
                let error = json!({"error": "This is not HTTP that can be served", "code": "2213"});
                let _ = send(&mut writer, Reply::json(status, &error), false, &()).await;
                return;
            }
        };
        let keep_alive = request.keep_alive;
        let (reply, entry) = route(&state, request);
        let record = entry.map(|entry| Record { state: &state, entry });
        let ending = tokio::select! {
            biased;
            sent = send(&mut writer, reply, keep_alive, &record) => sent.ok(),
            () = gone(&mut reader, &mut buffer) => None,
        };
        match ending {
            Some(Ending::Whole) => {}
            Some(Ending::Cut) => {
                let _ = writer.shutdown().await;
                return;
            }
            Some(Ending::Reset) => {
                let _ = stream.set_zero_linger();
                return;
            }
            None => {
                if let Some(record) = record {
                    state.note_closed(record.entry);
                }
                return;
            }
        }
    }
}

/// The log entry of the request that is being answered.
struct Record<'a> {
    state: &'a State,
    entry: u64,
}

impl Progress for Option<Record<'_>> {
    fn head(&self, status: u16) {
        if let Some(record) = self {
            record.state.note_status(record.entry, status);
        }
    }

    fn last(&self) {
        if let Some(record) = self {
            record.state.note_answered(record.entry);
        }
    }
}

/// Returns once the client has closed its side.
async fn gone<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut Vec<u8>) {
    while buffer.len() < LARGEST_AHEAD {
        match reader.read_buf(buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    std::future::pending().await
}
