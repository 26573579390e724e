//! LZ4 blocks by themselves, as foreign envelopes hold them: no size in front, however small.

use lz4_flex::block::compress as lz4;

/// A block of these bytes.
pub(in crate::codec) fn compress(data: &[u8]) -> Vec<u8> {
    lz4(data)
}

/// How many bytes a block holds, by its own sequences; `None` when it is cut short, or is none. Allocates nothing.
pub(in crate::codec) fn length(block: &[u8]) -> Option<u64> {
    let (mut rest, mut length) = (block, 0_u64);
    loop {
        let (&token, tail) = rest.split_first()?;
        rest = tail;
        let literals = extended(token >> 4, &mut rest)?;
        rest = rest.get(usize::try_from(literals).ok()?..)?;
        length = length.checked_add(literals)?;
        if rest.is_empty() {
            return Some(length);
        }
        let (distance, tail) = rest.split_first_chunk::<2>()?;
        rest = tail;
        let distance = u64::from(u16::from_le_bytes(*distance));
        if distance == 0 || distance > length {
            return None;
        }
        length = length.checked_add(extended(token & 0x0f, &mut rest)?)?.checked_add(4)?;
    }
}

/// A length of four bits, or of those and the bytes that follow, up to the first that is not 255.
fn extended(nibble: u8, rest: &mut &[u8]) -> Option<u64> {
    let mut length = u64::from(nibble);
    if nibble < 15 {
        return Some(length);
    }
    loop {
        let (&more, tail) = rest.split_first()?;
        *rest = tail;
        length = length.checked_add(u64::from(more))?;
        if more < 255 {
            return Some(length);
        }
    }
}
