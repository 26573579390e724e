//! Taking away: [`invalidate`] removes, [`expire`] ends a life and keeps a candidate; [`unfinished`] ends what a caller abandoned.

mod expire;
pub(super) mod invalidate;
pub(super) mod unfinished;
