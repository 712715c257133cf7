//! Where requests go, and how: worked out once per URL, not once per request.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::Full;
use rustls_pki_types::ServerName;
use url::{Host, Position, Url};

/// A URL, and how its one transport reaches it, once that is known.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) route: OnceLock<Route>,
}

impl Target {
    /// The headers of its requests through reqwest; `None` if it is reached otherwise.
    pub(super) fn proxied(&self) -> Option<&Headers> {
        match self.route.get()? {
            Route::Direct(_) => None,
            Route::Proxied(headers) => Some(headers),
        }
    }

    /// How it is reached without a proxy; `None` if it is not, or if that is not known yet.
    pub(super) fn direct(&self) -> Option<&Direct> {
        match self.route.get()? {
            Route::Direct(direct) => Some(direct),
            Route::Proxied(_) => None,
        }
    }
}

/// How a URL is reached.
#[derive(Debug)]
pub(super) enum Route {
    /// On a connection of our own to the server.
    Direct(Box<Direct>),
    /// Through reqwest, which speaks to proxies.
    Proxied(Box<Headers>),
}

/// The headers of all requests to one URL.
#[derive(Debug)]
pub(super) struct Headers {
    post: HeaderMap,
    /// The first body's length, and its headers.
    usual: OnceLock<(usize, HeaderMap)>,
    get: HeaderMap,
}

impl Headers {
    pub(super) fn new(url: &Url, user_agent: &'static str) -> Self {
        let mut get = HeaderMap::with_capacity(8);
        if let Ok(host) = HeaderValue::from_str(authority(url)) {
            get.insert(HOST, host);
        }
        get.insert(USER_AGENT, HeaderValue::from_static(user_agent));
        get.insert(ACCEPT, HeaderValue::from_static("*/*"));
        get.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let mut post = get.clone();
        post.insert(ACCEPT, HeaderValue::from_static("application/json"));
        post.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Keeps the place of each request's own: a clone has no capacity for one more.
        post.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        Self { post, usual: OnceLock::new(), get }
    }

    /// Those of a POST with a body, or of a GET without one. Most bodies are as long as the first one, and share its
    /// headers.
    pub(super) fn of(&self, body: Option<&Bytes>) -> HeaderMap {
        let Some(length) = body.map(Bytes::len) else { return self.get.clone() };
        let with = |length: usize| {
            let mut headers = self.post.clone();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            headers
        };
        let (usual, headers) = self.usual.get_or_init(|| (length, with(length)));
        if *usual == length { headers.clone() } else { with(length) }
    }
}

fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// Which connections serve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The name that the certificate must have; `None` is plain HTTP.
    pub(super) tls_name: Option<ServerName<'static>>,
    authority: String,
}

/// What all requests to one URL have in common.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) origin: Arc<Origin>,
    /// Scheme, host and port.
    pub(super) server: Uri,
    path: Uri,
    headers: Headers,
}

impl Direct {
    /// `None` if the URL has credentials or another scheme, or if [`Uri`] refuses it.
    pub(super) fn new(url: &Url, user_agent: &'static str) -> Option<Self> {
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let tls_name = match (url.scheme(), url.host()?) {
            ("http", _) => None,
            ("https", Host::Domain(name)) => Some(ServerName::try_from(name.to_owned()).ok()?),
            ("https", Host::Ipv4(address)) => Some(ServerName::from(std::net::IpAddr::from(address))),
            ("https", Host::Ipv6(address)) => Some(ServerName::from(std::net::IpAddr::from(address))),
            _ => return None,
        };
        Some(Self {
            server: url[..Position::BeforePath].parse().ok()?,
            path: url[Position::BeforePath..Position::AfterQuery].parse().ok()?,
            origin: Arc::new(Origin { tls_name, authority: authority(url).to_owned() }),
            headers: Headers::new(url, user_agent),
        })
    }

    /// Posts the body, or gets where there is none.
    pub(super) fn request(&self, body: Option<Bytes>) -> Request<Full<Bytes>> {
        let (method, headers) = (method_for(body.as_ref()), self.headers.of(body.as_ref()));
        let mut sent = Request::new(Full::new(body.unwrap_or_default()));
        *sent.method_mut() = method;
        *sent.uri_mut() = self.path.clone();
        *sent.headers_mut() = headers;
        sent
    }
}

pub(super) fn method_for(body: Option<&Bytes>) -> Method {
    if body.is_some() { Method::POST } else { Method::GET }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(url: &str) -> Option<Direct> {
        Direct::new(&Url::parse(url).unwrap(), "agent")
    }

    #[test]
    fn a_request_names_its_host_as_the_url_does() {
        for (url, host, server, path) in [
            ("https://api.example/v1/job_status", "api.example", "https://api.example/", "/v1/job_status"),
            ("http://127.0.0.1:8080/a?b=c%20d", "127.0.0.1:8080", "http://127.0.0.1:8080/", "/a?b=c%20d"),
            ("https://[::1]:9/", "[::1]:9", "https://[::1]:9/", "/"),
            // The scheme's own port is not written.
            ("https://api.example:443", "api.example", "https://api.example/", "/"),
        ] {
            let direct = direct(url).unwrap();
            assert_eq!(direct.headers.of(None)[HOST], host);
            assert_eq!(direct.server.to_string(), server);
            assert_eq!(direct.path.to_string(), path);
        }
    }

    #[test]
    fn every_body_has_its_own_length() {
        let direct = direct("https://a.example/").unwrap();
        for length in [190, 190, 7, 0, 190, 191] {
            let request = direct.request(Some(vec![b'x'; length].into()));
            assert_eq!(request.headers()[CONTENT_LENGTH], length.to_string());
        }
        assert!(!direct.request(None).headers().contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn two_origins_differ_in_scheme_host_or_port() {
        let origin = |url| direct(url).unwrap().origin;
        assert_eq!(origin("https://a.example/1"), origin("https://a.example:443/2?3"));
        for other in ["http://a.example", "https://b.example", "https://a.example:444"] {
            assert_ne!(origin("https://a.example"), origin(other));
        }
    }

    #[test]
    fn what_needs_more_than_a_plain_request_is_left_to_reqwest() {
        assert!(direct("https://user:word@a.example/").is_none());
        assert!(direct("ftp://a.example/").is_none());
    }
}
