//! Who holds which slots: what a server says (`CLUSTER SLOTS`), and the servers that this means.
//!
//! Invariant: a layout is believed only if it is whole in itself: ranges in order, within the slots, of named servers.

use std::collections::HashMap;

use redis::Value;

use super::slot::SLOTS;
use crate::redis::node::Node;
use crate::redis::reply;

/// Where a server is: host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Spot {
    /// Reads what a redirection names: `host:port`. Without a host it is that of the server that redirects.
    pub(super) fn parse(text: &str, host_of_speaker: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = if host.is_empty() { host_of_speaker } else { host };
        Some(Self { host: host.to_owned(), port: port.parse().ok().filter(|port| *port > 0)? })
    }
}

/// Ranges of slots, first and last included, and who holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout(Vec<(u16, u16, Spot)>);

impl Layout {
    /// Reads the answer of a server to `CLUSTER SLOTS`.
    pub(super) fn read(answer: Value, host_of_speaker: &str) -> Option<Self> {
        let ranges = reply::many(answer)?;
        let mut ranges: Vec<_> =
            ranges.into_iter().map(|range| read_range(range, host_of_speaker)).collect::<Option<_>>()?;
        ranges.sort();
        let in_order = ranges.windows(2).all(|pair| match pair {
            [(_, last, _), (first, _, _)] => last < first,
            _ => true,
        });
        (in_order && !ranges.is_empty()).then_some(Self(ranges))
    }

    fn spots(&self) -> impl Iterator<Item = &Spot> {
        self.0.iter().map(|(_, _, spot)| spot)
    }
}

fn read_range(range: Value, host_of_speaker: &str) -> Option<(u16, u16, Spot)> {
    let mut parts = reply::many(range)?.into_iter();
    let (first, last) = (number(parts.next()?)?, number(parts.next()?)?);
    let mut holder = reply::many(parts.next()?)?.into_iter();
    let host = match holder.next()? {
        Value::Nil => String::new(),
        Value::BulkString(host) => String::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        _ => return None,
    };
    let host = if host.is_empty() { host_of_speaker.to_owned() } else { host };
    let port = number(holder.next()?)?;
    let known = host != "?" && port > 0;
    (first <= last && last < SLOTS && known).then_some((first, last, Spot { host, port }))
}

fn number(value: Value) -> Option<u16> {
    match value {
        Value::Int(number) => u16::try_from(number).ok(),
        _ => None,
    }
}

/// A layout with a server for every spot.
#[derive(Debug)]
pub(super) struct View {
    layout: Layout,
    nodes: HashMap<Spot, Node>,
}

impl View {
    pub(super) fn new(layout: Layout, mut node: impl FnMut(&Spot) -> Node) -> Self {
        let mut nodes = HashMap::new();
        for spot in layout.spots() {
            if !nodes.contains_key(spot) {
                nodes.insert(spot.clone(), node(spot));
            }
        }
        Self { layout, nodes }
    }

    /// Who holds a slot.
    pub(super) fn holder(&self, slot: u16) -> Option<(&Spot, &Node)> {
        let at = self.layout.0.partition_point(|(_, last, _)| *last < slot);
        let (_, _, spot) = self.layout.0.get(at).filter(|(first, _, _)| *first <= slot)?;
        self.nodes.get_key_value(spot)
    }

    /// Every server that holds slots, each once.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&Spot, &Node)> {
        self.nodes.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: &str, port: i64) -> Value {
        let holder = Value::Array(vec![Value::BulkString(host.into()), Value::Int(port), Value::Nil]);
        Value::Array(vec![Value::Int(first), Value::Int(last), holder, Value::Nil])
    }

    #[test]
    fn a_layout_is_read_or_refused_as_a_whole() {
        let read = |ranges| Layout::read(Value::Array(ranges), "asked");
        let layout = read(vec![range(5_461, 16_383, "b", 2), range(0, 5_460, "", 1)]).unwrap();
        let spots: Vec<_> = layout.spots().map(|spot| format!("{}:{}", spot.host, spot.port)).collect();
        assert_eq!(spots, ["asked:1", "b:2"]);
        for bad in [
            vec![],
            vec![range(0, 16_384, "a", 1)],
            vec![range(2, 1, "a", 1)],
            vec![range(-1, 1, "a", 1)],
            vec![range(0, 10, "a", 1), range(10, 20, "b", 2)],
            vec![range(0, 10, "?", 1)],
            vec![range(0, 10, "a", 0)],
            vec![range(0, 10, "a", 65_536)],
            vec![Value::Int(1)],
        ] {
            assert_eq!(read(bad.clone()), None, "{bad:?}");
        }
        assert_eq!(Layout::read(Value::Nil, "asked"), None);
    }

    #[test]
    fn a_redirection_names_a_spot() {
        let read = |text| Spot::parse(text, "asked").map(|spot| format!("{} {}", spot.host, spot.port));
        assert_eq!(read("h:7").as_deref(), Some("h 7"));
        assert_eq!(read("::1:7").as_deref(), Some("::1 7"));
        assert_eq!(read(":7").as_deref(), Some("asked 7"));
        for bad in ["", "h", "h:", "h:0", "h:x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
