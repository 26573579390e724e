//! The machine: closed, open, half-open. Pure: it is told the time, and draws nothing by itself.

use std::time::Duration;

use super::BreakerConfig;
use super::window::Window;
use crate::time::{Life, Tick};

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Lets them through.
    Closed,
    /// Lets none through.
    Open,
    /// Lets a few through, to see whether the backend is back.
    HalfOpen,
}

impl BreakerState {
    /// A short, stable name for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How a call ended, as far as the breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Well.
    Answered,
    /// With a refusal: nothing about an outage, but the backend is there.
    Refused,
    /// With an outage.
    Outage,
    /// It was cancelled, shed, or never reached the backend.
    Nothing,
}

/// A call that was let through, and in which cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) cycle: u64,
}

/// What an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It opened after having been closed.
    Opened,
    /// The probes failed: it is open again.
    Reopened,
    /// It closed.
    Closed,
}

#[derive(Debug)]
pub(super) struct Machine {
    config: BreakerConfig,
    phase: Phase,
    /// Grows with every change of the phase.
    cycle: u64,
    /// How often it opened since it was closed.
    openings: u32,
}

#[derive(Debug)]
pub(super) enum Phase {
    Closed { in_a_row: u32, window: Window },
    Open { until: Tick },
    HalfOpen { since: Tick, probing: u32, successes: u32 },
}

impl Machine {
    pub(super) fn new(config: BreakerConfig) -> Self {
        Self { phase: closed(&config), config, cycle: 0, openings: 0 }
    }

    pub(super) fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed { .. } => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether a call would be let through.
    pub(super) fn would_admit(&self, now: Tick) -> bool {
        match self.phase {
            Phase::Closed { .. } => true,
            Phase::Open { until } => now >= until,
            Phase::HalfOpen { since, probing, .. } => {
                probing < self.config.probes || self.is_stuck(since, now)
            }
        }
    }

    /// Lets a call through, or not.
    pub(super) fn admit(&mut self, now: Tick) -> Option<Ticket> {
        if !self.would_admit(now) {
            return None;
        }
        match &mut self.phase {
            Phase::Closed { .. } => {}
            Phase::HalfOpen { probing, .. } if *probing < self.config.probes => *probing += 1,
            Phase::Open { .. } | Phase::HalfOpen { .. } => {
                self.enter(Phase::HalfOpen { since: now, probing: 1, successes: 0 });
            }
        }
        Some(Ticket { cycle: self.cycle })
    }

    /// A call that was let through has ended. `draw`, from 0 to below 1, spreads the time that it is open.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        outcome: Outcome,
        now: Tick,
        draw: f64,
    ) -> Option<Change> {
        if ticket.cycle != self.cycle {
            return None;
        }
        match &mut self.phase {
            Phase::Closed { in_a_row, window } => {
                note(in_a_row, window, outcome, now);
                let trips = outcome == Outcome::Outage && trips(&self.config, *in_a_row, window.sums(now));
                trips.then(|| self.open(now, draw, Change::Opened))
            }
            Phase::Open { .. } => None,
            Phase::HalfOpen { probing, successes, .. } => {
                *probing = probing.saturating_sub(1);
                match outcome {
                    Outcome::Nothing => return None,
                    Outcome::Outage => return Some(self.open(now, draw, Change::Reopened)),
                    Outcome::Answered | Outcome::Refused => *successes += 1,
                }
                (*successes >= self.config.successes).then(|| self.close())
            }
        }
    }

    fn open(&mut self, now: Tick, draw: f64, change: Change) -> Change {
        self.openings = self.openings.saturating_add(1);
        let time = open_time(&self.config, self.openings, draw);
        self.enter(Phase::Open { until: now.after(Life::For(time)) });
        change
    }

    fn close(&mut self) -> Change {
        self.openings = 0;
        self.enter(closed(&self.config));
        Change::Closed
    }

    fn enter(&mut self, phase: Phase) {
        self.cycle += 1;
        self.phase = phase;
    }

    /// Probes that never end must not block the others for ever.
    fn is_stuck(&self, since: Tick, now: Tick) -> bool {
        now >= since.after(Life::For(self.config.at_most))
    }

    #[cfg(test)]
    pub(super) fn phase(&self) -> &Phase {
        &self.phase
    }

    #[cfg(test)]
    pub(super) fn cycle(&self) -> u64 {
        self.cycle
    }
}

fn closed(config: &BreakerConfig) -> Phase {
    Phase::Closed { in_a_row: 0, window: Window::new(config.window) }
}

fn note(in_a_row: &mut u32, window: &mut Window, outcome: Outcome, now: Tick) {
    match outcome {
        Outcome::Refused | Outcome::Nothing => return,
        Outcome::Answered => *in_a_row = 0,
        Outcome::Outage => *in_a_row = in_a_row.saturating_add(1),
    }
    window.add(now, outcome == Outcome::Outage);
}

fn trips(config: &BreakerConfig, in_a_row: u32, (calls, outages): (u64, u64)) -> bool {
    let row = config.consecutive.is_some_and(|most| in_a_row >= most);
    let count = config.in_window.is_some_and(|most| outages >= u64::from(most));
    let share = config
        .share
        .is_some_and(|(share, least)| calls >= u64::from(least) && outages as f64 >= share * calls as f64);
    row || count || share
}

fn open_time(config: &BreakerConfig, openings: u32, draw: f64) -> Duration {
    let doublings = openings.saturating_sub(1).min(30);
    let whole = config.open_for.saturating_mul(1 << doublings).min(config.at_most);
    whole.mul_f64(1.0 - config.jitter * draw)
}
