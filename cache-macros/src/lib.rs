//! The macros of larder.
