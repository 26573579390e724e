//! What is listed comes back once its deadline is reached, and only a few per call.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const BUCKET: u64 = 1 << BUCKET_BITS;

fn ended(lists: &Deadlines<u64>, now: u64) -> Vec<u64> {
    lists.locked().take_ended(Tick(now)).into_iter().flatten().collect()
}

fn listed(lists: &Deadlines<u64>, name: u64, deadline: u64) -> Option<Place> {
    lists.list(name, Tick(deadline), Tick(0)).0
}

#[test]
fn a_call_gives_back_eight_however_many_have_ended_and_loses_none() {
    let lists = Deadlines::default();
    for name in 0..100_000 {
        listed(&lists, name, 1 + name * BUCKET / 10_000);
    }
    let mut back = Vec::new();
    for call in 1..=100_000 / 8 {
        let some = ended(&lists, 11 * BUCKET);
        assert_eq!((some.len(), lists.len()), (8, 100_000 - 8 * call));
        back.extend(some);
    }
    assert_eq!(back, (0..100_000).collect::<Vec<_>>(), "the soonest first");
    assert!(lists.locked().buckets.is_empty() && ended(&lists, u64::MAX).is_empty());
}

#[test]
fn of_the_list_that_time_is_in_a_call_looks_at_eight() {
    let lists = Deadlines::default();
    for name in 0..7 {
        listed(&lists, name, BUCKET + 9);
    }
    for name in 7..9 {
        listed(&lists, name, BUCKET + 5);
    }
    assert!(ended(&lists, BUCKET + 4).is_empty());
    assert_eq!(ended(&lists, BUCKET + 5), [7], "the ninth waits until those before it have ended ..");
    assert_eq!(ended(&lists, BUCKET + 9), [0, 1, 2, 3, 4, 5, 6, 8]);

    for name in 0..9 {
        listed(&lists, name, 2 * BUCKET - 1 - name / 8);
    }
    assert!(ended(&lists, 2 * BUCKET - 2).is_empty());
    assert_eq!(ended(&lists, 2 * BUCKET).len(), 8, ".. or until all of the list have");
}

#[test]
fn what_never_ends_is_not_listed() {
    let lists = Deadlines::default();
    assert_eq!((lists.list(7, Tick::NEVER, Tick(0)).0, lists.len()), (None, 0));
    lists.forget(None);
}

#[test]
fn what_has_left_is_taken_off_once() {
    let lists = Deadlines::default();
    let place = listed(&lists, 1, 5);
    lists.forget(place);
    let next = listed(&lists, 2, 5);
    lists.forget(place);
    assert_eq!((lists.len(), ended(&lists, 5)), (1, vec![2]));
    lists.forget(next);
    assert_eq!(lists.len(), 0);
}

#[derive(Debug, Clone)]
enum Step {
    List(u64),
    Forget(usize),
    Take(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..4 * BUCKET).prop_map(Step::List),
        3 => any::<usize>().prop_map(Step::Forget),
        1 => (0..4 * BUCKET).prop_map(Step::Take),
    ];
    proptest::collection::vec(step, 0..300)
}

proptest! {
    #[test]
    fn the_lists_agree_with_a_map(steps in steps()) {
        let lists = Deadlines::default();
        let mut places = Vec::new();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::List(deadline) => {
                    let name = places.len() as u64;
                    places.push(listed(&lists, name, deadline));
                    model.insert(name, deadline);
                }
                Step::Forget(_) if places.is_empty() => {}
                Step::Forget(which) => {
                    let name = which % places.len();
                    lists.forget(places[name]);
                    model.remove(&(name as u64));
                }
                Step::Take(now) => {
                    for name in ended(&lists, now) {
                        prop_assert!(model.remove(&name).is_some_and(|deadline| deadline <= now));
                    }
                }
            }
            prop_assert_eq!(lists.len(), model.len());
        }
        let mut left: Vec<_> = (0..model.len().div_ceil(8)).flat_map(|_| ended(&lists, 4 * BUCKET)).collect();
        left.sort_unstable();
        prop_assert_eq!(left, model.into_keys().collect::<Vec<_>>());
        prop_assert!(lists.locked().buckets.is_empty());
    }
}
