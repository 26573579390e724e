//! One caller with a manager of its own, before, during and after the trouble.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::key::{CacheKey, Namespace};
use cache_core::manager::CacheManager;
use cache_core::testkit::{Recorded, RecordingRecorder};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::call::Call;
use crate::ground::Ground;
use crate::lag::Lag;
use crate::log::Log;
use crate::stand::is_in_trouble;
use crate::trouble::Trouble;

/// One call after the other, this far apart.
const PAUSE: Duration = Duration::from_millis(25);
/// From the end of the trouble to the first good answer: the longest pause between attempts to connect, and one attempt.
const HEALS_WITHIN: Duration = Duration::from_millis(1_500);
/// For timers, and for the moment (25 ms) that a call waits for the recovery that it begins, beside what the machine took.
const SLACK: Duration = Duration::from_millis(50);
/// It is gone, twice: the backend's line and the manager's; it is back, twice. A breaker has two of its own.
const LINES: usize = 6;
/// For the last call to be well: the machine may be busy just then.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Well,
    Trouble,
    Healing,
    Over,
}

/// A manager, and what became of its calls.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) call: Call,
    ground: Ground,
    pub(crate) cache: CacheManager,
    recorder: Arc<RecordingRecorder>,
    /// Of each verb of the manager: its deadline, and how long its calls took.
    pub(crate) verbs: BTreeMap<&'static str, Verb>,
    pub(crate) round: u64,
    pub(crate) loads: u64,
    pub(crate) healed: Option<Duration>,
    lag: Arc<Lag>,
    /// Since all was well for the first time.
    pub(crate) lines: usize,
    wrong: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Verb {
    pub(crate) deadline: Duration,
    pub(crate) took: Vec<Duration>,
    /// The most by which one was late, beside what the machine took from it.
    pub(crate) late: Duration,
}

impl Verb {
    pub(crate) fn slowest(&self) -> Duration {
        self.took.iter().max().copied().unwrap_or_default()
    }
}

impl Cell {
    pub(crate) fn run(
        call: Call,
        (ground, url): (Ground, &str),
        phases: watch::Receiver<Phase>,
        tell: &mpsc::UnboundedSender<()>,
    ) -> Self {
        let log = Log::default();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        tracing::subscriber::with_default(log.clone(), || {
            let mut cell = runtime.block_on(async {
                let mut cell = Self::new(call, ground, url);
                cell.live(phases, tell, &log).await;
                cell
            });
            cell.lines = log.lines() - cell.lines;
            cell
        })
    }

    fn new(call: Call, ground: Ground, url: &str) -> Self {
        let recorder = Arc::new(RecordingRecorder::new());
        let builder = CacheManager::builder().primary(ground.backend(url)).no_near();
        let builder = builder.namespace(Namespace::new(call.name()).unwrap().as_str()).jitter(0.0);
        Self {
            call,
            ground,
            cache: builder.recorder(Arc::clone(&recorder)).build().unwrap(),
            recorder,
            verbs: BTreeMap::new(),
            round: 0,
            loads: 0,
            healed: None,
            lag: Lag::watch(),
            lines: 0,
            wrong: Vec::new(),
        }
    }

    async fn live(
        &mut self,
        mut phases: watch::Receiver<Phase>,
        tell: &mpsc::UnboundedSender<()>,
        log: &Log,
    ) {
        let (mut before, mut told, mut over) = (Phase::Well, false, Instant::now());
        loop {
            let phase = *phases.borrow_and_update();
            if phase != before {
                (before, told, over) = (phase, false, Instant::now());
            }
            let is_well = self.call.make(self, phase != Phase::Trouble).await;
            if is_well && !told && phase != Phase::Trouble {
                told = true;
                let _ = tell.send(());
                match phase {
                    Phase::Well => self.lines = log.lines(),
                    Phase::Healing => self.healed = Some(over.elapsed()),
                    Phase::Trouble | Phase::Over => {}
                }
            }
            if phase == Phase::Over && (is_well || over.elapsed() > PATIENCE) {
                return self.last_words(is_well).await;
            }
            sleep(PAUSE).await;
        }
    }

