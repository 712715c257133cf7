//! What the URLs that callers give must be like: https, or plain http on this machine.

use url::{Host, Url};

use crate::error::{Error, Result};

/// Appends `/v1/job_status` to a server's root: https, or plain http on this machine only.
pub(crate) fn endpoint(base_url: &str) -> Result<Url> {
    let mut url = checked_url("base_url", base_url, Path::RootOnly)?;
    let root = url.path().trim_end_matches('/').to_owned();
    // Other SDKs want the root with `/v1`; it must not stand there twice.
    let root = root.strip_suffix("/v1").unwrap_or(&root);
    url.set_path(&format!("{root}/v1/job_status"));
    Ok(url)
}

/// What may follow the host of a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// No query.
    RootOnly,
    /// A query too.
    WithQuery,
}

/// A URL of the user's: https, or plain http on this machine; no credentials and no fragment.
pub(crate) fn checked_url(argument: &'static str, text: &str, path: Path) -> Result<Url> {
    let refuse = |expected: &'static str| Error::invalid_argument(argument, expected);
    let url = Url::parse(text).map_err(|_| refuse("expected a URL such as https://host.example"))?;
    if !url.has_host() {
        return Err(refuse("expected a URL with a host"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(refuse("expected https; plain http is for localhost, 127.0.0.0/8 and ::1 only")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("expected a URL without user name and password"));
    }
    if path == Path::RootOnly && (url.query().is_some() || url.fragment().is_some()) {
        return Err(refuse("expected a URL without query and fragment"));
    }
    if url.fragment().is_some() {
        return Err(refuse("expected a URL without a fragment"));
    }
    Ok(url)
}

/// Whether a URL's host is this machine, after parsing: `localhost`, 127.0.0.0/8 or ::1.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_appended_once() {
        for (base, url) in [
            ("https://testapi.smileidentity.com", "https://testapi.smileidentity.com/v1/job_status"),
            ("https://testapi.smileidentity.com/v1", "https://testapi.smileidentity.com/v1/job_status"),
            ("https://testapi.smileidentity.com/v1/", "https://testapi.smileidentity.com/v1/job_status"),
            ("https://gateway.example/smile/", "https://gateway.example/smile/v1/job_status"),
            ("http://127.9.9.9:1", "http://127.9.9.9:1/v1/job_status"),
            ("http://[::1]:8080/", "http://[::1]:8080/v1/job_status"),
        ] {
            assert_eq!(endpoint(base).unwrap().as_str(), url);
        }
    }

    #[test]
    fn a_disguised_loopback_is_not_one() {
        for base in [
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "http://[::2]",
            "ftp://localhost",
            "http://0.0.0.0",
        ] {
            assert_eq!(endpoint(base).unwrap_err().argument(), Some("base_url"), "{base}");
        }
    }
}
