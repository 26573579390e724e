//! A cluster: every key has a slot, every slot a server.
//!
//! Promise: a call goes to the server that holds its key and follows where that one redirects it, within its own
//! deadline; a server that hangs or dies costs its own keys only, until the cluster has another in its place.
//! Invariant: no command names keys of two slots. [`survey`] knows who holds what, [`view`] is one such knowledge.
//!
//! Each server is a `node` like a standalone one: its own connections, deadlines and supervisors. The client
//! library's cluster connection is not used: `docs/decisions/0009-clusters-by-own-routing.md`.

mod slot;
mod survey;
mod view;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, Pipeline, Value};
use tokio::time::{Instant, sleep};

use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::CacheKey;

use super::address::Address;
use super::call::{Call, Terms, command};
use super::config::Settings;
use super::error::{Failure, Reason, unexpected};
use super::node::Node;
use super::reply;
use super::shape::Keyed;
use super::together::{Boxed, together};
use slot::slot_of;
use survey::Survey;
use view::Spot;

/// So often a call follows a redirection; more means that the servers contradict each other.
const HOPS: usize = 4;
/// A slot that is on its way asks for patience.
const PATIENCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Cluster {
    survey: Survey,
}

/// Commands that go to one server, and where their answers belong.
struct Group {
    spot: Spot,
    node: Node,
    places: Vec<usize>,
    pipeline: Pipeline,
}

impl Cluster {
    pub(super) fn new(settings: Arc<Settings>, template: Address, seeds: Vec<Address>) -> Self {
        Self { survey: Survey::new(settings, template, seeds) }
    }

    pub(super) fn settings(&self) -> &Settings {
        self.survey.settings()
    }

    pub(super) fn is_available(&self) -> bool {
        self.survey.is_available()
    }

    pub(super) async fn open(&self) -> Result<()> {
        self.survey.open().await
    }

    pub(super) fn shut(&self) {
        self.survey.shut();
    }

    /// Every server that holds slots.
    pub(super) async fn nodes(&self) -> Result<Vec<Node>> {
        let until = Instant::now() + self.settings().scan_timeout;
        let view = self.survey.view(until).await?;
        Ok(view.nodes().map(|(_, node)| node.clone()).collect())
    }

    /// The frame under a key, read together with what others read from the same server.
    pub(super) async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>, Failure> {
        let until = Instant::now() + self.settings().read_timeout;
        let (spot, node) = self.holder(key.as_str().as_bytes(), until).await?;
        let command = command("GET", key);
        let call = Terms::reading("get", self.settings().read_timeout).by(until);
        self.follow((spot, node.gathered(key, until).await), &call.one(&command), reply::frame).await
    }

    /// Asks the server that holds the key.
    pub(super) async fn ask<T>(
        &self,
        key: &[u8],
        call: &Call<'_>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let (spot, node) = self.holder(key, call.until()).await?;
        self.follow((spot, node.ask(call, read).await), call, read).await
    }

    /// Asks many things about a key each: one pipeline per server, all at once.
    pub(super) async fn ask_each(
        &self,
        terms: Terms,
        commands: Vec<Keyed<'_>>,
    ) -> Vec<Result<Value, Failure>> {
        let mut answers: Vec<Result<Value, Failure>> = Vec::with_capacity(commands.len());
        let mut groups = HashMap::new();
        for (place, Keyed { key, command }) in commands.into_iter().enumerate() {
            // Stays where no server holds the slot, or no answer comes.
            answers.push(Err(unserved()));
            match self.holder(key, terms.until()).await {
                Ok(holder) => add(&mut groups, holder, place, command),
                Err(failure) => answers.iter_mut().last().into_iter().for_each(|a| *a = Err(failure.clone())),
            }
        }
        let asking = groups.values().map(|group| -> Boxed<'_, Vec<(usize, Result<Value, Failure>)>> {
            Box::pin(self.ask_group(terms, group))
        });
        let answered = together(asking.collect(), |_| false).await;
        for (place, answer) in answered.into_iter().flatten().flatten() {
            if let Some(held) = answers.get_mut(place) {
                *held = answer;
            }
        }
        answers
    }

    async fn ask_group(&self, terms: Terms, group: &Group) -> Vec<(usize, Result<Value, Failure>)> {
        let answers = group.node.ask_each(terms, &group.pipeline).await;
        let mut followed = Vec::with_capacity(answers.len());
        for ((answer, command), place) in
            answers.into_iter().zip(group.pipeline.cmd_iter()).zip(&group.places)
        {
            let call = terms.one(command);
            followed.push((*place, self.follow((group.spot.clone(), answer), &call, Some).await));
        }
        followed
    }

    /// Goes where a server redirects to, and has the layout looked up when something is wrong with it.
    async fn follow<T>(
        &self,
        (mut spot, mut answer): (Spot, Result<T, Failure>),
        call: &Call<'_>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        for _ in 0..HOPS {
            let Err(failure) = &answer else { return answer };
            // A slot on its way says nothing against the layout: its old server still answers for it.
            let on_its_way = matches!(failure.reason, Reason::OnItsWay | Reason::NotThereYet);
            if (failure.error.is_transient() && !on_its_way) || failure.reason == Reason::Moved {
                self.survey.look_again();
            }
            let elsewhere = failure.place.as_deref().and_then(|place| Spot::parse(place, &spot.host));
            answer = match (failure.reason, elsewhere) {
                (Reason::Moved, Some(elsewhere)) => {
                    spot = elsewhere;
                    self.survey.node(&spot).ask(call, read).await
                }
                (Reason::Importing, Some(elsewhere)) => {
                    spot = elsewhere;
                    let answer = self.survey.node(&spot).ask_importing(call, read).await;
                    answer.map_err(Failure::while_importing)
                }
                (Reason::OnItsWay, _) => {
                    sleep(PATIENCE).await;
                    self.survey.node(&spot).ask(call, read).await
                }
                _ => return answer,
            };
        }
        answer.map_err(|failure| match failure.reason {
            Reason::Moved | Reason::Importing => contradiction(),
            _ => failure,
        })
    }

    async fn holder(&self, key: &[u8], until: Instant) -> Result<(Spot, Node), Failure> {
        let view = self.survey.view(until).await.map_err(Failure::other)?;
        let holder = view.holder(slot_of(key));
        let holder = holder.map(|(spot, node)| (spot.clone(), node.clone()));
        holder.ok_or_else(|| {
            self.survey.look_again();
            unserved()
        })
    }
}

fn add(groups: &mut HashMap<Spot, Group>, (spot, node): (Spot, Node), place: usize, command: Cmd) {
    let group = groups.entry(spot.clone()).or_insert_with(|| Group {
        spot,
        node,
        places: Vec::new(),
        pipeline: Pipeline::new(),
    });
    group.places.push(place);
    group.pipeline.add_command(command);
}

/// An answer of another shape than the command has.
pub(super) fn nonsense() -> Failure {
    unexpected(&"a server of the cluster")
}

fn contradiction() -> Failure {
    let text = "the servers of the cluster redirect a call in a circle";
    Failure::other(Error::new(ErrorKind::Unavailable, text))
}

fn unserved() -> Failure {
    Failure::other(Error::new(ErrorKind::Unavailable, "no server of the cluster holds the slot of the key"))
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds: Vec<String> = self.survey.seeds().iter().map(ToString::to_string).collect();
        write!(f, "cluster of {}", seeds.join(", "))
    }
}
