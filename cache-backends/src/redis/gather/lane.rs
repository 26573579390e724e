//! A lane: a task that sends one batch after the other while there are any.
//!
//! It yields while its batch still grows: without that, callers split into two halves that alternate, and each batch
//! is half as large as it could be. Invariant: while something waits, a lane is open.

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::redis::node::Node;

/// How often a lane lets others add to its batch.
const YIELDS: usize = 4;

/// A lane that counts as open until it leaves: a task, or a caller that found nothing under way.
pub(super) struct Lane {
    node: Node,
    is_task: bool,
    left: bool,
}

impl Lane {
    pub(super) fn of_caller(node: &Node) -> Self {
        Self { node: node.clone(), is_task: false, left: false }
    }

    pub(super) fn of_task(node: &Node) -> Self {
        Self { node: node.clone(), is_task: true, left: false }
    }

    pub(super) async fn run(mut self) {
        while self.is_wanted() {
            self.let_others_in().await;
            let Some(mut batch) = self.node.gather().next() else { continue };
            let found = match batch.until > Instant::now() {
                true => self.node.fetch(&batch.keys).await,
                false => vec![Err(self.node.too_late()); batch.keys.len()],
            };
            batch.settle(found);
        }
    }

    /// Whether anything waits; if not, the lane has left, in the same step.
    fn is_wanted(&mut self) -> bool {
        self.left = self.node.gather().leave_if_nobody_waits();
        !self.left
    }

    async fn let_others_in(&self) {
        let mut waiting = self.node.gather().waiting();
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
            let now = self.node.gather().waiting();
            if now == waiting {
                return;
            }
            waiting = now;
        }
    }
}

impl Drop for Lane {
    /// Leaves. With the last lane, those who came meanwhile get a task; but if this was one its runtime has ended,
    /// and they are let go.
    fn drop(&mut self) {
        if self.left || !self.node.gather().leave() {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) if !self.is_task => {
                self.node.gather().open_lane();
                runtime.spawn(Self::of_task(&self.node).run());
            }
            _ => self.node.gather().let_go(),
        }
    }
}
