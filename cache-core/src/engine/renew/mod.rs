//! Values past their best: what answers meanwhile, and what gets a new one.
//!
//! [`stale`] answers with what has expired, [`refresh`] and [`warm`] load before that is needed, [`backoff`] leaves alone what
//! fails.

pub(super) mod backoff;
pub(super) mod refresh;
pub(super) mod stale;
pub(super) mod warm;
