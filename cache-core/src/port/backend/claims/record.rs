//! A group as stored bytes, for a store that outlives its process.
//!
//! Promise: what is read back lives no longer than it did when it was written, whatever the wall clock did
//! meanwhile; bytes that are no group are none, and nothing is allocated by what they claim.
//!
//! Layout, little endian: the version (1), then per member its token (16 bytes), number (8), end in wall-clock
//! milliseconds (8), milliseconds left when it was written (8), the lengths of name and payload (4 each), both.

use std::time::Duration;

use bytes::Bytes;

use super::ClaimId;
use super::group::{Group, Member};
use crate::time::{Life, Tick, WallTime};

const VERSION: u8 = 1;

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) tick: Tick,
    pub(super) wall: WallTime,
}

/// The live members of a group; how long the longest goes on.
pub(super) fn write(group: &Group, now: Now) -> (Vec<u8>, Duration) {
    let (mut out, mut longest) = (vec![VERSION], Duration::ZERO);
    for member in group.members() {
        let Some(left) = member.ends.remaining(now.tick).and_then(Life::duration) else { continue };
        longest = longest.max(left);
        let millis = u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        out.extend(member.id.token.to_le_bytes());
        for number in [member.fence, now.wall.after(Life::For(left)).0, millis] {
            out.extend(number.to_le_bytes());
        }
        for text in [member.id.member.as_bytes(), &member.payload] {
            out.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        }
        out.extend(member.id.member.as_bytes());
        out.extend(&*member.payload);
    }
    (out, longest)
}

/// The members that are still alive; none of bytes that are no group.
pub(super) fn read(bytes: &[u8], now: Now) -> Vec<Member> {
    let Some((&VERSION, mut rest)) = bytes.split_first() else { return Vec::new() };
    let mut members = Vec::new();
    while !rest.is_empty() {
        let Some((member, behind)) = read_one(rest, now) else { return Vec::new() };
        members.extend(member.filter(|member| now.tick < member.ends));
        rest = behind;
    }
    members
}

/// The first member, if it is still alive, and what is behind it.
fn read_one(bytes: &[u8], now: Now) -> Option<(Option<Member>, &[u8])> {
    let (token, bytes) = bytes.split_first_chunk()?;
    let (fence, bytes) = bytes.split_first_chunk()?;
    let (ends, bytes) = bytes.split_first_chunk()?;
    let (left, bytes) = bytes.split_first_chunk()?;
    let (name, bytes) = bytes.split_first_chunk()?;
    let (payload, bytes) = bytes.split_first_chunk()?;
    let (name, bytes) = bytes.split_at_checked(usize::try_from(u32::from_le_bytes(*name)).ok()?)?;
    let (payload, bytes) = bytes.split_at_checked(usize::try_from(u32::from_le_bytes(*payload)).ok()?)?;
    let id = ClaimId::new(std::str::from_utf8(name).ok()?, u128::from_le_bytes(*token));
    let left = Life::For(Duration::from_millis(u64::from_le_bytes(*left)));
    let left = WallTime(u64::from_le_bytes(*ends)).remaining(now.wall).map(|behind| behind.min(left));
    let member = left.map(|left| Member {
        id,
        fence: u64::from_le_bytes(*fence),
        ends: now.tick.after(left),
        payload: Bytes::copy_from_slice(payload),
    });
    Some((member, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Now = Now { tick: Tick(1_000_000_000), wall: WallTime(1_000_000) };

    fn at(seconds: u64, wall: i64) -> Now {
        let wall = START.wall.0.checked_add_signed(wall * 1_000).unwrap();
        Now { tick: Tick(START.tick.0 + seconds * 1_000_000_000), wall: WallTime(wall) }
    }

    fn written() -> Vec<u8> {
        let mut group = Group::default();
        for (token, (name, seconds)) in [("a", 10), ("b", 20), ("ended", 0)].into_iter().enumerate() {
            let ends = at(seconds, 0).tick;
            let id = ClaimId::new(name, token as u128);
            group.add(Member { id, fence: 7, ends, payload: Bytes::from(vec![b'x'; 300]) });
        }
        let (bytes, longest) = write(&group, START);
        assert_eq!(longest, Duration::from_secs(20));
        bytes
    }

    #[test]
    fn members_live_as_long_as_they_would_have_and_never_longer() {
        for (seconds, wall, expected) in [
            (0, 0, vec![("a", 10), ("b", 20)]),
            (5, 15, vec![("b", 5)]),
            (3, -100, vec![("a", 10), ("b", 20)]),
            (0, 20, vec![]),
        ] {
            let now = at(seconds, wall);
            let members = read(&written(), now);
            let found: Vec<_> = members
                .iter()
                .map(|held| (&*held.id.member, (held.ends.0 - now.tick.0) / 1_000_000_000))
                .collect();
            assert_eq!(found, expected, "{wall} s later by the wall clock");
            assert!(members.iter().all(|held| held.payload.len() == 300 && held.fence == 7));
        }
    }

    #[test]
    fn bytes_that_are_no_group_are_none() {
        let whole = written();
        let one = 1 + 16 + 3 * 8 + 2 * 4 + 1 + 300;
        for cut in (0..whole.len()).filter(|cut| ![1, one].contains(cut)) {
            assert!(read(&whole[..cut], START).is_empty(), "cut to {cut}");
        }
        for at in [0, 41, 45, 49] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x80;
            bytes[at + 3] ^= 0xff;
            assert!(read(&bytes, START).is_empty(), "flipped at {at}");
        }
    }
}
