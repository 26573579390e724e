//! What the servers behind a backend say about themselves.

/// What the servers behind a backend say about themselves; see [`CacheBackend::health`](super::CacheBackend::health).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BackendHealth {
    /// Those that answered: one, or each that holds keys.
    pub servers: Vec<ServerHealth>,
    /// Why the others did not.
    pub silent: Vec<String>,
}

impl BackendHealth {
    /// One server that answered.
    #[must_use]
    pub fn of(server: ServerHealth) -> Self {
        Self { servers: vec![server], silent: Vec::new() }
    }
}

/// What one server says about itself. Names no user and no password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServerHealth {
    /// Where it is.
    pub address: String,
    /// Program and version: `redis 7.0.15`.
    pub version: String,
    /// `master`, `replica`, or what it calls itself.
    pub role: String,
    /// The first 8 characters of what names this run of it: another one after a restart.
    pub run_id: String,
    /// Bytes of memory in use.
    pub used_memory: Option<u64>,
    /// Bytes of memory that it may use; `None` without a bound.
    pub max_memory: Option<u64>,
}
