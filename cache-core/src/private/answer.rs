//! A call that more than the near tier has to answer.
//!
//! Promise: what is compiled for each function is small: all but [`attached`] and [`detached`] knows the kind of its
//! results and not its body.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::Kind;
use super::kind::Of;
use crate::engine::{About, Answer, Begun, Body, Call, Engine, Keyspace, Plainly, Question, lend};
use crate::entry::{Reason, Status};
use crate::key::{CacheKey, Tag};

/// A future of a concrete type, so that it is `Send` when the body is, and may be recursive.
pub type Boxed<F> = Pin<Box<F>>;

/// What is asked, of whom.
pub(super) struct Asked<K> {
    pub(super) engine: Arc<Engine>,
    pub(super) keyspace: &'static Keyspace,
    pub(super) kind: K,
    pub(super) way: Way,
}

/// How a call is answered.
pub(super) enum Way {
    /// By what is stored, or by a load.
    Read(Question<&'static Keyspace>),
    /// By a load, whatever is stored.
    Refresh(Question<&'static Keyspace>),
    /// By the body.
    Round(Reason),
}

/// What is asked about an entry with these tags.
pub(super) fn question<K: Kind>(
    key: CacheKey,
    keyspace: &'static Keyspace,
    kind: K,
    tags: Vec<Tag>,
) -> Question<&'static Keyspace> {
    Question::new(key, keyspace, kind.values()).tagged(tags, kind.names_tags())
}

/// Answers. In a box, so that the future of a hit is small; it holds the body once, whatever it waits for: ten thousand
/// may wait.
pub(super) fn attached<K: Kind>(
    asked: Asked<K>,
    body: impl Future<Output = K::Ret>,
) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
    let Asked { engine, keyspace, kind, mut way } = asked;
    let recipe = Of(kind);
    Box::pin(async move {
        let begun = match &mut way {
            Way::Read(question) => match engine.seek(question, About::of(&recipe, false)).await {
                Ok(Answer { ret, status }) => return (ret, status),
                Err(begun) => Some(begun),
            },
            Way::Refresh(_) | Way::Round(_) => None,
        };
        let (stand_in, lender) = lend(body);
        let call = Call::attached(recipe, stand_in);
        lender.during(go_on(&engine, keyspace, &way, call, begun)).await
    })
}

/// [`attached`], of a body that owns what it needs: its load goes on when its callers have gone.
pub(super) fn detached<K>(
    asked: Asked<K>,
    body: impl Future<Output = K::Ret> + Send + 'static,
) -> Boxed<impl Future<Output = (K::Ret, Status)>>
where
    K: Kind<Ret: Send + 'static> + Send + Sync + 'static,
{
    let Asked { engine, keyspace, kind, mut way } = asked;
    let recipe = Of(kind);
    Box::pin(async move {
        let begun = match &mut way {
            Way::Read(question) => match engine.seek(question, About::of(&recipe, true)).await {
                Ok(Answer { ret, status }) => return (ret, status),
                Err(begun) => Some(begun),
            },
            Way::Refresh(_) | Way::Round(_) => None,
        };
        let body: Owned<K::Ret> = Box::pin(body);
        go_on(&engine, keyspace, &way, owning(&way, recipe, body), begun).await
    })
}

/// A body of any type that owns what it needs.
type Owned<R> = Boxed<dyn Future<Output = R> + Send>;

/// A body of any type that can run again.
pub(super) type Again<R> = Box<dyn Fn() -> Owned<R> + Send>;

/// [`detached`], of a body that can run again: what it has loaded is kept warm. Without a key there is nothing to keep.
pub(super) fn warm<K>(asked: Asked<K>, body: Again<K::Ret>) -> Boxed<impl Future<Output = (K::Ret, Status)>>
where
    K: Kind<Ret: Send + 'static> + Send + Sync + 'static,
{
    let Asked { engine, keyspace, kind, mut way } = asked;
    let recipe = Of(kind);
    Box::pin(async move {
        let sought = match &mut way {
            Way::Read(question) => engine.seek(question, About::of(&recipe, true)).await.map_err(Some),
            Way::Refresh(_) | Way::Round(_) => Err(None),
        };
        let answer = match sought {
            Ok(Answer { ret, status }) => (ret, status),
            Err(begun) => go_on(&engine, keyspace, &way, owning(&way, recipe, body()), begun).await,
        };
        if let Way::Read(question) = &way {
            let make = move || Call::detached(recipe, Plainly(body()));
            engine.keep_warm_as_said(&question.ask(), make);
        }
        answer
    })
}

/// The call of a body that owns what it needs. Only a load that may have followers goes on without its caller.
fn owning<K>(way: &Way, recipe: Of<K>, body: Owned<K::Ret>) -> Call<Of<K>, Plainly<Owned<K::Ret>>>
where
    K: Kind<Ret: Send + 'static> + Send + Sync + 'static,
{
    match way {
        Way::Read(_) => Call::detached(recipe, Plainly(body)),
        Way::Refresh(_) | Way::Round(_) => Call::attached(recipe, Plainly(body)),
    }
}

/// Whatever there is to do but to wait for the load of somebody else.
fn go_on<'a, K: Kind, B: Body<K::Ret> + 'a>(
    engine: &'a Arc<Engine>,
    keyspace: &'static Keyspace,
    way: &'a Way,
    call: Call<Of<K>, B>,
    begun: Option<Begun<'a, K::Ret>>,
) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
    Box::pin(async move {
        let Answer { ret, status } = match (way, begun) {
            (Way::Read(question), Some(begun)) => engine.proceed(question, call, begun).await,
            (Way::Read(question) | Way::Refresh(question), _) => {
                Box::pin(engine.refresh(&question.ask(), call)).await
            }
            (Way::Round(why), _) => return (engine.bypass(keyspace, call.run()).await, Status::loaded(*why)),
        };
        (ret, status)
    })
}
