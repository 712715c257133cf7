//! Whom to trust: the platform's store, a bundle of the user's, or bundled roots where there is nothing else.

use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::{fs, io};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};

use crate::code::ErrorCode;
use crate::error::{Cause, Error, Result};

/// Where trust comes from.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// A PEM file that replaces the platform's store.
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Whether bundled roots may stand in for an empty platform store.
    pub(crate) bundled_roots: bool,
    /// What was made of these before, in the process that this one was forked from.
    pub(crate) verifier: Option<Arc<dyn ServerCertVerifier>>,
}

impl Trust {
    /// The configuration for real servers, and what it trusts. Nothing is installed process-wide: the host's own TLS stays its
    /// own.
    pub(crate) fn client_config(&self) -> Result<(ClientConfig, Arc<dyn ServerCertVerifier>)> {
        let provider = provider();
        let verifier = match &self.verifier {
            Some(verifier) => Arc::clone(verifier),
            None => self.read(&provider)?,
        };
        let builder = versions(provider)?.dangerous().with_custom_certificate_verifier(Arc::clone(&verifier));
        Ok((builder.with_no_client_auth(), verifier))
    }

    fn read(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
        let Some(path) = &self.ca_bundle else { return self.platform(provider) };
        let refuse = |what: &str| {
            Error::invalid_argument("ca_bundle", format!("{what}; give a PEM file with at least one CA certificate"))
        };
        let unreadable = |error: io::Error| refuse("the file cannot be read").with_cause(words(&error));
        // Nobody may write to a pipe, which is not even opened.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(refuse("it is no regular file"));
        }
        let unreadable_pem = |error| match error {
            pem::Error::Io(error) => Some(unreadable(error)),
            _ => None,
        };
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(path);
        for certificate in certificates.map_err(|error| unreadable_pem(error).unwrap_or_else(Error::internal))? {
            match certificate.map_err(unreadable_pem) {
                Ok(certificate) => _ = roots.add_parsable_certificates([certificate]),
                Err(Some(error)) => return Err(error),
                Err(None) => {}
            }
        }
        verifier(roots, provider).ok_or_else(|| refuse("the file holds no CA certificate"))
    }

    fn platform(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
        let refuse = |what| Error::invalid_argument("ca_bundle", what);
        if store::would_block() {
            return Err(refuse("SSL_CERT_FILE is no regular file; let it name a PEM file, or unset it"));
        }
        if let Ok(verifier) = rustls_platform_verifier::Verifier::new(Arc::clone(provider)) {
            return Ok(Arc::new(verifier));
        }
        // It does not say why there are none.
        let (roots, error) = store::load();
        if let Some(verifier) = verifier(roots, provider) {
            return Ok(verifier);
        }
        let is_named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| std::env::var_os(name).is_some());
        match error {
            Some(error) if is_named => {
                let message = "SSL_CERT_FILE or SSL_CERT_DIR is set but cannot be read; correct it or unset it";
                Err(refuse(message).with_cause(words(&error)))
            }
            None if is_named => Err(refuse("SSL_CERT_FILE or SSL_CERT_DIR is set but holds no CA certificate")),
            // Others cannot stand in for certificates that are there.
            Some(error) if !is_absence(&error) => {
                let message = "this machine's CA certificates cannot be read; the cause says why";
                Err(Error::new(ErrorCode::Io, message).with_cause(words(&error)))
            }
            _ if self.bundled_roots => {
                static WARNED: Once = Once::new();
                WARNED.call_once(|| tracing::warn!("this machine has no CA certificates; using the bundled ones"));
                let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
                verifier(roots, provider).ok_or_else(Error::internal)
            }
            _ => Err(refuse("this machine has no CA certificates; install ca-certificates or give ca_bundle")),
        }
    }
}

/// The system's own words, which name no path here. Of some failures, such as too many open files, the kind says
/// nothing.
fn words(error: &io::Error) -> Cause {
    match error.raw_os_error() {
        Some(_) => Cause::System { description: error.to_string() },
        None => Cause::from(error),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The store of certificates where it is made of files, as the platform's verifier reads them.
#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
mod store {
    use std::path::Path;
    use std::{env, fs, io};

    use rustls::RootCertStore;
    use rustls_native_certs::ErrorKind;
    use rustls_pki_types::pem;

    /// Whether reading it may never end: it is a pipe or a device, but for the empty one.
    pub(super) fn would_block() -> bool {
        let Some(path) = env::var_os("SSL_CERT_FILE") else { return false };
        let is_special = |file: fs::Metadata| !file.is_file() && !file.is_dir();
        Path::new(&path) != Path::new("/dev/null") && fs::metadata(&path).is_ok_and(is_special)
    }

    /// The certificates, and why some could not be read: of several reasons one that is not their absence.
    pub(super) fn load() -> (RootCertStore, Option<io::Error>) {
        let loaded = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(loaded.certs);
        let errors = loaded.errors.into_iter().filter_map(|error| match error.kind {
            ErrorKind::Io { inner, .. } | ErrorKind::Pem(pem::Error::Io(inner)) => Some(inner),
            _ => None,
        });
        (roots, errors.max_by_key(|error| !super::is_absence(error)))
    }
}

/// Elsewhere it is the system's own.
#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
mod store {
    pub(super) fn would_block() -> bool {
        false
    }

    pub(super) fn load() -> (rustls::RootCertStore, Option<std::io::Error>) {
        (rustls::RootCertStore::empty(), None)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn versions(provider: Arc<CryptoProvider>) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|_| Error::internal())
}

fn verifier(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Option<Arc<dyn ServerCertVerifier>> {
    // An empty store is an error of the builder.
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()?;
    Some(verifier)
}
