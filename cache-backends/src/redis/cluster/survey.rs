//! Who finds out which server holds which slots, and finds out again.
//!
//! Promise: a server that fails, or that says that it does not hold what it is asked for, has the layout looked up
//! again; while one that should hold slots is away, about every second, until another took its place. Callers never
//! wait for that, except for the very first layout. Invariant: at most one task, and it ends with its work, with
//! [`Survey::shut`], with the value, or with its runtime.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};

use cache_core::error::{Error, ErrorKind, Result};

use super::view::{Layout, Spot, View};
use crate::redis::address::Address;
use crate::redis::call::{Terms, no_runtime};
use crate::redis::config::Settings;
use crate::redis::gather::Manner;
use crate::redis::node::Node;
use crate::redis::pause::spread;
use crate::redis::source::Source;
use crate::redis::together::{Boxed, together};

/// So much time lies between two looks at least: a cluster that moves slots redirects many callers at once.
const SPACING: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Survey(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Arc<Settings>,
    /// What every server is spoken to like: credentials, TLS, protocol.
    template: Address,
    seeds: Vec<Address>,
    known: watch::Sender<Known>,
    /// Every server that was ever named and is still of use.
    nodes: Mutex<HashMap<Spot, Node>>,
    looking: AtomicBool,
    again: AtomicBool,
    task: Mutex<Option<AbortHandle>>,
}

/// What is known about the cluster.
#[derive(Debug, Clone, Default)]
struct Known {
    view: Option<Arc<View>>,
    /// Why there is no view.
    failure: Option<Error>,
}

