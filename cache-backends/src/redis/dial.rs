//! How a connection is made: socket options, TLS, and what the client library is told.
//!
//! Invariant: every TCP connection has `TCP_NODELAY`, keepalive, and (where the kernel has it) `TCP_USER_TIMEOUT`.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::{TcpSettings, socket2};
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, PushInfo, PushKind, RedisConnectionInfo};
use tokio::task::AbortHandle;

use cache_core::error::Result;

use super::address::Address;
use super::error::of_library;

/// Requests that wait inside the client library for the socket; more wait in front of it.
const QUEUE: usize = 512;
/// How long sent bytes may stay unacknowledged. Without it the kernel keeps sending into a black hole for about a
/// quarter of an hour.
const USER_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection, and the task that drives it where that is ours.
pub(super) struct Dialled {
    pub(super) connection: MultiplexedConnection,
    pub(super) driver: Option<Driver>,
}

/// Ends the task with itself.
pub(super) struct Driver(AbortHandle);

#[cfg_attr(not(feature = "redis-tls"), allow(dead_code, reason = "only TLS drives itself"))]
impl Driver {
    pub(super) fn of(task: AbortHandle) -> Self {
        Self(task)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects. Deadlines are the caller's; `lost` is called once, when the connection ends.
pub(super) async fn dial(address: &Address, lost: impl Fn() + Send + Sync + 'static) -> Result<Dialled> {
    let settings = library_settings(address, lost);
    if let Some(tls) = address.tls() {
        return tls.dial(address, settings).await;
    }
    let failed = |error| of_library(&error, address).error;
    let client = Client::open(connection_info(address)).map_err(failed)?;
    let connection = client.get_multiplexed_async_connection_with_config(&settings).await.map_err(failed)?;
    Ok(Dialled { connection, driver: None })
}

/// The library's own time-outs are off: they would only hide ours.
fn library_settings(address: &Address, lost: impl Fn() + Send + Sync + 'static) -> AsyncConnectionConfig {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE);
    if !address.settings().protocol().supports_resp3() {
        return settings;
    }
    settings.set_push_sender(move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            lost();
        }
        Ok::<(), redis::aio::SendError>(())
    })
}

fn connection_info(address: &Address) -> ConnectionInfo {
    let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive());
    address
        .info()
        .clone()
        .set_redis_settings(redis_settings(address))
        .set_tcp_settings(with_user_timeout(tcp))
}

/// What the server is told in the handshake.
pub(super) fn redis_settings(address: &Address) -> RedisConnectionInfo {
    address.settings().clone().set_lib_name("larder", env!("CARGO_PKG_VERSION"))
}

fn keepalive() -> socket2::TcpKeepalive {
    socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(15))
        .with_interval(Duration::from_secs(5))
        .with_retries(3)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
fn with_user_timeout(tcp: TcpSettings) -> TcpSettings {
    tcp.set_user_timeout(USER_TIMEOUT)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "fuchsia")))]
fn with_user_timeout(tcp: TcpSettings) -> TcpSettings {
    tcp
}

/// The same for a socket of ours.
#[cfg(feature = "redis-tls")]
pub(super) fn set_options(socket: &socket2::SockRef<'_>) -> std::io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&keepalive())?;
    set_user_timeout(socket)
}

#[cfg(all(feature = "redis-tls", any(target_os = "linux", target_os = "android", target_os = "fuchsia")))]
fn set_user_timeout(socket: &socket2::SockRef<'_>) -> std::io::Result<()> {
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))
}

#[cfg(all(
    feature = "redis-tls",
    not(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))
))]
fn set_user_timeout(_: &socket2::SockRef<'_>) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::address::Wrong;

    #[test]
    fn a_connection_in_clear_has_all_options() {
        let wrong = Wrong { text: "", form: "" };
        let (address, _) = Address::read("redis://h:1", &[], &wrong).unwrap();
        let info = connection_info(&address);
        assert!(info.tcp_settings().nodelay() && info.tcp_settings().keepalive().is_some());
        #[cfg(target_os = "linux")]
        assert_eq!(info.tcp_settings().user_timeout(), Some(Duration::from_secs(1)));
    }

    #[cfg(feature = "redis-tls")]
    #[test]
    fn a_connection_by_tls_has_all_options() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = socket2::SockRef::from(&stream);
        set_options(&socket).unwrap();
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(1)));
    }
}
