//! A hit and a miss of the near store allocate nothing: counted, not assumed.

use std::hint::black_box;
use std::sync::Arc;

use allocation_counter::measure;
use cache_backends::near::Near;
use cache_core::key::{CacheKey, Namespace, PartsProbe, SpaceName};
use cache_core::port::near::{HeldKind, NearEntry, NearMeta, NearStore, Times};
use cache_core::time::Tick;

#[test]
fn a_hit_and_a_miss_allocate_nothing() {
    let (namespace, users) = (Namespace::default(), SpaceName::named("user", 0));
    let near: Arc<dyn NearStore> = Arc::new(Near::default().build().unwrap());
    let meta = NearMeta {
        fresh_until: Tick(1_000),
        times: Times::until(Tick(0), Tick(1_000)),
        born: 0,
        cells: [0; 6],
        weight: 100,
        negative: false,
        only_here: false,
        kind: HeldKind::of::<u64>(),
    };
    for id in 0..1_000_u64 {
        let key = CacheKey::of_parts(&namespace, &users, &(id, ("ann", ())));
        near.insert(&key, NearEntry { value: Arc::new(id), meta, validator: None }, Tick(0), &mut |_| {});
    }
    let mut found = 0;
    let counted = measure(|| {
        for id in 0..2_000_u64 {
            let parts = (id, ("ann", ()));
            found += usize::from(
                black_box(near.get(&PartsProbe::new(users.id(), &parts), &mut |_| true)).is_some(),
            );
        }
    });
    assert_eq!((found, counted.count_total), (1_000, 0));
    assert_eq!(measure(|| drop(black_box(vec![1_u8]))).count_total, 1, "the counter counts");
}
