//! The stores of larder.

pub mod near;
