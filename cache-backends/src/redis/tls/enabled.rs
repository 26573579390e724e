//! TLS 1.2 and 1.3 by rustls, with the cryptography of ring.
//!
//! The client library could do this too, but by the process's default provider: it would panic in a program that
//! links two of them, and it reads the system's roots again for every connection. Here the provider is named, and
//! everything is read once, when the backend is built.

use std::fmt;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::socket2::SockRef;
use redis::{AsyncConnectionConfig, ConnectionAddr};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use cache_core::error::{Error, ErrorKind, Result};

use super::Certificates;
use crate::redis::address::Address;
use crate::redis::dial::{Dialled, Driver, redis_settings, set_options};
use crate::redis::error::of_library;

/// Whom to believe, and who we are.
#[derive(Clone)]
pub(in crate::redis) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Reads the certificates, and the system's roots if there are none.
    pub(in crate::redis) fn new(certificates: &Certificates) -> Result<Self> {
        let roots = match &certificates.ca {
            Some(pem) => own_roots(pem)?,
            None => system_roots()?,
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong("the TLS versions", &error))?
            .with_root_certificates(roots);
        let config = match (&certificates.cert, &certificates.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), Some(key)) => builder
                .with_client_auth_cert(chain(cert)?, private_key(key)?)
                .map_err(|error| wrong("the client certificate", &error))?,
            _ => return Err(wrong("the client certificate", &"it needs both cert_file and key_file")),
        };
        Ok(Self(Arc::new(config)))
    }

    /// Connects, shakes hands, and begins to speak. Deadlines are the caller's.
    pub(in crate::redis) async fn dial(
        &self,
        address: &Address,
        settings: AsyncConnectionConfig,
    ) -> Result<Dialled> {
        let stream = self.stream(address).await.map_err(|error| failed(address, &error))?;
        let settings =
            MultiplexedConnection::new_with_config(&redis_settings(address), stream, settings).await;
        let (connection, driver) = settings.map_err(|error| of_library(&error, address).error)?;
        let driver = Driver::of(tokio::spawn(driver).abort_handle());
        Ok(Dialled { connection, driver: Some(driver) })
    }

    async fn stream(&self, address: &Address) -> std::io::Result<TlsStream<TcpStream>> {
        let ConnectionAddr::Tcp(host, port) = address.info().addr() else {
            return Err(std::io::Error::other("TLS needs a host"));
        };
        let name = ServerName::try_from(host.clone()).map_err(std::io::Error::other)?;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        set_options(&SockRef::from(&stream))?;
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn failed(address: &Address, error: &std::io::Error) -> Error {
    let text = error.to_string();
    let refused = |why: &str, fix: &'static str| {
        Error::new(ErrorKind::Refused, format!("{address} {why}: {text}")).with_fix(fix)
    };
    if text.contains("InvalidContentType") || text.contains("corrupt message") {
        return refused("does not speak TLS", "write redis://, or give the port that speaks TLS");
    }
    if text.contains("peer certificate") {
        let fix = "give the roots of its certificate by ca_file, and the host by a name that it certifies";
        return refused("cannot be believed", fix);
    }
    if text.contains("fatal alert") {
        return refused("ended the TLS handshake", "see its log; it may want another client certificate");
    }
    Error::new(ErrorKind::Unavailable, format!("{address} cannot be reached: {text}"))
}

fn own_roots(pem: &[u8]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in chain_of("ca_file", pem)? {
        roots.add(certificate).map_err(|error| wrong("ca_file", &error))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(wrong("the system's roots", &"there are none"));
    }
    Ok(roots)
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    chain_of("cert_file", pem)
}

fn chain_of(field: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(field, &error))?;
    if chain.is_empty() { Err(wrong(field, &"it holds no certificate")) } else { Ok(chain) }
}

/// What the parser says is not repeated: it might quote the key.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| wrong("key_file", &"it holds no private key"))
}

fn wrong(field: &str, why: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::Config, format!("{field} cannot be used for TLS: {why}"))
        .with_fix("give PEM files: ca_file for the roots, cert_file and key_file for an own certificate")
}
