//! The stores of larder.

#[cfg(feature = "memory")]
pub mod memory;
pub mod near;
