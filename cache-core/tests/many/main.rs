//! Many keys in one call: what each gets, what is shared, what reaches the tiers, what an invalidation does to them.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod deletes;
mod finality;
mod limits;
mod sharing;
mod tiers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cache_core::manager::CacheManager;
use tokio::sync::Notify;

/// A source that remembers which ids it was asked for, call by call.
#[derive(Clone, Default)]
struct Source {
    calls: Arc<Mutex<Vec<Vec<u64>>>>,
    began: Arc<Notify>,
    open: Arc<Notify>,
}

type Reply = Result<HashMap<u64, String>, String>;

impl Source {
    /// Gives `user <id>`, and leaves ids of 100 and more out.
    async fn users(self, ids: Vec<u64>) -> Reply {
        self.calls.lock().unwrap().push(ids.clone());
        Ok(ids.into_iter().filter(|id| *id < 100).map(|id| (id, user(id))).collect())
    }

    /// The same, when it is let go.
    async fn users_later(self, ids: Vec<u64>) -> Reply {
        let open = Arc::clone(&self.open);
        let users = self.clone().users(ids).await;
        self.began.notify_one();
        open.notified().await;
        users
    }

    fn calls(&self) -> Vec<Vec<u64>> {
        self.calls.lock().unwrap().clone()
    }
}

fn user(id: u64) -> String {
    format!("user {id}")
}

fn near_only() -> CacheManager {
    CacheManager::builder().near(common::near()).jitter(0.0).build().unwrap()
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
