//! Tokens to spanned arguments. Nothing here knows what an option means.

pub(crate) mod args;
pub(crate) mod block;
pub(crate) mod enclosing;
mod fragment;
pub(crate) mod item;
pub(crate) mod key_part;
pub(crate) mod life;
pub(crate) mod template;
