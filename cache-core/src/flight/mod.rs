//! Flights: one load per key, whoever asks.
//!
//! Promise: nothing strands a follower. The first caller leads; the others follow and get its outcome; when
//! the leader is dropped or panics before it has one, the flight is vacated and a follower takes over. A flight
//! that was forgotten (its key was invalidated) still serves those who joined before, and nobody else. The table is
//! bounded: when it is full, whoever comes leads a flight that nobody can join, and it stays as it is.
//! `model.rs` checks the table and the cell under every interleaving.

mod cell;
mod table;

#[cfg(test)]
mod cell_tests;
#[cfg(test)]
mod model;

mod sync {
    pub(super) use std::sync::atomic::{AtomicU64, Ordering};
    pub(super) use std::sync::{Mutex, MutexGuard, OnceLock};
}

pub(crate) use table::{Flights, Follow, Lead, Seat};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::table::SHARDS;
    use super::*;
    use crate::key::{CacheKey, Namespace};

    fn key() -> CacheKey {
        CacheKey::direct(&Namespace::default(), "user:7").unwrap()
    }

    fn lead(flights: &Arc<Flights<u32>>) -> Lead<u32> {
        match flights.seat(&key()) {
            Seat::Lead(lead) => lead,
            Seat::Follow(_) => panic!("somebody else leads"),
        }
    }

    fn follow(flights: &Arc<Flights<u32>>) -> Follow<u32> {
        match flights.seat(&key()) {
            Seat::Lead(_) => panic!("nobody leads"),
            Seat::Follow(follow) => follow,
        }
    }

    #[tokio::test]
    async fn followers_get_the_outcome_also_those_who_come_late() {
        let flights = Arc::new(Flights::default());
        let leader = lead(&flights);
        let mut early = follow(&flights);
        leader.tell(7);
        let mut late = follow(&flights);
        drop(leader);
        assert_eq!((early.outcome().await, late.outcome().await), (Some(&7), Some(&7)));
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn a_full_table_lists_no_more_flights_and_keeps_those_it_has() {
        let full = Arc::new(Flights::with_room(0));
        let (first, second) = (lead(&full), lead(&full));
        first.tell(1);
        drop((first, second));
        assert_eq!(full.len(), 0);
        let flights = Arc::new(Flights::with_room(1));
        let listed = lead(&flights);
        let crowd: Vec<_> =
            (0..500).map(|id| CacheKey::direct(&Namespace::default(), &format!("k:{id}"))).collect();
        let others: Vec<_> = crowd.iter().map(|key| flights.seat(key.as_ref().unwrap())).collect();
        assert!(others.iter().all(|seat| matches!(seat, Seat::Lead(_))) && flights.len() <= SHARDS);
        let mut follower = follow(&flights);
        listed.tell(7);
        assert_eq!(follower.outcome().await, Some(&7));
        drop((others, listed));
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn a_vacated_flight_is_taken_over_by_a_follower() {
        let flights = Arc::new(Flights::default());
        let leader = lead(&flights);
        let (mut first, mut second) = (follow(&flights), follow(&flights));
        drop(leader);
        assert_eq!((first.outcome().await, second.outcome().await), (None, None));
        let leader = lead(&flights);
        let mut second = follow(&flights);
        leader.tell(8);
        assert_eq!(second.outcome().await, Some(&8));
    }

    #[tokio::test]
    async fn a_forgotten_flight_serves_only_those_who_had_joined() {
        let flights = Arc::new(Flights::default());
        let overtaken = lead(&flights);
        let mut joined = follow(&flights);
        flights.forget(&key());
        let fresh = lead(&flights);
        overtaken.tell(1);
        fresh.tell(2);
        drop(overtaken);
        assert_eq!((joined.outcome().await, follow(&flights).outcome().await), (Some(&1), Some(&2)));
        drop(fresh);
        assert_eq!(flights.len(), 0);
    }
}
