//! Who runs what goes on in the background.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// A task without a result.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts tasks. Everything that a manager runs in the background goes through it.
pub trait Spawner: Debug + Send + Sync + 'static {
    /// Starts a task; `false` when there is nothing to run it on (the task is dropped).
    fn spawn(&self, task: Task) -> bool;
}

/// Starts tasks on the tokio runtime that the caller is on.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioSpawner;

impl Spawner for TokioSpawner {
    fn spawn(&self, task: Task) -> bool {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(task);
                true
            }
            Err(_) => false,
        }
    }
}

/// Starts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSpawner;

impl Spawner for NoSpawner {
    fn spawn(&self, _: Task) -> bool {
        false
    }
}
