//! What was written, as typed values that keep their spans.

pub(crate) mod batch;
pub(crate) mod free;
pub(crate) mod function;
pub(crate) mod key;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod outside;
pub(crate) mod param;
pub(crate) mod plan;
pub(crate) mod returned;
pub(crate) mod source;
pub(crate) mod target;
pub(crate) mod targets;
mod values;
