//! The stores of larder.

#[cfg(feature = "redis")]
pub mod redis;
