//! Scalars and headers, each in its shortest form.

/// Below this a float that is an integer is written as one: 2^64.
const BEYOND_U64: f64 = 18_446_744_073_709_551_616.0;
/// From this on: -2^63.
const LEAST_I64: f64 = -9_223_372_036_854_775_808.0;

pub(super) fn unsigned(out: &mut Vec<u8>, value: u64) {
    match (u8::try_from(value), u16::try_from(value), u32::try_from(value)) {
        (Ok(value @ 0..=0x7f), ..) => out.push(value),
        (Ok(value), ..) => out.extend([0xcc, value]),
        (_, Ok(value), _) => wide(out, 0xcd, value.to_be_bytes()),
        (_, _, Ok(value)) => wide(out, 0xce, value.to_be_bytes()),
        _ => wide(out, 0xcf, value.to_be_bytes()),
    }
}

pub(super) fn signed(out: &mut Vec<u8>, value: i64) {
    if let Ok(value) = u64::try_from(value) {
        return unsigned(out, value);
    }
    match (i8::try_from(value), i16::try_from(value), i32::try_from(value)) {
        (Ok(value @ -32..), ..) => out.extend(value.to_be_bytes()),
        (Ok(value), ..) => wide(out, 0xd0, value.to_be_bytes()),
        (_, Ok(value), _) => wide(out, 0xd1, value.to_be_bytes()),
        (_, _, Ok(value)) => wide(out, 0xd2, value.to_be_bytes()),
        _ => wide(out, 0xd3, value.to_be_bytes()),
    }
}

/// A finite float: the integer that it is, else 64 bits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "integral and within the range")]
pub(super) fn float(out: &mut Vec<u8>, value: f64) {
    let is_integer = value.trunc().to_bits() == value.to_bits() || value == 0.0;
    match value {
        _ if is_integer && (0.0..BEYOND_U64).contains(&value) => unsigned(out, value as u64),
        _ if is_integer && (LEAST_I64..0.0).contains(&value) => signed(out, value as i64),
        _ => wide(out, 0xcb, value.to_be_bytes()),
    }
}

pub(super) fn text(out: &mut Vec<u8>, value: &str) {
    match u8::try_from(value.len()) {
        Ok(length @ 0..=31) => out.push(0xa0 | length),
        Ok(length) => out.extend([0xd9, length]),
        Err(_) => header(out, 0xda, 0xdb, value.len()),
    }
    out.extend_from_slice(value.as_bytes());
}

pub(super) fn binary(out: &mut Vec<u8>, value: &[u8]) {
    match u8::try_from(value.len()) {
        Ok(length) => out.extend([0xc4, length]),
        Err(_) => header(out, 0xc5, 0xc6, value.len()),
    }
    out.extend_from_slice(value);
}

/// The header of an array.
pub(in super::super) fn array_header(out: &mut Vec<u8>, count: usize) {
    match u8::try_from(count) {
        Ok(count @ 0..=15) => out.push(0x90 | count),
        _ => header(out, 0xdc, 0xdd, count),
    }
}

pub(super) fn map_header(out: &mut Vec<u8>, count: usize) {
    match u8::try_from(count) {
        Ok(count @ 0..=15) => out.push(0x80 | count),
        _ => header(out, 0xde, 0xdf, count),
    }
}

/// Saturates beyond 4 GiB, which no argument has: its bytes would have to be in memory too.
fn header(out: &mut Vec<u8>, short: u8, long: u8, length: usize) {
    match u16::try_from(length) {
        Ok(length) => wide(out, short, length.to_be_bytes()),
        Err(_) => wide(out, long, u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()),
    }
}

fn wide<const N: usize>(out: &mut Vec<u8>, marker: u8, bytes: [u8; N]) {
    out.push(marker);
    out.extend(bytes);
}
