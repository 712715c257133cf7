//! The servers beside Smile ID's: the one that stores images, and a receiver of callbacks.
//!
//! The first segment of a path may say how the answer goes wrong: `/images/status-403/selfie.jpg`,
//! `/receive/flaky-500-1/anything`.

use crate::http::{Body, Reply, Request};
use crate::story::Stall;

const JPEG: &[u8] = include_bytes!("../images/sample.jpg");
const PNG: &[u8] = include_bytes!("../images/sample.png");
/// One byte more than a client should take.
const HUGE: u64 = (16 << 20) + 1;
const PAGE: &str = "<html><body>Please sign in</body></html>";

/// How a path is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Fine,
    Status(u16),
    /// A status that many times, then fine.
    Flaky(u16, u64),
    Moved,
    Page,
    Huge,
    Stall(Stall),
}

/// The answer to the `visit`-th request (from 1) for a path, if there is something.
pub(crate) fn serve(request: &Request, origin: &str, visit: u64) -> Option<Reply> {
    let (fine, rest) = match (request.method.as_str(), request.path()) {
        ("GET", path) => {
            let rest = path.strip_prefix("/images/")?;
            (image(rest)?, rest)
        }
        ("POST", path) => (Reply::new(200, "text/plain", Body::from("ok".to_owned())), path.strip_prefix("/receive/")?),
        _ => return None,
    };
    let segment = rest.split_once('/').map(|(segment, _)| segment);
    Some(match segment.map_or(Some(Behaviour::Fine), behaviour)? {
        Behaviour::Status(status) => refusal(status),
        Behaviour::Flaky(status, times) if visit <= times => refusal(status),
        Behaviour::Fine | Behaviour::Flaky(..) => fine,
        Behaviour::Moved => {
            let mut moved = refusal(302);
            let name = rest.rsplit('/').next().unwrap_or_default();
            moved.set_header("Location", &format!("{origin}/images/{name}"));
            moved
        }
        Behaviour::Page => Reply::new(200, "text/html", Body::from(PAGE.to_owned())),
        Behaviour::Huge => Reply { body: huge(), ..fine },
        Behaviour::Stall(stall) => {
            let mut stalled = fine;
            stalled.faults.stall = Some(stall);
            stalled
        }
    })
}

/// The picture's type and bytes, whatever its name.
fn image(path: &str) -> Option<Reply> {
    let (content_type, bytes) = match path.rsplit_once('.')?.1 {
        "jpg" => ("image/jpeg", JPEG),
        "png" => ("image/png", PNG),
        _ => return None,
    };
    Some(Reply::new(200, content_type, bytes.to_vec().into()))
}

/// What a store of images says of a link that is too old, or of whatever else.
fn refusal(status: u16) -> Reply {
    Reply::new(status, "application/xml", Body::from("<Error><Code>AccessDenied</Code></Error>".to_owned()))
}

fn huge() -> Body {
    Body { head: JPEG.to_vec(), filler: HUGE, byte: b'x', tail: Vec::new() }
}

fn behaviour(segment: &str) -> Option<Behaviour> {
    match segment {
        "fine" => return Some(Behaviour::Fine),
        "moved" => return Some(Behaviour::Moved),
        "page" => return Some(Behaviour::Page),
        "huge" => return Some(Behaviour::Huge),
        "stall" => return Some(Behaviour::Stall(Stall::Headers)),
        "stall-body" => return Some(Behaviour::Stall(Stall::Body)),
        _ => {}
    }
    let status = |text: &str| text.parse().ok().filter(|status| (200..=599).contains(status));
    if let Some(text) = segment.strip_prefix("status-") {
        return status(text).map(Behaviour::Status);
    }
    let (text, times) = segment.strip_prefix("flaky-")?.split_once('-')?;
    Some(Behaviour::Flaky(status(text)?, times.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, target: &str, visit: u64) -> Option<u16> {
        let request = Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
        serve(&request, "http://here", visit).map(|reply| reply.status)
    }

    #[test]
    fn segments_say_what_goes_wrong() {
        for (method, target, visit, expected) in [
            ("GET", "/images/selfie_image.jpg", 1, Some(200)),
            ("GET", "/images/fine/a.png", 1, Some(200)),
            ("GET", "/images/status-403/a.jpg", 9, Some(403)),
            ("GET", "/images/moved/a.jpg", 1, Some(302)),
            ("GET", "/images/a.gif", 1, None),
            ("GET", "/images/typo/a.jpg", 1, None),
            ("GET", "/images/status-99/a.jpg", 1, None),
            ("POST", "/images/a.jpg", 1, None),
            ("POST", "/receive/anything", 1, Some(200)),
            ("POST", "/receive/flaky-500-1/x", 1, Some(500)),
            ("POST", "/receive/flaky-500-1/x", 2, Some(200)),
            ("GET", "/receive/anything", 1, None),
        ] {
            assert_eq!(status(method, target, visit), expected, "{method} {target}");
        }
    }
}
