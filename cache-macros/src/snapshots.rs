//! What each family of options expands to, word by word. A change in here is a change of what every user compiles:
//! look at it, then accept it with `cargo insta accept` (or `INSTA_UPDATE=always cargo test -p cache-macros`).

use proc_macro2::TokenStream;
use quote::quote;

fn pretty(expanded: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(quote!(#expanded)).unwrap())
}

/// How many lines a function of two arguments and no option is printed with: itself, three hidden functions and six
/// companions with their documents.
const LINES: usize = 85;

#[test]
fn a_plain_function_expands_to_few_lines() {
    let item = quote!(
        pub async fn user(id: u64, name: &str) -> Result<User, DbError> {
            db::fetch(id, name).await
        }
    );
    let printed = pretty(crate::expand_cached(quote!(), item));
    let lines = printed.lines().count();
    assert!(lines <= LINES, "{lines} lines:\n{printed}");
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

cached!(pretty: a_free_function, (ttl = "5m"),
    /// Finds a user.
    #[tracing::instrument(skip(db))]
    pub async fn user(id: u64, name: &str) -> Result<User, DbError> { db::fetch(id, name).await }
);

cached!(pretty: lives_and_stored_form,
    (ttl = LIFE, negative_ttl = "250ms", jitter = 0.5, immutable, schema = 2, format = "json", prefix = "user"),
    async fn user(id: u64) -> Option<User> { None }
);

cached!(pretty: local_and_conditional, (local, ttl = "never", condition = |user| user.active, cache = "reports"),
    async fn user(id: u64) -> User { User }
);

cached!(pretty: a_key_of_expressions, (key(request.tenant, id), skip(db)),
    async fn user(db: Db, Request(request): Request, mut id: String) -> User { User }
);

cached!(pretty: a_key_template, (key = "{tenant}:u-{id}"),
    async fn user(tenant: Tenant, id: u64) -> User { User }
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

cached!(pretty: ways_of_a_call, (bypass = request.no_cache, refresh = force, key(request.id)),
    async fn user(request: &Request, (force, _): (bool, u8)) -> User { User }
);

cached!(pretty: scopes_and_sensitive_parts, (user = session.user, tenant = tenant, sensitive(email), skip(session)),
    async fn user(session: Session, tenant: &str, email: String) -> User { User }
);

cached!(pretty: lives_that_values_decide_on, (ttl_with = |user| user.life, condition = is_whole),
    async fn user(id: u64) -> User { User }
);

cached!(pretty: synchronous, (ttl = "1m"),
    pub fn user(id: u64) -> Option<User> { None }
);

cached!(pretty_method: synchronous_alone, (companions = "none", shared),
    fn user(&self, (id, name): (u64, String)) -> Option<User> { Some(self.find(id, name)?) }
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

#[test]
fn invalidations() {
    let args = quote!(
        user(id, &name),
        db::typed::<T>(x),
        self.posts(page + 1),
        Self::own(self, id),
        all(user),
        all(self.posts),
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
