//! Which thread leads which load, and which waits for one.
//!
//! Promise: no circle of threads that wait for each other is ever closed. A thread that would close one (the leader
//! waits, perhaps over others, for this very thread; a load that asks for its own key is the shortest) does not wait.
//! Invariant: whether to wait is decided, and noted, under one lock.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, ThreadId};

use crate::key::CacheKey;

/// A load: of which manager, of which key.
type Load = (usize, CacheKey);

#[derive(Default)]
struct Table {
    leading: HashMap<Load, ThreadId>,
    waiting: HashMap<ThreadId, Load>,
}

/// One for all managers: a load of one may wait for a load of another.
static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// No code of a user runs under this lock.
fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This thread leads a load, until this is dropped.
pub(super) struct Leading(Load);

/// This thread waits for a load, until this is dropped.
pub(super) struct Waiting(ThreadId);

/// Notes that this thread leads.
pub(super) fn lead(manager: usize, key: &CacheKey) -> Leading {
    let load = (manager, key.clone());
    table().leading.insert(load.clone(), thread::current().id());
    Leading(load)
}

/// Notes that this thread waits; `None` when it would wait for itself.
pub(super) fn wait(manager: usize, key: &CacheKey) -> Option<Waiting> {
    let (mut table, this, load) = (table(), thread::current().id(), (manager, key.clone()));
    if table.leads_to(&load, this) {
        return None;
    }
    table.waiting.insert(this, load);
    Some(Waiting(this))
}

impl Table {
    /// Whether the leader of a load is this thread, or waits for it.
    fn leads_to(&self, load: &Load, this: ThreadId) -> bool {
        let mut next = Some(load);
        while let Some(leader) = next.and_then(|load| self.leading.get(load)) {
            if *leader == this {
                return true;
            }
            next = self.waiting.get(leader);
        }
        false
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        let mut table = table();
        // A refresh may have taken the key over meanwhile.
        if table.leading.get(&self.0) == Some(&thread::current().id()) {
            table.leading.remove(&self.0);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        table().waiting.remove(&self.0);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Waiting {
    /// Parks this thread until a future is done. (It is not polled within a task's budget: a thread that blocks never
    /// gives its task back, so the budget would never be filled again.)
    pub(super) fn until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(tokio::task::unconstrained(future));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;

    fn key(text: &str) -> CacheKey {
        CacheKey::direct(&Namespace::default(), text).unwrap()
    }

    /// What another thread notes, and goes on noting until it is joined.
    fn elsewhere<T: Send + 'static>(note: impl FnOnce() -> T + Send + 'static) -> impl FnOnce() {
        let (noted, seen) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let note = note();
            noted.send(()).unwrap();
            let _ = wait.recv();
            drop(note);
        });
        seen.recv().unwrap();
        move || {
            drop(done);
            thread.join().unwrap();
        }
    }

    #[test]
    fn a_circle_of_waits_is_not_closed() {
        let _mine = lead(1, &key("a"));
        assert!(wait(1, &key("a")).is_none(), "its own load");
        assert!(wait(2, &key("a")).is_some(), "another manager's");
        let end = elsewhere(|| (lead(1, &key("b")), wait(1, &key("a")).unwrap()));
        assert!(wait(1, &key("b")).is_none(), "whose leader waits for this thread");
        let far_end = elsewhere(|| (lead(1, &key("c")), wait(1, &key("b")).unwrap()));
        assert!(wait(1, &key("c")).is_none(), "over two threads");
        far_end();
        end();
        assert!(wait(1, &key("b")).is_some() && wait(1, &key("c")).is_some());
    }

    #[test]
    fn a_thread_is_parked_until_the_future_is_done() {
        let (send, receive) = tokio::sync::oneshot::channel();
        let waiting = wait(1, &key("parked")).unwrap();
        let sender = thread::spawn(move || send.send(7).unwrap());
        assert_eq!(waiting.until(receive), Ok(7));
        sender.join().unwrap();
    }
}
