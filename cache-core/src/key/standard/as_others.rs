//! Types that are keys as values of other types are.

use std::hash::Hasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16,
    NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::super::{KeyPart, PartWriter, StoredParts};

/// Types that are a key exactly as another value is: `$ty => |value| other value`.
macro_rules! same_as {
    ($($(#[$note:meta])* $ty:ty => |$value:ident| $other:expr,)*) => {$(
        $(#[$note])*
        impl KeyPart for $ty {
            #[inline]
            fn feed<H: Hasher>(&self, state: &mut H) {
                let $value = self;
                $other.feed(state);
            }

            #[inline]
            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                let $value = self;
                $other.same(stored)
            }

            fn write(&self, out: &mut PartWriter) {
                let $value = self;
                $other.write(out);
            }
        }
    )*};
}

same_as! {
    NonZeroU8 => |n| n.get(), NonZeroU16 => |n| n.get(), NonZeroU32 => |n| n.get(), NonZeroU64 => |n| n.get(),
    NonZeroU128 => |n| n.get(), NonZeroUsize => |n| n.get(), NonZeroI8 => |n| n.get(), NonZeroI16 => |n| n.get(),
    NonZeroI32 => |n| n.get(), NonZeroI64 => |n| n.get(), NonZeroI128 => |n| n.get(), NonZeroIsize => |n| n.get(),
    String => |text| text.as_str(),
    PathBuf => |path| path.as_path(),
    Duration => |life| (life.as_secs(), life.subsec_nanos()),
    SystemTime => |time| since_epoch(time),
    IpAddr => |address| (address.is_ipv6(), octets(address)),
    Ipv4Addr => |address| address.octets(),
    Ipv6Addr => |address| address.octets(),
    SocketAddr => |address| (address.ip(), address.port(), link(address)),
}

/// What tells two equal addresses of the sixth version apart: the flow and the link they are on.
fn link(address: &SocketAddr) -> Option<(u32, u32)> {
    match address {
        SocketAddr::V6(six) if (six.flowinfo(), six.scope_id()) != (0, 0) => {
            Some((six.flowinfo(), six.scope_id()))
        }
        _ => None,
    }
}

fn octets(address: &IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(four.to_bits()),
        IpAddr::V6(six) => six.to_bits(),
    }
}

/// Whether a time is after the epoch, and how far from it.
fn since_epoch(time: &SystemTime) -> (bool, Duration) {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => (true, after),
        Err(before) => (false, before.duration()),
    }
}
