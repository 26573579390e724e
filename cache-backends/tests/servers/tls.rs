//! A server that speaks TLS, and who certifies whom.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use cache_core::testkit::server::RedisServer;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;

use super::free_port;
use super::terminator::Terminator;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An authority with a certificate for a server and one for a client, as files.
pub(crate) struct Authority {
    home: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { home: tempfile::tempdir().unwrap(), issuer };
        fs::write(authority.file("ca.pem"), authority.issuer.pem()).unwrap();
        authority
    }

    /// Writes `<name>.pem` and `<name>.key` for these hosts.
    pub(crate) fn certify(&self, name: &str, hosts: &[&str]) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// The options of a server that speaks TLS on this port, with the certificate of that name.
    pub(crate) fn options(&self, port: u16, name: &str, clients: &str) -> Vec<String> {
        let file = |name: String| self.file(&name).to_str().unwrap().to_owned();
        let (cert, key) = (file(format!("{name}.pem")), file(format!("{name}.key")));
        [
            ["--tls-port".to_owned(), port.to_string()],
            ["--tls-cert-file".to_owned(), cert],
            ["--tls-key-file".to_owned(), key],
            ["--tls-ca-cert-file".to_owned(), file("ca.pem".to_owned())],
            ["--tls-auth-clients".to_owned(), clients.to_owned()],
        ]
        .concat()
    }
}

/// A Redis server that speaks TLS for 127.0.0.1 and localhost, and in clear on another port.
pub(crate) struct TlsServer {
    pub(crate) plain: RedisServer,
    pub(crate) authority: Authority,
    pub(crate) port: u16,
    _terminator: Option<Terminator>,
}

impl TlsServer {
    /// `clients`: whether clients need a certificate: `yes`, `no`, `optional`.
    pub(crate) fn start(clients: &str) -> Self {
        let authority = Authority::new();
        authority.certify("server", &["127.0.0.1", "localhost"]);
        authority.certify("client", &["app"]);
        let port = free_port();
        let options = authority.options(port, "server", clients);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        Self { plain: RedisServer::start_with(&options), authority, port, _terminator: None }
    }

    /// A Valkey server, which was built without TLS, behind a listener that has it.
    pub(crate) fn valkey() -> Self {
        let authority = Authority::new();
        authority.certify("server", &["127.0.0.1", "localhost"]);
        let plain = RedisServer::valkey();
        let (certificate, key) = (authority.file("server.pem"), authority.file("server.key"));
        let terminator = Terminator::before(plain.port(), certificate, key);
        Self { plain, authority, port: terminator.port, _terminator: Some(terminator) }
    }

    /// `rediss://` with the roots of the server's certificate.
    pub(crate) fn url(&self) -> String {
        let roots = self.authority.file("ca.pem");
        format!("rediss://127.0.0.1:{}?ca_file={}", self.port, roots.display())
    }
}
