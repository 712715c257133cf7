//! Whom to trust: the platform's store, a bundle of the user's, or bundled roots where there is nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Once;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::error::{Error, Result};

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
        let refuse = || Error::invalid_argument("ca_bundle", "expected a PEM file with at least one CA certificate");
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(path).map_err(|_| refuse())?;
        roots.add_parsable_certificates(certificates.flatten());
        verifier(roots, provider).ok_or_else(refuse)
    }

    fn platform(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
        if let Ok(verifier) = rustls_platform_verifier::Verifier::new(Arc::clone(provider)) {
            return Ok(Arc::new(verifier));
        }
        if ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| std::env::var_os(name).is_some()) {
            return Err(Error::invalid_argument(
                "ca_bundle",
                "SSL_CERT_FILE or SSL_CERT_DIR is set but holds no CA certificate",
            ));
        }
        if !self.bundled_roots {
            return Err(Error::invalid_argument(
                "ca_bundle",
                "this machine has no CA certificates; install ca-certificates or give ca_bundle",
            ));
        }
        static WARNED: Once = Once::new();
        WARNED.call_once(|| tracing::warn!("this machine has no CA certificates; using the bundled ones"));
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        verifier(roots, provider).ok_or_else(Error::internal)
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
