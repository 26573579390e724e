//! The stores of larder.

#[cfg(feature = "disk")]
pub mod disk;
#[cfg(feature = "memory")]
pub mod memory;
pub mod near;

#[cfg(feature = "disk")]
pub use disk::{DiskBackend, DiskBuilder, DiskUsage};
