//! The macros of larder: [`macro@cached`], [`macro@invalidate_cache`] and [`macro@KeyPart`].
//!
//! Each goes one way: `parse` (tokens to spanned arguments), `model` (what they mean), `validate` (all rejections
//! at once, each at the user's token with the fix), `expand` (few lines for each function, `lengths.rs`; all logic is
//! ordinary code of `cache_core::private`). When something is wrong, `fallback` emits the errors and the function as it was.
//!
//! `CACHE_MACROS_DEBUG=1` in the environment of a build prints what every use expands to.

/// `quote!` with names of ours: they never meet the user's.
macro_rules! quote_ours {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

mod blocks;
mod expand;
mod fallback;
mod model;
mod parse;
mod path;
mod problems;
mod suggest;
mod validate;

#[cfg(test)]
mod lengths;
#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;

use crate::model::function::Function;
use crate::model::options::Options;
use crate::model::plan::{Place, Plan};
use crate::model::targets::Targets;
use crate::problems::Problems;

/// Caches a function or method, asynchronous or not.
///
/// A hit is found by the borrowed arguments and costs tens of nanoseconds; a miss runs the body, once for all who
/// ask at the same time. `Result` and `Option` are recognised by type, through aliases too: only `Ok` and `Some`
/// are stored. Trouble of the cache is never the caller's.
///
/// ```
/// use larder::cached;
///
/// #[cached(ttl = "5m", skip(db))]
/// async fn user(db: &Db, id: u64) -> Result<String, std::io::Error> {
///     db.fetch(id).await
/// }
/// # struct Db;
/// # impl Db { async fn fetch(&self, id: u64) -> Result<String, std::io::Error> { Ok(format!("user {id}")) } }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert_eq!(user(&Db, 7).await?, "user 7");
/// assert!(user_peek(7).await.is_some());
/// assert_eq!(user_invalidate(7).await?.removed, 1);
/// # Ok(()) }
/// ```
///
/// | option | default | meaning |
/// |---|---|---|
/// | `ttl = "5m"`, `= 300`, `= expr`, `= "never"` | the manager's | how long a value is fresh; an expression (`Duration` or `Ttl`) is evaluated once |
/// | `ttl_with = path` or closure | - | `fn(&T) -> Duration` (or `Ttl`): the value decides; zero is returned, not stored |
/// | `key(id, user.tenant)`, `key = "{tenant}:{id}"` | all arguments | what enters the key |
/// | `skip(db, request)` | - | arguments that are no part of the key |
/// | `sensitive(email)` | - | parts that enter the key as an HMAC under the manager's key secret |
/// | `user = expr`, `tenant = expr` | - | whose entry it is; `None` is nobody, never user 0 |
/// | `shared` | - | a method whose key ignores `self` on purpose |
/// | `prefix = "user"` | the path of the function | the name of the keyspace |
/// | `cache = expr` or `"name"` | the global manager | which manager; an expression may use the arguments |
/// | `condition = \|value\| ..` or a path | always | `fn(&T) -> bool`: `false` is returned, not stored |
/// | `bypass = expr` | `false` | over the arguments: neither read nor write |
/// | `refresh = expr` | `false` | over the arguments: load now, store under the ordinary key |
/// | `timeout = "5s"` | the manager's | how long a call may take; late, it is answered by a stale value if it may, else by an error (`E: From<larder::Error>`) |
/// | `soft_timeout = "200ms"` | the manager's | after this a stale value answers, if there is one, while the load goes on |
/// | `max_load_time = "30s"` | the manager's | a load that takes longer is ended, and its key is free (`E: From<larder::Error>`) |
/// | `detach` | off | the load goes on when its callers have gone; it owns its arguments |
/// | `stale_while_revalidate = "1m"` | the manager's | past its life a value answers at once, while one load refreshes it; implies `detach` |
/// | `stale_if_error = "1h"` | the manager's | past its life a value answers in place of an error |
/// | `stale_if = path` or closure | every error | `fn(&E) -> bool`: which errors those are |
/// | `refresh_ahead = 0.8`, `= expr` | the manager's | a read after this fraction of the life refreshes; or a `RefreshAhead`; implies `detach` |
/// | `single_flight = "local"`, `"distributed"`, `"off"` | the manager's (`"local"`) | who loads what many callers miss at once: one of this process, one of all that share the primary, each of them |
/// | `never_stale` | off | no window applies, whatever the manager says |
/// | `cache_none`, `negative_ttl = "30s"` | off | `None` is remembered, for this long |
/// | `jitter = 0.15` | the manager's | spread of lives |
/// | `local` | off | near tier only: no serde |
/// | `secure` | off | sealed at rest under the manager's master key, never stale, no near tier (feature `encrypt`) |
/// | `secure(near)`, or `near` beside `secure` | off | the same, and live values are in the near tier |
/// | `immutable` | off | what a key names never changes |
/// | `format = "msgpack"`, `"json"`, `"bincode"` or a path to a `CustomFormat`, `schema = 2` | msgpack, 0 | the stored form, and its version |
/// | `tags("user:{id}", ..)` | - | names by which entries are invalidated together; over the arguments in the key |
/// | `tags_with = path` or closure | - | `fn(&T) -> impl IntoIterator<Item: AsRef<str>>`: names that the value says |
/// | `group_by(tenant)` | - | arguments by which entries are invalidated together: `user_invalidate_by_tenant(t)` |
/// | `batch = ids` | - | an argument `Vec<K>` or `&[K]` lists ids: each is an entry, the body gets those that are nowhere |
/// | `batch_chunk = 500` | all of them | the most ids that the body gets at once |
/// | `companions = "none"` | all | one function and nothing beside it: for methods of a trait's `impl` |
/// | `impl` | - | on an `impl` block: `#[cached(..)]` on methods inside knows where they stand, and what a trait's method has beside it stands in an `impl` of the type |
/// | `assoc` | - | an associated function that mentions neither `self` nor `Self` |
/// | `crate = path` | `::larder` | where larder is |
///
/// Beside `user` stand, as visible as it is: `user_uncached(..)` (the body), `user_refresh(..)` (the body, stored),
/// `user_with_status(..)` (the answer, and what it is worth), `user_peek(..)` (what is stored), `user_invalidate(..)` and
/// `user_cache_key(..)`. The last three take what names an entry and nothing else: the arguments that the key (or
/// `cache`) mentions.
///
/// A function that is not `async` is cached in the near tier alone, with companions that are not either; who asks for
/// what another thread loads waits on its own thread.
///
/// Arguments are parts of keys: [`KeyPart`](macro@KeyPart). Values are `Clone`, or behind an `Arc` that is handed out
/// as it is; unless `local`, they are `Serialize` and `DeserializeOwned`.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    finish("cached", expand_cached(args.into(), item.into()))
}

