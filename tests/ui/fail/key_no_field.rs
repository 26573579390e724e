use larder::cached;

struct Query {
    tenant: u64,
}

#[cached(key(query.tenat))]
async fn user(query: &Query) -> u64 {
    query.tenant
}

fn main() {}
