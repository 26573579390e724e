//! Bytes as the vectors spell them.

/// Hexadecimal digits, each so many times.
pub(crate) type Runs = [(&'static str, usize)];

pub(crate) fn bytes(runs: &Runs) -> Vec<u8> {
    runs.iter().flat_map(|(digits, count)| hex(digits).repeat(*count)).collect()
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
