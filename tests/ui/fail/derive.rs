//! `#[derive(KeyPart)]` where it cannot be.

use larder::KeyPart;

#[derive(KeyPart)]
union Either { left: u64, right: f64 }

#[derive(KeyPart)]
#[key_part(skip)]
struct SkippedAsAWhole {
    #[key_part(ignore)]
    id: u64,
}

#[derive(KeyPart)]
enum Variant {
    #[key_part(skipp)]
    One(#[key_part(skip = true)] u64),
    Two {
        #[key_part]
        id: u64,
    },
}

#[derive(KeyPart)]
#[key_part(crate = "larder")]
struct CrateInQuotes(u64);

fn main() {}
