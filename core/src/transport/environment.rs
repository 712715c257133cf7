//! The proxies that the environment names.

use std::env;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

use crate::error::{Error, Result};

const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const NO: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// URLs that have a proxy if the environment has one for any.
const SOME_URLS: [&str; 2] = ["http://images.invalid", "https://images.invalid"];

/// What the environment said of proxies when it was read. hyper-util passes over what it cannot read, and requests
/// would go out directly.
pub(super) struct Environment {
    matcher: Matcher,
    /// The variable that counts for https. Where there is none, the system's settings do.
    https: Option<Variable>,
    no_proxy: String,
}

impl Environment {
    pub(super) fn read() -> Self {
        // A web server's environment holds what its client sent, and hyper-util believes no part of it.
        if env::var_os("REQUEST_METHOD").is_some() {
            return Self { matcher: Matcher::from_system(), https: None, no_proxy: String::new() };
        }
        let [all, http, https, no] = [ALL, HTTP, HTTPS, NO].map(Variable::read);
        let text = |variable: &Option<Variable>| variable.as_ref().map(|found| found.text.clone()).unwrap_or_default();
        let no_proxy = text(&no);
        let matcher = if [&all, &http, &https].into_iter().flatten().any(|variable| variable.was_trimmed) {
            Matcher::builder().all(text(&all)).http(text(&http)).https(text(&https)).no(no_proxy.clone()).build()
        } else {
            Matcher::from_system()
        };
        let https = [https, all].into_iter().flatten().find(|variable| !variable.text.is_empty());
        Self { matcher, https, no_proxy }
    }

    /// Whether any URL has a proxy, or one that is refused.
    pub(super) fn has_any(&self) -> bool {
        self.https.as_ref().is_some_and(|variable| !variable.is_usable)
            || SOME_URLS.iter().any(|url| self.intercept(url).is_some())
    }

    /// Whether a URL has a proxy, or one that is refused.
    pub(super) fn intercepts(&self, url: &Url) -> bool {
        self.intercept(url.as_str()).is_some() || self.check(url).is_err()
    }

    /// Refuses what cannot be an HTTP proxy, unless `NO_PROXY` spares the URL. Plain http is for this machine only, and
    /// needs none.
    pub(super) fn check(&self, url: &Url) -> Result<()> {
        let is_usable = match &self.https {
            Some(variable) => variable.is_usable,
            None => self.intercept(url.as_str()).as_ref().is_none_or(is_http),
        };
        if is_usable || url.scheme() != "https" || !self.counts_for(url) { Ok(()) } else { Err(self.refuse()) }
    }

    /// The proxy for reqwest, which would read the environment for itself: perhaps another one, and without trimming.
    pub(super) fn proxy(&self) -> Result<Option<reqwest::Proxy>> {
        let Some(variable) = &self.https else { return Ok(None) };
        let proxy = if variable.is_usable { reqwest::Proxy::https(&*variable.text).ok() } else { None };
        proxy.map(Some).ok_or_else(|| self.refuse())
    }

    fn refuse(&self) -> Error {
        let name = self.https.as_ref().map_or("the system's proxy", |variable| variable.name);
        let message = format!(
            "{name} is not the URL of an HTTP proxy with its special characters percent-encoded; correct it, give \
             another one, or set trust_env to false"
        );
        Error::invalid_argument("proxy", message)
    }

    fn intercept(&self, url: &str) -> Option<Intercept> {
        self.matcher.intercept(&url.parse().ok()?)
    }

    fn counts_for(&self, url: &Url) -> bool {
        let any = Matcher::builder().all("http://proxy.invalid").no(self.no_proxy.clone()).build();
        url.as_str().parse().is_ok_and(|uri| any.intercept(&uri).is_some())
    }
}

/// A variable of the environment that is set.
struct Variable {
    name: &'static str,
    text: String,
    was_trimmed: bool,
    /// As the URL of an HTTP proxy.
    is_usable: bool,
}

impl Variable {
    /// The first one that is set, as hyper-util does.
    fn read(names: [&'static str; 2]) -> Option<Self> {
        let (name, text) = names.into_iter().find_map(|name| Some((name, env::var_os(name)?)))?;
        Some(Self::new(name, &text.to_string_lossy()))
    }

    fn new(name: &'static str, text: &str) -> Self {
        let trimmed = text.trim();
        let matcher = Matcher::builder().all(trimmed).build();
        let found = SOME_URLS[1].parse().ok().and_then(|url| matcher.intercept(&url));
        let is_usable = found.as_ref().is_some_and(is_http) && reqwest::Proxy::https(trimmed).is_ok();
        Self { name, text: trimmed.to_owned(), was_trimmed: trimmed.len() != text.len(), is_usable }
    }
}

/// An HTTP proxy, whose port can be read: hyper-util takes the scheme's own in place of one that is too large.
fn is_http(found: &Intercept) -> bool {
    let uri = found.uri();
    let has_no_port = || uri.authority().is_some_and(|authority| authority.as_str() == authority.host());
    matches!(uri.scheme_str(), Some("http" | "https")) && (uri.port_u16().is_some() || has_no_port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_trimmed_and_must_be_an_http_proxy() {
        for text in [
            "http://proxy:3128",
            "proxy:3128",
            "proxy",
            "127.0.0.1:3128",
            "[::1]:3128",
            "HTTP://proxy:3128/",
            "https://user:p%40ss@proxy",
            "http://proxy:3128\n",
            "\t http://proxy ",
        ] {
            assert!(Variable::new("HTTPS_PROXY", text).is_usable, "{text:?}");
        }
        for text in [
            "garbage garbage",
            "\"http://proxy:3128\"",
            "'http://proxy:3128'",
            "http://u:p w@proxy:3128",
            "http://u:p#w@proxy:3128",
            "http://u:p\u{fffd}@proxy:3128",
            "http:/proxy:3128",
            "http:proxy",
            "https//proxy:3128",
            "http://",
            "://proxy",
            "http://[::1",
            "http://proxy:99999",
            "http://proxy:abc",
            "proxy:abc",
            "ftp://proxy",
            "direct://",
            "socks5://proxy",
            "SOCKS5://proxy",
            "socks://proxy",
        ] {
            assert!(!Variable::new("HTTPS_PROXY", text).is_usable, "{text:?}");
        }
    }
}
