//! Loads that stay open while other things happen.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;

use super::{Checked, Key, Millis, Open, World, expect, life, shown, text, version};
use crate::ops::KEYS;

impl World {
    pub(super) async fn begin(&mut self, key: Key, millis: Millis) -> Checked {
        if !self.cache.is_enabled() || self.is_loading(key).await {
            return Ok(());
        }
        self.reads += 1;
        let version_now = self.next();
        let tags = self.tags(key);
        let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let task = tokio::spawn({
            let (cache, loads, began, go) =
                (self.cache.clone(), Arc::clone(&self.loads), Arc::clone(&began), Arc::clone(&go));
            async move {
                let loader = || async move {
                    loads.fetch_add(1, Ordering::SeqCst);
                    began.notify_one();
                    go.notified().await;
                    Ok::<_, String>(text(version_now, false))
                };
                cache.get_or_load(KEYS[key], loader).ttl(life(millis)).tags(tags).await
            }
        });
        let doubtful = self.tiers.tagged && !self.is_calm();
        let mut open = Open { key, life: millis, version: version_now, overtaken: false, doubtful, go, task };
        tokio::select! {
            () = began.notified() => {
                self.model.judge(key, None)?;
                self.open.push(open);
                Ok(())
            }
            found = &mut open.task => self.judge(key, Some(version(&found.unwrap().map_err(shown)?))),
        }
    }

    pub(super) async fn finish(&mut self, index: usize) -> Checked {
        if index >= self.open.len() {
            return Ok(());
        }
        let Open { key, life, version: loaded, overtaken, doubtful, go, task } = self.open.remove(index);
        go.notify_one();
        let answer = task.await.unwrap().map_err(shown)?;
        expect(version(&answer) == loaded, "a caller got another value than its loader's")?;
        if !overtaken && self.cache.is_enabled() {
            let certain = self.is_calm() && !doubtful;
            self.model.add(key, loaded, life, certain);
        }
        Ok(())
    }

    pub(super) async fn abort(&mut self, index: usize) -> Checked {
        if index < self.open.len() {
            let open = self.open.remove(index);
            open.task.abort();
            let _ = open.task.await;
        }
        Ok(())
    }
}
