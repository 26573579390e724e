//! The rules of the machine, by tables. What holds after any history is in [`histories`](super::histories).

use std::time::Duration;

use super::BreakerConfig;
use super::state::{BreakerState, Change, Machine, Outcome, Phase};
use crate::time::{Life, Tick};

pub(super) const START: Tick = Tick(1_000_000_000_000);

/// Without jitter, so that times are exact.
fn config() -> BreakerConfig {
    BreakerConfig::default().jitter(0.0)
}

fn at(millis: u64) -> Tick {
    START.after(Life::For(Duration::from_millis(millis)))
}

/// Calls that end at once, with these outcomes; the last change.
fn run(machine: &mut Machine, now: Tick, outcomes: &[Outcome]) -> Option<Change> {
    let mut last = None;
    for outcome in outcomes {
        let ticket = machine.admit(now).expect("it is let through");
        last = machine.settle(ticket, *outcome, now, 0.0);
    }
    last
}

use Outcome::{Answered, Nothing, Outage, Refused};

/// A machine that has just opened, at `START`.
fn opened(config: BreakerConfig) -> Machine {
    let mut machine = Machine::new(config);
    let outages = vec![Outage; usize::try_from(config.consecutive.unwrap()).unwrap()];
    assert_eq!(run(&mut machine, START, &outages), Some(Change::Opened));
    machine
}

#[test]
fn what_opens_it() {
    let mixed = |failures: usize, of: usize| {
        // Never two outages in a row, so that only the share counts.
        let mut outcomes = vec![Answered; of];
        outcomes.iter_mut().step_by(2).take(failures).for_each(|outcome| *outcome = Outage);
        outcomes
    };
    let cachekit = BreakerConfig::cachekit();
    for (name, config, outcomes, expected) in [
        ("four in a row", config(), vec![Outage; 4], BreakerState::Closed),
        ("five in a row", config(), vec![Outage; 5], BreakerState::Open),
        (
            "a good answer begins a new row",
            config(),
            [vec![Outage; 4], vec![Answered], vec![Outage; 4]].concat(),
            BreakerState::Closed,
        ),
        (
            "what does not count interrupts no row",
            config(),
            [vec![Outage; 4], vec![Refused, Nothing], vec![Outage]].concat(),
            BreakerState::Open,
        ),
        ("refusals never open it", config(), vec![Refused; 1_000], BreakerState::Closed),
        ("what was shed or cancelled never opens it", config(), vec![Nothing; 1_000], BreakerState::Closed),
        (
            "half of 18 calls are too few",
            config(),
            [mixed(9, 18), vec![Answered]].concat(),
            BreakerState::Closed,
        ),
        ("half of 20 calls", config(), [mixed(9, 19), vec![Outage]].concat(), BreakerState::Open),
        ("less than half of 20", config(), [mixed(8, 19), vec![Outage]].concat(), BreakerState::Closed),
        ("cachekit: four in the window", cachekit, vec![Outage; 4], BreakerState::Closed),
        (
            "cachekit: five in the window, in a row or not",
            cachekit,
            [[Outage, Answered]; 5].concat()[..9].to_vec(),
            BreakerState::Open,
        ),
    ] {
        let mut machine = Machine::new(config);
        run(&mut machine, START, &outcomes);
        assert_eq!(machine.state(), expected, "{name}");
    }
}

#[test]
fn outages_of_long_ago_do_not_count_into_the_share() {
    let mut machine = Machine::new(config().consecutive(1_000));
    run(&mut machine, at(0), &[Outage; 19]);
    run(&mut machine, at(5_000), &[Outage]);
    assert_eq!(machine.state(), BreakerState::Closed, "the window rolled on");
    run(&mut machine, at(5_000), &[Outage; 19]);
    assert_eq!(machine.state(), BreakerState::Open);
}

#[test]
fn it_is_open_twice_as_long_each_time_up_to_the_longest() {
    let mut machine = opened(config());
    let mut now = START;
    for millis in [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000] {
        let until = now.after(Life::For(Duration::from_millis(millis)));
        let just_before = Tick(until.0 - 1);
        assert!(!machine.would_admit(just_before) && machine.admit(just_before).is_none(), "{millis}");
        assert!(machine.would_admit(until), "{millis}");
        assert_eq!(run(&mut machine, until, &[Outage]), Some(Change::Reopened));
        now = until;
    }
    let until = now.after(Life::For(Duration::from_secs(10)));
    assert_eq!(run(&mut machine, until, &[Answered; 3]), Some(Change::Closed));
    assert_eq!(run(&mut machine, until, &[Outage; 5]), Some(Change::Opened));
    assert!(machine.would_admit(until.after(Life::For(Duration::from_millis(500)))), "it begins anew");
}