    async fn last_words(&mut self, is_well: bool) {
        let health = self.cache.health_now();
        self.check(is_well, || "the last call was not well".to_owned());
        self.check(!health.journal_pending && !health.on_fallback, || format!("{health:?}"));
        let stats = self.cache.stats();
        let recorded = |is: fn(&Recorded) -> bool| self.recorder.count(is) as u64;
        let counts = [
            ("requests", stats.requests(), self.calls("get") + self.calls("get_or_load")),
            ("loads", stats.loads, self.loads),
            ("load failures", stats.load_failures, 0),
            (
                "tier errors",
                stats.tier_errors(),
                recorded(|event| matches!(event, Recorded::TierFailed { .. })),
            ),
            ("not stored", stats.not_stored, recorded(|event| matches!(event, Recorded::NotStored { .. }))),
        ];
        for (name, counted, expected) in counts {
            self.check(counted == expected, || format!("{name}: counted {counted}, there were {expected}"));
        }
        self.cache.shutdown().await;
    }

    /// A key of this name that lies where the trouble is.
    pub(crate) fn key(&self, name: &str) -> String {
        let namespace = Namespace::new(self.call.name()).unwrap();
        let suffers =
            |key: &String| is_in_trouble(self.ground, CacheKey::direct(&namespace, key).unwrap().as_str());
        (0..).map(|number| format!("{name}:{number}")).find(suffers).unwrap()
    }

    /// The same, another one in each round.
    pub(crate) fn key_of_round(&self, name: &str) -> String {
        self.key(&format!("{name}:{}", self.round))
    }

    fn calls(&self, verb: &str) -> u64 {
        self.verbs.get(verb).map_or(0, |verb| verb.took.len() as u64)
    }

    /// Makes one call of the manager, which has this deadline.
    pub(crate) async fn timed<T>(
        &mut self,
        verb: &'static str,
        deadline: u64,
        call: impl Future<Output = T>,
    ) -> T {
        let (before, began) = (self.lag.taken().await, Instant::now());
        let answer = call.await;
        let took = began.elapsed();
        let taken = self.lag.taken().await - before;
        let of_verb = self.verbs.entry(verb).or_default();
        of_verb.deadline = Duration::from_millis(deadline);
        of_verb.took.push(took);
        of_verb.late = of_verb.late.max(took.saturating_sub(of_verb.deadline + taken));
        answer
    }

    /// Notes what must not be.
    pub(crate) fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    /// The verb that the cell is about.
    pub(crate) fn main_verb(&self) -> Verb {
        self.verbs.get(self.call.verb()).cloned().unwrap_or_default()
    }

    /// The most time that the machine took from it at once.
    pub(crate) fn lag(&self) -> Duration {
        self.lag.longest()
    }

    fn slowest(&self) -> String {
        let slowest = |(name, verb): (&&str, &Verb)| {
            format!(
                "{name} {:?} of {:?}, late by {:?} beside what the machine took",
                verb.slowest(),
                verb.deadline,
                verb.late
            )
        };
        self.verbs.iter().map(slowest).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn offences(&self, trouble: Trouble, lag: Duration) -> Vec<String> {
        let mut offences = self.wrong.clone();
        let outages = trouble.outages();
        if self.verbs.values().any(|verb| verb.late > SLACK) {
            offences.push(format!("a call was late: {}", self.slowest()));
        }
        match self.healed {
            None => offences.push("it did not heal".to_owned()),
            Some(healed) if healed > HEALS_WITHIN + SLACK + lag * 4 => {
                offences.push(format!("it healed after {healed:?}"));
            }
            Some(_) => {}
        }
        let per_outage = LINES + if self.ground == Ground::Layered { 2 } else { 0 };
        if self.lines > per_outage * outages {
            offences.push(format!("{} lines in the log", self.lines));
        }
        offences
    }
}
