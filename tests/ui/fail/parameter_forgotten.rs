use larder::cached;

#[cached(key(id), skip(db))]
async fn user(id: u64, db: &str, lang: &str, (a, b): (u8, u8)) -> u64 {
    let _ = (db, lang, a, b);
    id
}

fn main() {}
