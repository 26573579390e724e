//! The options there are, and how each is written.

use syn::Ident;

use crate::suggest::did_you_mean;

/// The options of `#[cached]`, each with an example.
pub(crate) const CACHED: &[(&str, &str)] = &[
    ("ttl", "ttl = \"5m\""),
    ("ttl_with", "ttl_with = |user| user.life"),
    ("prefix", "prefix = \"user\""),
    ("key", "key(id, user.tenant)` or `key = \"{tenant}:{id}\""),
    ("skip", "skip(db, request)"),
    ("timeout", "timeout = \"5s\""),
    ("soft_timeout", "soft_timeout = \"200ms\""),
    ("max_load_time", "max_load_time = \"30s\""),
    ("detach", "detach"),
    ("stale_while_revalidate", "stale_while_revalidate = \"1m\""),
    ("stale_if_error", "stale_if_error = \"1h\""),
    ("stale_if", "stale_if = |error| error.is_transient()"),
    ("refresh_ahead", "refresh_ahead = 0.8"),
    ("single_flight", "single_flight = \"distributed\""),
    ("never_stale", "never_stale"),
    ("sensitive", "sensitive(email)"),
    ("user", "user = session.user"),
    ("tenant", "tenant = session.tenant"),
    ("cache", "cache = \"persistent\"` or `cache = self.cache"),
    ("condition", "condition = |user| user.active"),
    ("bypass", "bypass = request.no_cache"),
    ("refresh", "refresh = request.force"),
    ("cache_none", "cache_none"),
    ("negative_ttl", "negative_ttl = \"30s\""),
    ("jitter", "jitter = 0.15"),
    ("immutable", "immutable"),
    ("local", "local"),
    ("secure", "secure` or `secure(near)"),
    ("near", "secure, near"),
    ("schema", "schema = 2"),
    ("format", "format = \"json\"` or `format = my::Compact"),
    ("crate", "crate = path::to::larder"),
    ("shared", "shared"),
    ("assoc", "assoc"),
    ("tags", "tags(\"user:{id}\", \"tenant:{tenant}\")"),
    ("tags_with", "tags_with = |user| user.teams.clone()"),
    ("group_by", "group_by(tenant)"),
    ("batch", "batch = ids"),
    ("batch_chunk", "batch_chunk = 500"),
    ("companions", "companions = \"none\""),
    ("interop", "interop = \"cachekit\""),
    ("namespace", "namespace = \"shop\""),
    ("operation", "operation = \"user.get\""),
];

/// The options and targets of `#[invalidate_cache]`, each with an example.
pub(crate) const INVALIDATE: &[(&str, &str)] = &[
    ("all", "all(user)"),
    ("patterns", "patterns(\"user:{id}:*\")"),
    ("keys", "keys(\"user:{id}\")"),
    ("tags", "tags(\"tenant:{tenant}\")"),
    ("on", "on = \"always\""),
    ("before", "before"),
    ("cache", "cache = \"persistent\"` or `cache = self.cache"),
    ("crate", "crate = path::to::larder"),
];

/// How an option is written.
pub(crate) fn example(option: &str) -> String {
    let known = CACHED.iter().chain(INVALIDATE).find(|(name, _)| *name == option);
    known.map_or_else(String::new, |(_, example)| format!("write `{example}`"))
}

/// What is to be said about an option of `#[cached]` that is none.
pub(crate) fn no_option(name: &Ident) -> String {
    let name = name.to_string();
    if name == "impl" {
        return "`impl` is for a whole `impl` block; leave it out here".to_owned();
    }
    let known = CACHED.iter().map(|(name, _)| *name);
    format!("there is no option `{name}`{}", did_you_mean(&name, known))
}