/// Invalidates cached functions when a function has changed what they read.
///
/// The targets are computed before the body, which may move the arguments. They are invalidated when it returned
/// `Ok`, `Some`, `None` or a plain value; not after an `Err`. When the caller goes away in the body, whether anything
/// changed is unknown: then they are invalidated too, on a task of their own.
///
/// ```
/// use larder::{cached, invalidate_cache};
///
/// #[cached(ttl = "5m", prefix = "user")]
/// async fn user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// #[invalidate_cache(user(id), patterns("page:{id}:*"))]
/// async fn rename(id: u64, name: String) -> Result<(), std::io::Error> {
///     drop(name);
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// user(7).await;
/// rename(7, "ann".to_owned()).await?;
/// assert_eq!(user_peek(7).await, None);
/// # Ok(()) }
/// ```
///
/// | target | what goes |
/// |---|---|
/// | `user(id)`, `db::user(id)` | the entry of these key arguments; types and arity are checked |
/// | `self.get(id)` | the same of a method |
/// | `all(user)`, `all(user::<T>)`, `all(Self::get)` | every entry of a function |
/// | `patterns("page:{id}:*")` | what matches; a `*` inside an argument is literal |
/// | `user(tenant = t, ..)` | the group of these arguments (`group_by`) |
/// | `tags("user:{id}")` | what names this tag |
/// | `keys("user:{id}")` | this key |
///
/// | option | default | meaning |
/// |---|---|---|
/// | `on = "ok"`, `= "always"` | `"ok"` | whether an `Err` is followed by the invalidations too |
/// | `before` | off | once before the body too: for a write that takes long |
///
/// `cache = expr` or `"name"` says where; without it functions are invalidated in the cache that they fill, tags,
/// patterns and keys in the global one. `crate = path` says where larder is.
#[proc_macro_attribute]
pub fn invalidate_cache(args: TokenStream, item: TokenStream) -> TokenStream {
    finish("invalidate_cache", expand_invalidate(args.into(), item.into()))
}

