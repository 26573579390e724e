//! A port that is kept whether or not anybody listens on it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// A port of the loopback device. A socket that is bound and does not listen keeps it from others: connections are
/// refused, and it can be listened on again and again.
pub(super) struct Door {
    port: u16,
    _kept: TcpSocket,
}

impl Door {
    pub(super) fn new() -> io::Result<Self> {
        let kept = bound(0)?;
        Ok(Self { port: kept.local_addr()?.port(), _kept: kept })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Until the listener is dropped.
    pub(super) fn open(&self) -> io::Result<TcpListener> {
        bound(self.port)?.listen(128)
    }
}

fn bound(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}
