//! Encrypted connections: who is believed, who is not, and that nothing falls back to a connection in clear.

use cache_backends::redis::RedisBackend;
use cache_core::error::{Error, ErrorKind};
use cache_core::port::backend::{CacheBackend, SetOptions};

use crate::servers::tls::{Authority, TlsServer};
use crate::support::{frame, key, outsider, patient, patient_builder, until};

async fn refusal(backend: &RedisBackend) -> Error {
    let error = backend.connect().await.unwrap_err();
    assert!(!backend.is_available());
    error
}

#[tokio::test]
async fn a_server_with_a_known_root_is_believed() {
    let server = TlsServer::start("no");
    let backend = patient(&server.url());
    backend.set(&key("a"), frame("v"), SetOptions::default()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
    let shown = format!("rediss://127.0.0.1:{}", server.port);
    assert_eq!(format!("{backend:?}"), format!("RedisBackend {{ address: {shown:?}, available: true, .. }}"));
    let by_name = server.url().replace("127.0.0.1", "localhost");
    assert_eq!(patient(&by_name).get(&key("a")).await.unwrap(), Some(frame("v")));
    let in_memory = patient_builder(&shown).ca_certificate(server.authority.read("ca.pem"));
    assert_eq!(in_memory.build().unwrap().get(&key("a")).await.unwrap(), Some(frame("v")));
}

#[tokio::test]
async fn a_server_with_an_unknown_root_is_not() {
    let server = TlsServer::start("no");
    let stranger = Authority::new();
    let shown = format!("rediss://127.0.0.1:{}", server.port);
    let own_roots = patient_builder(&shown).ca_certificate(stranger.read("ca.pem")).build().unwrap();
    let error = refusal(&own_roots).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = format!("connect: {shown} cannot be believed: invalid peer certificate: UnknownIssuer");
    assert!(error.to_string().starts_with(&text), "{error}");
}

#[tokio::test]
async fn a_server_of_another_name_is_not_believed() {
    let authority = Authority::new();
    authority.certify("elsewhere", &["cache.example"]);
    let port = crate::servers::free_port();
    let options = authority.options(port, "elsewhere", "no");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let _server = cache_core::testkit::server::RedisServer::start_with(&options);
    let builder = patient_builder(&format!("rediss://127.0.0.1:{port}"));
    let error = refusal(&builder.ca_certificate(authority.read("ca.pem")).build().unwrap()).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn a_server_may_want_a_certificate_of_ours() {
    let server = TlsServer::start("yes");
    let error = refusal(&patient(&server.url())).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = "ended the TLS connection: CertificateRequired; add ?cert_file=..&key_file=.. to the URL";
    assert!(error.to_string().ends_with(text), "{error}");
    let (cert, client_key) = (server.authority.file("client.pem"), server.authority.file("client.key"));
    let url = format!("{}&cert_file={}&key_file={}", server.url(), cert.display(), client_key.display());
    patient(&url).set(&key("a"), frame("v"), SetOptions::default()).await.unwrap();
    let pem = (server.authority.read("client.pem"), server.authority.read("client.key"));
    let builder = patient_builder(&server.url()).client_certificate(pem.0, pem.1);
    assert!(!format!("{builder:?}").contains("PRIVATE"), "{builder:?}");
    assert_eq!(builder.build().unwrap().get(&key("a")).await.unwrap(), Some(frame("v")));
}

#[tokio::test]
async fn nothing_falls_back_to_a_connection_in_clear() {
    let server = TlsServer::start("no");
    let by_tls_to_the_plain_port =
        server.url().replace(&server.port.to_string(), &server.plain.port().to_string());
    let error = refusal(&RedisBackend::new(by_tls_to_the_plain_port).unwrap()).await;
    assert!(error.is_transient() || error.kind() == ErrorKind::Refused, "{error}");
    let commands: String =
        redis::cmd("INFO").arg("commandstats").query(&mut outsider(&server.plain)).unwrap();
    assert!(!commands.contains("cmdstat_get") && !commands.contains("cmdstat_auth"), "{commands}");
    refusal(&RedisBackend::new(format!("redis://127.0.0.1:{}", server.port)).unwrap()).await;
}

#[tokio::test]
async fn a_lost_server_is_noticed_and_found_again_by_tls() {
    let mut server = TlsServer::start("no");
    let backend = RedisBackend::new(server.url()).unwrap();
    backend.connect().await.unwrap();
    server.plain.kill();
    until(std::time::Duration::from_millis(400), || !backend.is_available()).await;
    server.plain.restart();
    until(std::time::Duration::from_millis(1_500), || backend.is_available()).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    authority.certify("client", &["app"]);
    let pem = authority.read("client.pem");
    let builder = || RedisBackend::builder("rediss://ann:c4n4ry@h");
    for (builder, text) in [
        (
            RedisBackend::builder("rediss://h?ca_file=/no/such"),
            "ca_file of the Redis URL holds \"/no/such\": No such",
        ),
        (builder().ca_certificate("c4n4ry"), "ca_file cannot be used for TLS: it holds no certificate"),
        (
            builder().client_certificate(pem.clone(), "c4n4ry"),
            "key_file cannot be used for TLS: it holds no private",
        ),
        (RedisBackend::builder("redis://ann:c4n4ry@h").ca_certificate(pem.clone()), "does not ask for TLS"),
        (RedisBackend::builder("rediss://h?insecure=true"), "it has an unknown option behind the ?"),
        (RedisBackend::builder("rediss://h#insecure"), "it has a # part"),
    ] {
        let error = builder.build().map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert!(!format!("{error} {error:?}").contains("c4n4ry"), "{error}");
    }
}
