//! What followers of a failed load receive when the loader's error cannot be cloned.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The text of another caller's loader error: display and debug are kept, `downcast_ref` to the original is not.
///
/// An error type that implements `From<SharedError>` (`anyhow::Error`, `eyre::Report` and
/// `Box<dyn Error + Send + Sync>` do) is shared with the callers that waited for the same load.
#[derive(Clone)]
pub struct SharedError(Arc<Texts>);

struct Texts {
    display: String,
    debug: String,
}

impl SharedError {
    /// Keeps the texts of an error.
    pub fn of(error: &(impl fmt::Display + fmt::Debug)) -> Self {
        Self(Arc::new(Texts { display: format!("{error:#}"), debug: format!("{error:?}") }))
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.display)
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.debug)
    }
}

impl StdError for SharedError {}