impl Survey {
    pub(super) fn new(settings: Arc<Settings>, template: Address, seeds: Vec<Address>) -> Self {
        Self(Arc::new(Shared {
            settings,
            template,
            seeds,
            known: watch::Sender::new(Known::default()),
            nodes: Mutex::default(),
            looking: AtomicBool::new(false),
            again: AtomicBool::new(false),
            task: Mutex::new(None),
        }))
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn seeds(&self) -> &[Address] {
        &self.0.seeds
    }

    /// Whether a call has a chance now. What was never tried counts as available.
    pub(super) fn is_available(&self) -> bool {
        let known = self.0.known.borrow();
        let any = |view: &Arc<View>| view.nodes().any(|(_, node)| node.is_available());
        known.failure.is_none() && known.view.as_ref().is_none_or(any)
    }

    /// The present view, or why there is none.
    pub(super) async fn view(&self, until: Instant) -> Result<Arc<View>> {
        if let Some(view) = &self.0.known.borrow().view {
            return Ok(Arc::clone(view));
        }
        if let Some(failure) = &self.0.known.borrow().failure {
            return Err(failure.clone());
        }
        Handle::try_current().map_err(|_| no_runtime())?;
        let mut known = self.0.known.subscribe();
        self.look_again();
        let is_known = |known: &Known| known.view.is_some() || known.failure.is_some();
        match timeout_at(until, known.wait_for(is_known)).await {
            Ok(Ok(known)) => match (&known.view, &known.failure) {
                (Some(view), _) => Ok(Arc::clone(view)),
                (None, Some(failure)) => Err(failure.clone()),
                (None, None) => Err(self.0.nobody_answered()),
            },
            _ => Err(self.0.nobody_answered()),
        }
    }

    /// Has the layout looked up, in the background.
    pub(super) fn look_again(&self) {
        self.0.again.store(true, Ordering::Release);
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.0.looking.swap(true, Ordering::AcqRel) {
            let task = runtime.spawn(Looking(Arc::clone(&self.0)).run()).abort_handle();
            *self.0.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        }
    }

    /// Looks now, whatever failed before, and connects to all that hold slots.
    pub(super) async fn open(&self) -> Result<()> {
        let view = self.0.look().await?;
        let opening = view.nodes().map(|(_, node)| -> Boxed<'_, Result<()>> { Box::pin(node.open()) });
        together(opening.collect(), |_| false).await.into_iter().flatten().collect()
    }

    /// The server at a spot, whether it holds slots or not.
    pub(super) fn node(&self, spot: &Spot) -> Node {
        self.0.node(spot)
    }

    /// Lets go of everything. The next call begins anew.
    pub(super) fn shut(&self) {
        if let Some(task) = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.0.known.send_replace(Known::default());
        let nodes = std::mem::take(&mut *self.0.nodes());
        nodes.values().for_each(Node::shut);
    }
}

impl Drop for Survey {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Shared {
    /// Asks those that hold slots, else the seeds, and takes the layout that most of them name.
    async fn look(&self) -> Result<Arc<View>> {
        let holders: Vec<_> = match &self.known.borrow().view {
            Some(view) => view.nodes().map(|(spot, node)| (spot.clone(), node.clone())).collect(),
            None => Vec::new(),
        };
        let layout = match self.layout(holders).await {
            Some(layout) => layout,
            None => self.layout(self.seed_nodes()).await.ok_or_else(|| self.nobody_answered())?,
        };
        Ok(self.install(layout))
    }

    async fn layout(&self, nodes: Vec<(Spot, Node)>) -> Option<Layout> {
        let asked = nodes.len();
        let asking = nodes
            .iter()
            .map(|(spot, node)| -> Boxed<'_, Option<Layout>> { Box::pin(self.layout_of(spot, node)) });
        let most = |answers: &[Option<Option<Layout>>]| {
            most_named(answers.iter().flatten().flatten()).is_some_and(|(_, votes)| votes * 2 > asked)
        };
        let answers = together(asking.collect(), most).await;
        most_named(answers.iter().flatten().flatten()).map(|(layout, _)| layout.clone())
    }

    async fn layout_of(&self, spot: &Spot, node: &Node) -> Option<Layout> {
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let terms = Terms::reading("connect", self.settings.connect_timeout * 2);
        let answer: Value = node.ask(&terms.one(&command), Some).await.ok()?;
        Layout::read(answer, &spot.host)
    }

    fn seed_nodes(&self) -> Vec<(Spot, Node)> {
        let spots = self.seeds.iter().filter_map(Address::spot);
        let spots = spots.map(|(host, port)| Spot { host: host.to_owned(), port });
        spots.map(|spot| (spot.clone(), self.node(&spot))).collect()
    }

    fn node(&self, spot: &Spot) -> Node {
        let make = || {
            let source = Source::Fixed(self.template.at(&spot.host, spot.port));
            Node::new(Arc::clone(&self.settings), source, Manner::OneByOne)
        };
        self.nodes().entry(spot.clone()).or_insert_with(make).clone()
    }

    /// Servers that hold nothing any more are let go of, and their connections with them.
    fn install(&self, layout: Layout) -> Arc<View> {
        let view = Arc::new(View::new(layout, |spot| self.node(spot)));
        let held: Vec<Spot> = view.nodes().map(|(spot, _)| spot.clone()).collect();
        self.nodes().retain(|spot, _| held.contains(spot));
        self.known.send_replace(Known { view: Some(Arc::clone(&view)), failure: None });
        view
    }

    fn is_whole(&self) -> bool {
        let whole = |view: &Arc<View>| view.nodes().all(|(_, node)| node.is_available());
        self.known.borrow().view.as_ref().is_some_and(whole)
    }

    fn nobody_answered(&self) -> Error {
        let seeds: Vec<String> = self.seeds.iter().map(ToString::to_string).collect();
        let text = format!("no server of the cluster at {} says who holds which keys", seeds.join(", "));
        Error::new(ErrorKind::Unavailable, text)
            .with_fix("see that they run with cluster-enabled and are reached; else write redis://")
    }

    fn nodes(&self) -> MutexGuard<'_, HashMap<Spot, Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The layout that is named most often, and how often.
fn most_named<'a>(layouts: impl Iterator<Item = &'a Layout> + Clone) -> Option<(&'a Layout, usize)> {
    let votes = |named: &Layout| layouts.clone().filter(|layout| *layout == named).count();
    layouts.clone().map(|layout| (layout, votes(layout))).max_by_key(|(_, votes)| *votes)
}

/// The task that looks.
struct Looking(Arc<Shared>);

impl Looking {
    async fn run(self) {
        let mut pause = SPACING;
        loop {
            self.0.again.store(false, Ordering::Release);
            if let Err(failure) = self.0.look().await {
                self.0.known.send_if_modified(|known| {
                    let news = known.view.is_none();
                    if news {
                        known.failure = Some(failure);
                    }
                    news
                });
            }
            if self.0.is_whole() {
                pause = SPACING;
            }
            sleep(spread(pause)).await;
            if self.0.is_whole() && !self.0.again.load(Ordering::Acquire) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.looking.store(false, Ordering::Release);
    }
}
