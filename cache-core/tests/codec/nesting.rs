//! Depth: a decoder recurses, and a thread's stack is small. Everything here runs on 2 MiB.

use bytes::Bytes;
use cache_core::entry::Reason;
use serde::Deserialize;

use crate::forge::{PLAIN, at, key, patched, with_payload};

/// The field `extra` is not known to it.
#[derive(Debug, Deserialize, PartialEq)]
struct Plain {
    id: u8,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    List(Vec<Untagged>),
}

fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(frame: &Bytes) -> Result<T, Reason> {
    PLAIN.open(&key("user:7"), 1, frame)?.decode()
}

/// `depth` arrays of one element around a number.
fn arrays(depth: usize) -> Vec<u8> {
    [&vec![0x91; depth][..], &[1]].concat()
}

/// `{id: 7, extra: <arrays>}`, which is a level of its own.
fn in_an_unknown_field(depth: usize) -> Bytes {
    with_payload(&[&[0x82, 0xa2, b'i', b'd', 7, 0xa5][..], b"extra", &arrays(depth - 1)].concat())
}

#[test]
fn a_hundred_levels_are_read() {
    on_a_small_stack(|| {
        assert_eq!(read(&in_an_unknown_field(100)), Ok(Plain { id: 7 }));
        assert!(read::<Untagged>(&with_payload(&arrays(100))).is_ok());
    });
}

#[test]
fn deeper_ones_are_out_of_bounds() {
    on_a_small_stack(|| {
        for depth in [101, 128, 700, 100_000] {
            assert_eq!(read::<Plain>(&in_an_unknown_field(depth)), Err(Reason::Bounds), "{depth}");
            assert_eq!(read::<Untagged>(&with_payload(&arrays(depth))), Err(Reason::Bounds), "{depth}");
            let maps = [&[0x81, 1].repeat(depth)[..], &[1]].concat();
            assert_eq!(read::<Untagged>(&with_payload(&maps)), Err(Reason::Bounds), "{depth} maps");
            let keys = [&vec![0x81; depth][..], &vec![1; depth + 1]].concat();
            assert_eq!(read::<Untagged>(&with_payload(&keys)), Err(Reason::Bounds), "{depth} map keys");
        }
        // An empty container is a level too.
        let empty = [&vec![0x91; 100][..], &[0x90]].concat();
        assert_eq!(read::<Untagged>(&with_payload(&empty)), Err(Reason::Bounds));
    });
}

#[test]
fn breadth_is_not_depth() {
    on_a_small_stack(|| {
        let pairs = [&[0xdc, 0x10, 0x00][..], &[0x91, 1].repeat(0x1000)].concat();
        let Ok(Untagged::List(list)) = read(&with_payload(&pairs)) else { panic!("a list") };
        assert_eq!(list.len(), 0x1000);
    });
}

#[test]
fn json_stops_by_itself() {
    on_a_small_stack(|| {
        for depth in [129, 700, 100_000] {
            let text = ["[".repeat(depth), "1".to_owned(), "]".repeat(depth)].concat();
            let frame = patched(&with_payload(text.as_bytes()), at::FORMAT, &[2]);
            assert_eq!(read::<Untagged>(&frame), Err(Reason::Undecodable), "{depth}");
            // What it ignores it walks over without recursion.
            let field = format!(r#"{{"id":7,"extra":{text}}}"#);
            let frame = patched(&with_payload(field.as_bytes()), at::FORMAT, &[2]);
            assert_eq!(read(&frame), Ok(Plain { id: 7 }), "{depth}");
        }
    });
}

#[derive(Debug, Deserialize, PartialEq)]
enum Link {
    End,
    Next(Box<Link>),
}

/// A frame in bincode, whose payload begins with the release.
fn by_position(payload: &[u8]) -> Bytes {
    patched(&with_payload(&[&[2], payload].concat()), at::FORMAT, &[3])
}

#[test]
fn what_does_not_describe_itself_is_bounded_too() {
    on_a_small_stack(|| {
        let chain = |links: usize| by_position(&[&vec![1; links][..], &[0]].concat());
        let read_chain = |links| read::<Link>(&chain(links)).map(drop);
        assert_eq!((read_chain(0), read_chain(99)), (Ok(()), Ok(())));
        for links in [100, 700, 500_000] {
            assert_eq!(read_chain(links), Err(Reason::Undecodable), "{links}");
        }
        // Claims of 2^60: elements without bytes, elements, bytes of a text.
        let claim = [&[253][..], &(1_u64 << 60).to_le_bytes()].concat();
        assert_eq!(read::<Vec<()>>(&by_position(&claim)), Err(Reason::Undecodable));
        assert_eq!(read::<Vec<u64>>(&by_position(&claim)), Err(Reason::Undecodable));
        assert_eq!(read::<String>(&by_position(&claim)), Err(Reason::Undecodable));
        assert_eq!(read::<std::collections::HashMap<(), ()>>(&by_position(&claim)), Err(Reason::Undecodable));
        assert_eq!(read::<u8>(&by_position(&[7])), Ok(7));
        assert_eq!(read::<u8>(&by_position(&[7, 7])), Err(Reason::Undecodable), "something behind it");
        assert_eq!(read::<u8>(&patched(&with_payload(&[7]), at::FORMAT, &[3])), Err(Reason::Undecodable));
    });
}
