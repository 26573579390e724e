//! The stores of larder.

#[cfg(feature = "disk")]
pub mod disk;

#[cfg(feature = "disk")]
pub use disk::{DiskBackend, DiskBuilder, DiskUsage};
