//! One trouble of one server, and five cells that live through it.

use std::thread;
use std::time::Duration;

use cache_core::testkit::Proxy;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::call::Call;
use crate::cell::{Cell, Phase};
use crate::ground::Ground;
use crate::stand::Stand;
use crate::trouble::Trouble;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) ground: Ground,
    pub(crate) trouble: Trouble,
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    pub(crate) fn run(ground: Ground, trouble: Trouble) -> Self {
        let mut stand = Stand::of(ground);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let cells = runtime.block_on(live_through(trouble, ground, &mut stand));
        Self { ground, trouble, cells }
    }

    /// What is not as promised, one line each.
    pub(crate) fn offences(&self, lag: Duration) -> Vec<String> {
        let of_cell = |cell: &Cell| {
            let name = format!("{}, {}, {}", self.ground.name(), self.trouble.name(), cell.call.name());
            let offences = cell.offences(self.trouble, lag);
            offences.into_iter().map(move |offence| format!("{name}: {offence}")).collect::<Vec<_>>()
        };
        self.cells.iter().flat_map(of_cell).collect()
    }
}

async fn live_through(trouble: Trouble, ground: Ground, stand: &mut Stand) -> Vec<Cell> {
    let proxy = Proxy::before(stand.server().port()).await;
    let url = if trouble.is_of_the_network() { proxy.url() } else { stand.url() };
    let (phase, phases) = watch::channel(Phase::Well);
    let (tell, mut told) = mpsc::unbounded_channel();
    let running = Call::ALL.map(|call| {
        let (url, phases, tell) = (url.clone(), phases.clone(), tell.clone());
        thread::spawn(move || Cell::run(call, (ground, &url), phases, &tell))
    });
    all(&mut told).await;
    trouble.begin(&proxy, stand).await;
    phase.send_replace(Phase::Trouble);
    sleep(trouble.lasts()).await;
    trouble.end(&proxy, stand).await;
    phase.send_replace(Phase::Healing);
    all(&mut told).await;
    phase.send_replace(Phase::Over);
    // The proxy lives on this runtime, so its thread must not be blocked.
    let ended = tokio::task::spawn_blocking(move || running.map(|cell| cell.join().unwrap()));
    ended.await.unwrap().into()
}

/// Waits until every cell has said that it is well; one that is not says so in its offences.
async fn all(told: &mut mpsc::UnboundedReceiver<()>) {
    let everybody = async {
        for _ in Call::ALL {
            told.recv().await;
        }
    };
    let _ = timeout(PATIENCE, everybody).await;
}
