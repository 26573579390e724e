//! How long a call may wait, and how long a load may run.
//!
//! Promise: a deadline is one absolute point in time, taken when the call begins; waiting for another caller's load,
//! asking the tiers and loading all count against it. Limits are timers of tokio: on another runtime they are not
//! kept, and under `tokio::time::pause` a test steers them together with `testkit::TokioTime`.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Once;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::engine::{Ask, Engine, Keyspace};
use crate::error::{Error, ErrorKind};

const SOFT: &str = "soft_timeout";

/// A point in time after which something is given up.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Limit {
    at: Instant,
    after: Duration,
    /// The option that set it.
    name: &'static str,
}

/// When a caller stops waiting.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Limits {
    /// It takes a stale answer, if there is one.
    soft: Option<Limit>,
    /// It takes what there is, or an error.
    hard: Option<Limit>,
}

impl Limit {
    /// So long from now. What lies beyond all time is no limit.
    pub(super) fn from_now(name: &'static str, after: Option<Duration>) -> Option<Self> {
        let after = after?;
        Instant::now().checked_add(after).map(|at| Self { at, after, name })
    }

    /// Whether it ends nothing, but lets a stale value answer.
    pub(super) fn is_soft(&self) -> bool {
        self.name == SOFT
    }

    /// What is told to whoever is given up.
    pub(in crate::engine) fn error(&self, ask: &Ask<'_>) -> Error {
        let Self { after, name, .. } = self;
        Error::new(ErrorKind::Timeout, format!("no value for the key {} within {name} = {after:?}", ask.key))
            .during("load")
            .with_fix(format!("raise {name}, or give stale_if_error so that an older value can answer"))
    }

    /// Waits for a future until then.
    pub(in crate::engine) async fn within<F: Future>(&self, future: Pin<&mut F>) -> Option<F::Output> {
        if Handle::try_current().is_err() {
            return Some(future.await);
        }
        timeout_at(self.at, future).await.ok()
    }

    /// Waits until then.
    pub(in crate::engine) async fn passed(&self) {
        let _never = self.within(pin!(pending::<()>())).await;
    }
}

impl Limits {
    /// Whether there is one.
    pub(super) fn exist(self) -> bool {
        self.soft.is_some() || self.hard.is_some()
    }

    /// Without the soft one: what a caller does itself cannot go on without it.
    pub(in crate::engine) fn hard(self) -> Self {
        Self { soft: None, ..self }
    }

    /// Waits for a future. At each limit `late` may end the waiting with something else; if it has nothing, the
    /// caller cannot be told and waits on.
    pub(in crate::engine) async fn wait<F: Future, T>(
        self,
        future: F,
        mut late: impl FnMut(Limit) -> Option<T>,
    ) -> Result<F::Output, T> {
        let mut future = pin!(future);
        for limit in [self.soft, self.hard].into_iter().flatten() {
            if let Some(output) = limit.within(future.as_mut()).await {
                return Ok(output);
            }
            if let Some(instead) = late(limit) {
                return Err(instead);
            }
        }
        Ok(future.await)
    }
}

impl Engine {
    /// The limits of a call that begins now.
    pub(in crate::engine) fn limits(&self, ask: &Ask<'_>) -> Limits {
        let (own, usual) = (&ask.space.policy, &self.parts.policy);
        let hard = Limit::from_now("timeout", own.timeout.or(usual.timeout));
        let soft = Limit::from_now(SOFT, own.soft_timeout.or(usual.soft_timeout));
        if own.soft_timeout.is_some() && self.windows(ask).longest().is_zero() {
            say_that_none_answers(ask.space);
        }
        Limits { soft: soft.filter(|soft| hard.is_none_or(|hard| soft.at < hard.at)), hard }
    }

    /// When a load that begins now is given up.
    pub(in crate::engine) fn load_limit(&self, ask: &Ask<'_>) -> Option<Limit> {
        let own = ask.space.policy.max_load_time;
        Limit::from_now("max_load_time", own.or(self.parts.policy.max_load_time))
    }
}

/// A direct call is refused before; a cached function has met its manager only now. Said once.
#[cold]
fn say_that_none_answers(space: &Keyspace) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::error!(
            function = space.name.as_str(),
            "soft_timeout has no effect: neither the function nor its manager has a stale window; give stale_if_error or \
             stale_while_revalidate to one of them"
        );
    });
}
