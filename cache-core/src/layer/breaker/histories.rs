//! What holds after any history of calls, outcomes, cancellations and late results.

use std::time::Duration;

use proptest::prelude::*;

use super::BreakerConfig;
use super::state::Outcome::{self, Answered, Nothing, Outage, Refused};
use super::state::{BreakerState, Change, Machine, Phase, Ticket};
use super::tests::START;
use crate::time::{Life, Tick};

/// One step of a history.
#[derive(Debug, Clone, Copy)]
enum Step {
    Call,
    /// The call of this number (modulo those under way) ends.
    End(usize, Outcome),
    /// It ends once more, as if its result came late.
    EndAgain(usize, Outcome),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome =
        || prop_oneof![3 => Just(Answered), 1 => Just(Refused), 6 => Just(Outage), 2 => Just(Nothing)];
    let step = prop_oneof![
        6 => Just(Step::Call),
        6 => (any::<usize>(), outcome()).prop_map(|(call, outcome)| Step::End(call, outcome)),
        1 => (any::<usize>(), outcome()).prop_map(|(call, outcome)| Step::EndAgain(call, outcome)),
        2 => (0_u64..3_000).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..400)
}

/// What the machine must agree with: its calls under way, by ticket.
struct History {
    machine: Machine,
    config: BreakerConfig,
    now: Tick,
    under_way: Vec<Ticket>,
    ended: Vec<Ticket>,
}

impl History {
    fn new(config: BreakerConfig) -> Self {
        Self { machine: Machine::new(config), config, now: START, under_way: Vec::new(), ended: Vec::new() }
    }

    fn step(&mut self, step: Step, draw: f64) {
        let before = (self.machine.cycle(), self.machine.state());
        match step {
            Step::Pass(millis) => self.now = self.now.after(Life::For(Duration::from_millis(millis))),
            Step::Call => self.call(),
            Step::End(_, _) if self.under_way.is_empty() => {}
            Step::End(call, outcome) => {
                let ticket = self.under_way.swap_remove(call % self.under_way.len());
                self.end(ticket, outcome, draw);
                self.ended.push(ticket);
            }
            Step::EndAgain(call, outcome) => {
                // A permit ends once; a result that comes later than its cycle must change nothing.
                let late = self.ended.iter().filter(|ticket| ticket.cycle != self.machine.cycle());
                if let Some(ticket) = late.copied().nth(call % 8) {
                    self.end(ticket, outcome, draw);
                    assert_eq!(before, (self.machine.cycle(), self.machine.state()));
                }
            }
        }
        self.check(before);
    }

    fn call(&mut self) {
        let expected = self.machine.would_admit(self.now);
        let ticket = self.machine.admit(self.now);
        assert_eq!(ticket.is_some(), expected, "would_admit says what admit does");
        self.under_way.extend(ticket);
    }

    fn end(&mut self, ticket: Ticket, outcome: Outcome, draw: f64) {
        let is_current = ticket.cycle == self.machine.cycle();
        let change = self.machine.settle(ticket, outcome, self.now, draw);
        assert!(change.is_none() || is_current, "an outcome of another cycle changed something");
        if matches!(outcome, Refused | Nothing) {
            assert!(!matches!(change, Some(Change::Opened | Change::Reopened)), "{outcome:?} opened it");
        }
    }

    fn check(&self, (cycle, state): (u64, BreakerState)) {
        let machine = &self.machine;
        assert!(machine.cycle() >= cycle);
        assert!(machine.state() == state || machine.cycle() > cycle, "a change without a new cycle");
        match machine.phase() {
            Phase::HalfOpen { probing, successes, .. } => {
                let current = self.under_way.iter().filter(|ticket| ticket.cycle == machine.cycle()).count();
                assert_eq!(usize::try_from(*probing).unwrap(), current, "a slot leaked");
                assert!(*probing <= self.config.probes && *successes < self.config.successes);
            }
            Phase::Open { until } => {
                let longest = self.now.after(Life::For(self.config.at_most));
                assert!(*until <= longest, "open for longer than the longest");
            }
            Phase::Closed { in_a_row, .. } => assert!(*in_a_row < self.config.consecutive.unwrap()),
        }
    }

    /// Whatever happened, and whoever never ended: when the backend is well it closes, within two longest openings.
    fn heals(&mut self) {
        for _ in 0..2 {
            self.now = self.now.after(Life::For(self.config.at_most));
            for _ in 0..self.config.successes {
                let Some(ticket) = self.machine.admit(self.now) else { continue };
                self.machine.settle(ticket, Answered, self.now, 0.0);
            }
        }
        assert_eq!(self.machine.state(), BreakerState::Closed, "wedged");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_history_wedges_it(steps in steps(), draw in 0.0_f64..1.0, probes in 1_u32..5, successes in 1_u32..5) {
        let mut history = History::new(BreakerConfig::default().probes(probes).successes(successes));
        for step in steps {
            history.step(step, draw);
        }
        history.heals();
    }
}
