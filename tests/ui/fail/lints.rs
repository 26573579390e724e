//! What is dead is said of the user's own methods, and of nothing that stands beside a cached one.

#![deny(dead_code)]

struct Users(u64);

impl Users {
    #[larder::cached(key(self.0, id))]
    async fn user(&self, id: u64) -> u64 { self.0 + id }

    fn never_called(&self) -> u64 { self.0 }
}

fn main() { drop(Users(1).user(2)); }