/// Makes a type a part of cache keys.
///
/// Two values share a key exactly when all their fields do. A struct of one field is a key as that field is, so that
/// `UserId(7)` reads `7`; several fields read `(a,b)`, variants `@Admin(7)`. `#[key_part(skip)]` leaves a field out.
///
/// ```
/// use larder::{KeyPart, build_cache_key};
///
/// #[derive(KeyPart)]
/// struct UserId(u64);
///
/// #[derive(KeyPart)]
/// enum Scope {
///     Everybody,
///     One { user: UserId, #[key_part(skip)] trace: String },
/// }
///
/// let one = Scope::One { user: UserId(7), trace: "abc".to_owned() };
/// assert_eq!(build_cache_key("posts", &(one, 2_u64))?.to_string(), "posts:@One(7):2");
/// assert_eq!(build_cache_key("posts", &(Scope::Everybody,))?.to_string(), "posts:@Everybody");
/// # Ok::<(), larder::Error>(())
/// ```
#[proc_macro_derive(KeyPart, attributes(key_part))]
pub fn derive_key_part(item: TokenStream) -> TokenStream {
    finish("KeyPart", expand_key_part(item.into()))
}

fn expand_cached(args: TokenStream2, item: TokenStream2) -> TokenStream2 {
    match parse::item::block(&item) {
        Some(block) => blocks::expand(args, parse::block::Block::of(block)),
        None => fallback::or_original(try_cached(args, item.clone()), &item),
    }
}

fn try_cached(args: TokenStream2, item: TokenStream2) -> syn::Result<TokenStream2> {
    let mut problems = Problems::default();
    let options = Options::read(parse::args::parse(args, &mut problems), &mut problems);
    let function = problems.keep(parse::item::function(item, "cached")).map(Function::new);
    if let Some(function) = &function {
        validate::cached(&options, function, &mut problems);
        validate::place(&options, function, &mut problems);
    }
    problems.into_result()?;
    let plan = function.map(|function| Plan::new(options, function, Place::Unknown));
    Ok(plan.map(|plan| expand::cached::expand(&plan).into_tokens()).unwrap_or_default())
}

fn expand_invalidate(args: TokenStream2, item: TokenStream2) -> TokenStream2 {
    fallback::or_original(try_invalidate(args, item.clone()), &item)
}

fn try_invalidate(args: TokenStream2, item: TokenStream2) -> syn::Result<TokenStream2> {
    let mut problems = Problems::default();
    let targets = Targets::read(args, &mut problems);
    let function = problems.keep(parse::item::function(item, "invalidate_cache")).map(Function::new);
    if let Some(function) = &function {
        validate::invalidate(function, &mut problems);
    }
    problems.into_result()?;
    Ok(function.map(|function| expand::invalidate::expand(&targets, &function)).unwrap_or_default())
}

fn expand_key_part(item: TokenStream2) -> TokenStream2 {
    let expanded = syn::parse2(item).and_then(|input| expand::key_part::expand(&input));
    expanded.unwrap_or_else(syn::Error::into_compile_error)
}

/// Prints the expansion when it was asked for.
fn finish(name: &str, expanded: TokenStream2) -> TokenStream {
    if std::env::var_os("CACHE_MACROS_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{name}:\n{expanded}\n");
    }
    expanded.into()
}
