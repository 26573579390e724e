//! The only prefix: one namespace per manager, on every physical key.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::KeySecret;
use super::escape::escape_into;
use crate::error::{Error, ErrorKind, Result};

/// A manager's share of a store: `shop` makes physical keys `shop:d:user:7`.
///
/// Data keys are `ns:d:..`; leases `ns:l:..`, tokens `ns:t:..`, claims `ns:c:..` and meta `ns:m:..` never
/// match a data pattern.
///
/// It also knows under which secret sensitive parts of its keys are written; two namespaces of one name are equal.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// What every data key begins with.
    data: Arc<str>,
    secret: Option<Arc<KeySecret>>,
}

/// What stands between a namespace and its data keys.
const DATA: &str = ":d:";

impl Namespace {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is empty or longer than 64 bytes.
    pub fn new(name: &str) -> Result<Self> {
        if name.is_empty() || name.len() > 64 {
            return Err(Error::new(ErrorKind::Config, format!("namespace holds {name:?}"))
                .with_fix("give a name of 1 to 64 bytes, e.g. the service's"));
        }
        let mut escaped = String::with_capacity(name.len());
        escape_into(&mut escaped, name);
        escaped.push_str(DATA);
        Ok(Self { data: escaped.into(), secret: None })
    }

    /// The same name, with the secret of its sensitive parts.
    #[must_use]
    pub fn with_secret(self, secret: KeySecret) -> Self {
        Self { secret: Some(Arc::new(secret)), ..self }
    }

    /// The secret of its sensitive parts.
    pub(super) fn secret(&self) -> Option<&KeySecret> {
        self.secret.as_deref()
    }

    /// The name, escaped.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.data.strip_suffix(DATA).unwrap_or_default()
    }

    /// What every data key of this namespace begins with.
    #[must_use]
    pub fn data_prefix(&self) -> String {
        self.data.as_ref().to_owned()
    }

    /// [`Namespace::data_prefix`], borrowed.
    pub(super) fn prefix(&self) -> &str {
        &self.data
    }

    /// What every claim of this namespace begins with. No data key does.
    #[must_use]
    pub fn claim_prefix(&self) -> String {
        format!("{}:c:", self.as_str())
    }

    /// What every token of this namespace begins with. No data key does.
    #[must_use]
    pub fn token_prefix(&self) -> String {
        format!("{}:t:", self.as_str())
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self { data: "larder:d:".into(), secret: None }
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Eq for Namespace {}

impl Hash for Namespace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.data.hash(state);
    }
}
