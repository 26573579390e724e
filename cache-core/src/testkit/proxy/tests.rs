//! Each fault as a client sees it.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Answers every message with itself, in capitals.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = [0; 64];
                while let Ok(bytes @ 1..) = stream.read(&mut heard).await {
                    let _ = stream.write_all(&heard[..bytes].to_ascii_uppercase()).await;
                }
            });
        }
    });
    port
}

async fn stand() -> Proxy {
    Proxy::before(echo().await).await
}

async fn dial(proxy: &Proxy) -> io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", proxy.port())).await
}

/// What comes back, if anything does in a while: no bytes are the end of the connection.
async fn ask(stream: &mut TcpStream) -> Option<io::Result<Vec<u8>>> {
    let mut heard = [0; 64];
    let answer = async {
        stream.write_all(b"hello").await?;
        stream.read(&mut heard).await
    };
    let answer = tokio::time::timeout(Duration::from_millis(300), answer).await.ok()?;
    Some(answer.map(|bytes| heard[..bytes].to_vec()))
}

#[tokio::test]
async fn without_a_fault_bytes_go_through_unchanged() {
    let proxy = stand().await;
    let mut stream = dial(&proxy).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HELLO");
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn refused_connections_are_refused_until_the_fault_ends_on_the_same_port() {
    let proxy = stand().await;
    for _ in 0..5 {
        let mut stream = dial(&proxy).await.unwrap();
        assert!(ask(&mut stream).await.unwrap().is_ok());
        proxy.set(Fault::Refuse).await;
        let cut = ask(&mut stream).await.unwrap();
        assert!(cut.is_err() || cut.unwrap().is_empty(), "what exists is cut");
        assert_eq!(dial(&proxy).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        proxy.set(Fault::None).await;
    }
}

#[tokio::test]
async fn silence_garbage_and_delay_hold_for_connections_that_exist() {
    let proxy = stand().await;
    let mut stream = dial(&proxy).await.unwrap();
    proxy.set(Fault::Silence).await;
    assert!(ask(&mut stream).await.is_none());
    proxy.set(Fault::Garbage).await;
    let garbage = ask(&mut stream).await.unwrap().unwrap();
    assert!(!garbage.is_empty() && garbage != b"HELLO");
    proxy.set(Fault::Delay(Duration::from_millis(80))).await;
    let began = Instant::now();
    assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HELLO");
    assert!(began.elapsed() >= Duration::from_millis(80));
    proxy.set(Fault::None).await;
    assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HELLO");
}

#[tokio::test]
async fn a_reset_comes_after_half_the_answer() {
    let proxy = stand().await;
    let mut stream = dial(&proxy).await.unwrap();
    proxy.set(Fault::Reset).await;
    assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HE");
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn flapping_is_shut_and_open_in_turn() {
    let proxy = stand().await;
    proxy.set(Fault::Flap(Duration::from_millis(200))).await;
    let (mut turns, mut was_open) = (0, true);
    let began = Instant::now();
    while turns < 4 {
        assert!(began.elapsed() < Duration::from_secs(5), "{turns} turns");
        let is_open = dial(&proxy).await.is_ok();
        turns += u32::from(is_open != was_open);
        was_open = is_open;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