#[test]
fn jitter_takes_its_share_of_the_time() {
    for (jitter, draw, millis) in
        [(1.0, 0.0, 500), (1.0, 0.5, 250), (1.0, 0.99, 5), (0.5, 0.5, 375), (0.0, 0.9, 500)]
    {
        let mut machine = Machine::new(config().jitter(jitter).consecutive(1));
        let ticket = machine.admit(START).unwrap();
        machine.settle(ticket, Outage, START, draw);
        assert!(!machine.would_admit(Tick(at(millis).0 - 1_000)), "{jitter} {draw}");
        assert!(machine.would_admit(Tick(at(millis).0 + 1_000)), "{jitter} {draw}");
    }
}

#[test]
fn three_probes_at_a_time_and_three_good_answers_close_it() {
    let mut machine = opened(config());
    let now = at(500);
    let probes = [(); 3].map(|()| machine.admit(now).unwrap());
    assert_eq!((machine.state(), machine.admit(now)), (BreakerState::HalfOpen, None));
    assert_eq!(machine.settle(probes[0], Answered, now, 0.0), None);
    assert_eq!(machine.settle(probes[1], Refused, now, 0.0), None, "the backend is there");
    let cancelled = machine.admit(now).unwrap();
    assert_eq!(machine.settle(cancelled, Nothing, now, 0.0), None);
    assert_eq!(machine.state(), BreakerState::HalfOpen);
    assert_eq!(machine.settle(probes[2], Answered, now, 0.0), Some(Change::Closed));
}

#[test]
fn a_cancelled_probe_gives_its_slot_back() {
    let mut machine = opened(config().probes(1));
    for _ in 0..100 {
        let probe = machine.admit(at(500)).expect("the slot is free again");
        assert!(!machine.would_admit(at(500)));
        machine.settle(probe, Nothing, at(500), 0.0);
    }
    assert_eq!(run(&mut machine, at(500), &[Answered; 3]), Some(Change::Closed));
}

#[test]
fn what_another_cycle_ends_with_is_ignored() {
    let mut machine = Machine::new(config());
    let late = machine.admit(START).unwrap();
    run(&mut machine, START, &[Outage; 5]);
    let probe = machine.admit(at(500)).unwrap();
    for outcome in [Answered, Refused, Outage, Nothing] {
        assert_eq!(machine.settle(late, outcome, at(500), 0.0), None, "{outcome:?}");
    }
    assert!(matches!(machine.phase(), Phase::HalfOpen { probing: 1, successes: 0, .. }));
    machine.settle(probe, Outage, at(500), 0.0);
    assert_eq!(machine.settle(probe, Answered, at(500), 0.0), None, "told twice");
    assert_eq!(machine.state(), BreakerState::Open);
}

#[test]
fn probes_that_never_end_do_not_block_the_next_cycle() {
    let mut machine = opened(config());
    let stuck = [(); 3].map(|()| machine.admit(at(500)).unwrap());
    assert!(!machine.would_admit(at(10_499)), "they have as long as the longest opening");
    assert!(machine.would_admit(at(10_500)));
    assert_eq!(run(&mut machine, at(10_500), &[Answered; 3]), Some(Change::Closed));
    assert!(stuck.iter().all(|ticket| machine.settle(*ticket, Outage, at(10_500), 0.0).is_none()));
}

#[test]
fn cachekits_numbers() {
    let mut machine = Machine::new(BreakerConfig::cachekit());
    run(&mut machine, at(0), &[Outage; 4]);
    run(&mut machine, at(53_000), &[Outage]);
    assert_eq!(machine.state(), BreakerState::Open, "5 within 60 s");
    assert!(!machine.would_admit(at(82_999)) && machine.would_admit(at(83_000)), "30 s");
    run(&mut machine, at(83_000), &[Outage]);
    assert!(!machine.would_admit(at(112_999)) && machine.would_admit(at(113_000)), "30 s again");
}

#[test]
fn bad_numbers_are_named() {
    for (config, text) in [
        (config().consecutive(0), "consecutive holds 0"),
        (config().share(0.0, 20), "share holds 0"),
        (config().share(1.5, 20), "share holds 1.5"),
        (config().share(f64::NAN, 20), "share holds NaN"),
        (config().share(0.5, 0), "share's least number of calls holds 0"),
        (config().in_window(0), "in_window holds 0"),
        (config().window(Duration::ZERO), "window holds 0ns"),
        (config().open_for(Duration::ZERO), "open_for holds 0ns"),
        (config().at_most(Duration::ZERO), "at_most holds 0ns"),
        (config().jitter(-0.1), "jitter holds -0.1"),
        (config().jitter(f64::NAN), "jitter holds NaN"),
        (config().probes(0), "probes holds 0"),
        (config().successes(0), "successes holds 0"),
    ] {
        let error = config.check().unwrap_err();
        assert!(error.to_string().starts_with(&format!("the breaker's {text}")), "{error}");
    }
}
