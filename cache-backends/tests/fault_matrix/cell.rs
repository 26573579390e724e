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
use crate::log::Log;
use crate::stand::is_in_trouble;
use crate::trouble::Trouble;

/// One call after the other, this far apart.
const PAUSE: Duration = Duration::from_millis(25);
/// From the end of the trouble to the first good answer: the longest pause between attempts to connect, and one attempt.
const HEALS_WITHIN: Duration = Duration::from_millis(1_500);
/// For timers and other work of the machine, beside the lag that was measured.
const SLACK: Duration = Duration::from_millis(60);
/// The call that finds the primary back waits for a moment for the recovery that it begins; a load, which reads and
/// writes, does so twice.
const RECOVERY: Duration = Duration::from_millis(2 * 25);
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
    /// Since all was well for the first time.
    pub(crate) lines: usize,
    wrong: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Verb {
    pub(crate) deadline: Duration,
    pub(crate) took: Vec<Duration>,
}

impl Verb {
    pub(crate) fn slowest(&self) -> Duration {
        self.took.iter().max().copied().unwrap_or_default()
    }

    fn slower_than(&self, limit: Duration) -> usize {
        self.took.iter().filter(|took| **took > limit).count()
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
        let began = Instant::now();
        let answer = call.await;
        let took = began.elapsed();
        let of_verb = self.verbs.entry(verb).or_default();
        of_verb.deadline = Duration::from_millis(deadline);
        of_verb.took.push(took);
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

    fn slowest(&self) -> String {
        let slowest =
            |(name, verb): (&&str, &Verb)| format!("{name} {:?} of {:?}", verb.slowest(), verb.deadline);
        self.verbs.iter().map(slowest).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn offences(&self, trouble: Trouble, lag: Duration) -> Vec<String> {
        let mut offences = self.wrong.clone();
        let outages = trouble.outages();
        let late = |verb: &Verb| verb.slower_than(verb.deadline + SLACK + lag * 2);
        if self.verbs.values().map(late).sum::<usize>() > outages {
            offences.push(format!("more than {outages} calls were late: {}", self.slowest()));
        }
        let too_late = |verb: &Verb| verb.slower_than(verb.deadline + RECOVERY + SLACK + lag * 4);
        if self.verbs.values().map(too_late).sum::<usize>() > 0 {
            offences.push(format!("a call was late by more than two moments: {}", self.slowest()));
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
