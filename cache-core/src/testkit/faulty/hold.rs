//! Stopping a call half-way, at a point that the test chose.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::watch;

use crate::port::backend::Verb;

/// Where a call stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nothing has happened yet.
    Before,
    /// The inner backend has answered; the caller does not know.
    After,
}

/// Calls of one verb stop while this exists. Dropping it lets them go on, so a failing test does not hang.
#[derive(Debug)]
#[must_use = "dropping it releases the calls"]
pub struct Hold(Arc<Point>);

#[derive(Debug)]
struct Point {
    verb: Verb,
    moment: Moment,
    arrived: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

impl Hold {
    /// Waits until a call has stopped here.
    pub async fn arrived(&self) {
        self.arrived_times(1).await;
    }

    /// Waits until this many calls have stopped here.
    pub async fn arrived_times(&self, calls: usize) {
        let mut arrived = self.0.arrived.subscribe();
        let _ = arrived.wait_for(|count| *count >= calls).await;
    }

    /// How many calls have stopped here.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.0.arrived.borrow()
    }

    /// Lets the stopped calls, and all later ones, go on.
    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.released.send_replace(true);
    }
}

/// The points at which calls stop.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Vec<Weak<Point>>>);

impl Holds {
    pub(super) fn add(&self, verb: Verb, moment: Moment) -> Hold {
        let point = Arc::new(Point {
            verb,
            moment,
            arrived: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&point));
        Hold(point)
    }

    /// Stops here for as long as the test wants.
    pub(super) async fn pass(&self, verb: Verb, moment: Moment) {
        for point in self.on_the_way(verb, moment) {
            let mut released = point.released.subscribe();
            point.arrived.send_modify(|count| *count += 1);
            let _ = released.wait_for(|released| *released).await;
        }
    }

    fn on_the_way(&self, verb: Verb, moment: Moment) -> Vec<Arc<Point>> {
        let mut points = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        points.retain(|point| point.strong_count() > 0);
        let held = points.iter().filter_map(Weak::upgrade);
        held.filter(|point| point.verb == verb && point.moment == moment && !*point.released.borrow())
            .collect()
    }
}
