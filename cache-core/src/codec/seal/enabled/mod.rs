//! A build that seals. [`sealer`] is the stage; [`master`] and [`keyring`] are what people give it.

mod associated;
mod cipher;
mod derived;
mod keyring;
mod master;
mod nonces;
mod sealer;
#[cfg(feature = "cachekit")]
mod shared;

pub use cipher::Provider;
pub use keyring::Keyring;
pub use master::{IntoMasterKey, MasterKey};
pub use sealer::Sealer;
#[cfg(feature = "cachekit")]
pub use shared::{SealedAs, SharedSealer};

/// Whether sealed frames can be read.
pub(crate) const READS_SEALED: bool = true;
