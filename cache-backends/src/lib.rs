//! The stores of larder.
