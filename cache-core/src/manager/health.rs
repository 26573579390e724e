//! How the tiers are.

use std::future::Future;
use std::time::Duration;

use crate::engine::Engine;
use crate::error::ErrorKind;
use crate::port::backend::{BackendHealth, ServerHealth};
use crate::recovery::Quarantine;

/// How long a backend without a deadline of its own may take to report.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the tiers of a manager are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The primary byte tier; `null` when there is none.
    pub primary: &'static str,
    /// Whether it says that it can be reached.
    pub primary_available: bool,
    /// The fallback byte tier; `null` when there is none.
    pub fallback: &'static str,
    /// Whether the fallback serves.
    pub on_fallback: bool,
    /// Whether the primary has not been told everything, and so is in quarantine.
    pub journal_pending: bool,
    /// The same with its reason: since when, what is owed, and what the primary refused.
    pub quarantine: Option<Quarantine>,
    /// The longest that a near copy of what others can change is trusted.
    pub near_ttl: Option<Duration>,
    /// What the servers behind the primary say about themselves; empty when it has none, or none was asked.
    pub servers: Vec<ServerHealth>,
    /// Why servers gave no answer; empty when all that were asked gave one.
    pub silent: Vec<String>,
}

impl Engine {
    pub(super) fn health_now(&self) -> Health {
        let (tiers, quarantine) = (self.tiers(), self.quarantine());
        Health {
            primary: tiers.primary().name,
            primary_available: tiers.primary().backend.is_available(),
            fallback: tiers.fallback().name,
            on_fallback: tiers.exist() && tiers.on_fallback(),
            journal_pending: quarantine.is_some(),
            quarantine,
            near_ttl: self.near_ttl(),
            servers: Vec::new(),
            silent: Vec::new(),
        }
    }

    pub(super) async fn health(&self) -> Health {
        let BackendHealth { servers, silent } = self.ask_servers().await;
        Health { servers, silent, ..self.health_now() }
    }

    /// A primary that is known to be away is not asked: that would only cost its time-out.
    async fn ask_servers(&self) -> BackendHealth {
        let primary = self.tiers().primary();
        let nothing = |why: String| BackendHealth { silent: vec![why], ..BackendHealth::default() };
        if !primary.backend.info().capability.health {
            return BackendHealth::default();
        }
        if !primary.backend.is_available() {
            return nothing(format!("{} cannot be reached", primary.name));
        }
        match within(PATIENCE, primary.backend.health()).await {
            Some(Ok(health)) => health,
            Some(Err(error)) if error.kind() == ErrorKind::Unsupported => BackendHealth::default(),
            Some(Err(error)) => nothing(error.to_string()),
            None => nothing(format!("{} gave no answer within {PATIENCE:?}", primary.name)),
        }
    }
}

/// The answer, if it comes in time. Without a runtime there are no timers, and the backend has to bound itself.
async fn within<T>(limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => tokio::time::timeout(limit, answer).await.ok(),
        Err(_) => Some(answer.await),
    }
}
