//! What each form of function, and each option, expands to, word by word. A change in here is a change of what every user compiles:
//! look at it, then accept it with `cargo insta accept` (or `INSTA_UPDATE=always cargo test -p cache-macros`).

use proc_macro2::TokenStream;
use quote::quote;

/// As `rustfmt` would print it, within 89 columns.
pub(crate) fn pretty(expanded: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(quote!(#expanded)).unwrap())
}

/// A method has to stand in a block to be printed.
fn pretty_method(expanded: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(quote!(impl Users { #expanded })).unwrap())
}

fn assert(name: &str, printed: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, printed);
    });
}

macro_rules! cached {
    ($pretty:ident: $name:ident, ($($args:tt)*), $($item:tt)*) => {
        #[test]
        fn $name() {
            assert(stringify!($name), &$pretty(crate::expand_cached(quote!($($args)*), quote!($($item)*))));
        }
    };
}

cached!(pretty: a_free_function, (),
    /// Finds a user.
    #[tracing::instrument(skip(db))]
    pub async fn user(id: u64, name: &str) -> Result<User, DbError> { db::fetch(id, name).await }
);

cached!(pretty_method: a_method, (key(self.id, page), cache = self.cache),
    pub(crate) async fn posts(&self, page: u32) -> Vec<Post> { self.load(page).await }
);

cached!(pretty: generics, (skip(db)),
    async fn read<'a, T: Row + 'a, const N: usize>(db: &impl Db, id: &T, more: impl KeyPart) -> [T; N]
    where T: Clone { db.read(id, more).await }
);

cached!(pretty_method: alone, (companions = "none", shared),
    async fn user(&self, (id, name): (u64, String)) -> Result<User, DbError> { Ok(self.find(id, name).await?) }
);

cached!(pretty_method: alone_and_boxed, (companions = "none", key(self.0, id)),
    fn user<'life0, 'async_trait>(
        &'life0 self,
        id: u64,
    ) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = User> + ::core::marker::Send + 'async_trait>>
    where 'life0: 'async_trait, Self: 'async_trait
    {
        Box::pin(async move { let __self = self; let id = id; { User } })
    }
);

cached!(pretty: synchronous, (),
    pub fn user(id: u64) -> Option<User> { None }
);

cached!(pretty: a_block_of_a_trait, (impl),
    #[async_trait]
    impl<T: Row> Repo for Pg<T> where T: Clone {
        type Error = DbError;
        #[cached(ttl = "1m", key(self.id, id), companions = "none")]
        async fn alone(&self, id: u64) -> Result<T, Self::Error> { self.find(id).await }
        #[larder::cached(shared)]
        async fn get(&self, id: u64) -> Result<T, Self::Error> { self.find(id).await.map_err(Self::Error::from) }
        async fn plain(&self) {}
    }
);

cached!(pretty: a_mistake_leaves_the_function_as_it_was, (ttl = 0, tll = "5m"),
    async fn user(id: u64) -> User { User }
);

/// Every option of `#[cached]`: the function that it is on, and what it says. What is printed is what the option changes:
/// the lines that the same function without it (a method: with `self` in its key) does not have.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("ttl", "async fn user(id: u64) -> User { User }", "ttl = LIFE"),
    ("ttl_with", "async fn user(id: u64) -> User { User }", "ttl_with = |user| user.life"),
    ("prefix", "async fn user(id: u64) -> User { User }", "prefix = \"blog:user\""),
    ("key", "async fn user(of: Tenant, id: u64) -> User { User }", "key = \"{of}:u-{id}\""),
    ("skip", "async fn user(db: Db, id: u64) -> User { User }", "skip(db)"),
    ("timeout", "async fn user(id: u64) -> Result<User, E> { Ok(User) }", "timeout = \"5s\""),
    ("soft_timeout", "async fn user(id: u64) -> User { User }", "soft_timeout = \"250ms\""),
    ("max_load_time", "async fn user(id: u64) -> Result<User, E> { Ok(User) }", "max_load_time = LONG"),
    ("detach", "async fn user(db: &Db, id: u64) -> User { User }", "detach"),
    ("stale_while_revalidate", "async fn user(id: u64) -> User { User }", "stale_while_revalidate = \"1m\""),
    ("stale_if_error", "async fn user(id: u64) -> User { User }", "stale_if_error = \"1h\""),
    (
        "stale_if",
        "async fn user(id: u64) -> Result<User, E> { Ok(User) }",
        "stale_if_error = \"1h\", stale_if = |e| e.is_transient()",
    ),
    ("refresh_ahead", "async fn user(id: u64) -> User { User }", "refresh_ahead = 0.8"),
    ("never_stale", "async fn user(id: u64) -> User { User }", "never_stale"),
    ("single_flight", "async fn user(id: u64) -> User { User }", r#"single_flight = "distributed""#),
    ("sensitive", "async fn user(email: &str) -> User { User }", "sensitive(email)"),
    (
        "user",
        "async fn user(session: Session, id: u64) -> User { User }",
        "user = session.user, skip(session)",
    ),
    ("tenant", "async fn user(tenant: &str, id: u64) -> User { User }", "tenant = tenant"),
    ("cache", "async fn user(db: &Db, id: u64) -> User { User }", "cache = db.cache, skip(db)"),
    ("condition", "async fn user(id: u64) -> User { User }", "condition = is_whole"),
    ("bypass", "async fn user(id: u64) -> User { User }", "bypass = id == 0"),
    ("refresh", "async fn user(of: &Of) -> User { User }", "refresh = of.force, key(of.id)"),
    ("cache_none", "async fn user(id: u64) -> Option<User> { None }", "cache_none"),
    ("negative_ttl", "async fn user(id: u64) -> Option<User> { None }", "negative_ttl = \"250ms\""),
    ("jitter", "async fn user(id: u64) -> User { User }", "jitter = 0.5"),
    ("immutable", "async fn user(id: u64) -> User { User }", "immutable"),
    ("local", "async fn user(id: u64) -> User { User }", "local"),
    ("schema", "async fn user(id: u64) -> User { User }", "schema = 2, format = \"json\""),
    ("format", "async fn user(id: u64) -> User { User }", "format = my::Compact"),
    ("crate", "async fn user(id: u64) -> User { User }", "crate = cupboard"),
    ("shared", "async fn user(&self, id: u64) -> User { User }", "shared"),
    ("assoc", "async fn user(id: u64) -> User { User }", "assoc"),
    ("secure", "async fn user(id: u64) -> User { User }", "secure"),
    ("near", "async fn user(id: u64) -> User { User }", "secure, near"),
    (
        "tags",
        "async fn user(tenant: &str, id: u64) -> User { User }",
        "tags(\"tenant:{tenant}\", \"everybody\")",
    ),
    ("tags_with", "async fn user(id: u64) -> User { User }", "tags_with = |user| user.teams.clone()"),
    (
        "group_by",
        "async fn user(tenant: &str, region: u8, id: u64) -> User { User }",
        "group_by(tenant, region)",
    ),
    (
        "batch",
        "async fn users(db: &Db, ids: Vec<u64>) -> Vec<User> { db.find(ids).await }",
        "batch = ids, skip(db)",
    ),
    (
        "batch_chunk",
        "async fn users(ids: &[u64]) -> Vec<User> { Vec::new() }",
        "batch = ids, batch_chunk = 500",
    ),
    ("companions", "async fn user(id: u64) -> User { User }", "companions = \"none\""),
    (
        "interop",
        "async fn user(id: u64) -> User { User }",
        "interop = \"cachekit\", namespace = \"shop\", operation = \"user.get\"",
    ),
    (
        "namespace",
        "async fn user(of: &Of) -> User { User }",
        "interop = \"cachekit\", namespace = \"shop\", operation = \"user\", key(of.id)",
    ),
    (
        "operation",
        "async fn users<T>(id: T) -> User { User }",
        "interop = \"cachekit\", namespace = \"shop\", operation = \"users\"",
    ),
];

/// The same of `#[invalidate_cache]`, on one function.
const INVALIDATIONS: &[(&str, &str)] = &[
    ("all", "all(user)"),
    ("patterns", "patterns(\"user:{id}:*\")"),
    ("keys", "keys(\"user:{id}\")"),
    ("tags", "tags(\"user:{id}\")"),
    ("on", "user(id), on = \"always\""),
    ("before", "user(id), before"),
    ("cache", "user(id), cache = \"reports\""),
    ("crate", "user(id), crate = cupboard"),
];

/// The lines of an expansion that another does not have.
fn changed(expanded: &str, usual: &str) -> String {
    let mut usual: Vec<&str> = usual.lines().map(str::trim).collect();
    let is_new = |line: &&str| match usual.iter().position(|other| *other == line.trim()) {
        Some(at) => {
            usual.remove(at);
            false
        }
        None => true,
    };
    expanded.lines().filter(is_new).fold(String::new(), |text, line| text + line + "\n")
}

pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

#[test]
fn every_option_of_cached() {
    let named: Vec<&str> = OPTIONS.iter().map(|(name, ..)| *name).collect();
    for (name, _) in crate::model::names::CACHED {
        assert!(named.contains(name), "`{name}` has no snapshot");
    }
    for (name, item, args) in OPTIONS {
        let expand = |args: &str| pretty_method(crate::expand_cached(tokens(args), tokens(item)));
        let usual = expand(if item.contains("self") { "key(self.id, id)" } else { "" });
        assert(
            &format!("option_{name}"),
            &format!("// #[cached({args})]\n// {item}\n{}", changed(&expand(args), &usual)),
        );
    }
}

#[test]
fn every_option_of_invalidate_cache() {
    let named: Vec<&str> = INVALIDATIONS.iter().map(|(name, _)| *name).collect();
    for (name, _) in crate::model::names::INVALIDATE {
        assert!(named.contains(name), "`{name}` has no snapshot");
    }
    let expand = |args: &str| {
        let item = quote!(
            async fn rename(id: u64) -> Result<(), DbError> {
                db::write(id).await
            }
        );
        pretty(crate::expand_invalidate(tokens(args), item))
    };
    for (name, args) in INVALIDATIONS {
        let text = format!("// #[invalidate_cache({args})]\n{}", changed(&expand(args), &expand("user(id)")));
        assert(&format!("target_{name}"), &text);
    }
}

#[test]
fn invalidations() {
    let args = quote!(
        user(id, &name),
        db::typed::<T>(x),
        self.posts(page + 1),
        Self::own(self, id),
        all(user),
        all(self.posts),
        user(tenant = &tenant, id = 7, ..),
        self.posts(page = page, ..),
        patterns("user:{id}:*"),
        keys("user:{id}"),
        cache = self.cache
    );
    let item = quote!(
        /// Renames a user.
        pub async fn rename(&mut self, id: u64, name: String) -> Result<(), DbError> {
            self.write(id, name).await
        }
    );
    assert("invalidations", &pretty_method(crate::expand_invalidate(args, item)));
}

#[test]
fn parts_of_keys() {
    let item = quote!(
        enum Role<T, U> {
            Guest,
            Member(UserId),
            Admin {
                of: T,
                #[key_part(skip)]
                cell: Cell<U>,
            },
        }
    );
    assert("part_of_a_key_enum", &pretty(crate::expand_key_part(item)));
    assert(
        "part_of_a_key_struct",
        &pretty(crate::expand_key_part(quote!(
            struct UserId(u64);
        ))),
    );
}
