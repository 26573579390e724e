//! The stores of larder.

pub mod near;
#[cfg(feature = "redis")]
pub mod redis;
