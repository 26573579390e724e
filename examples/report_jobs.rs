//! A report service: no report is made twice at once, and no user has more than one report in the making.
//!
//! ```text
//! cargo run --example report_jobs [disk:///directory | redis://host:6379]
//! ```
//!
//! `start` is all of it: one claim of one slot of the user's. It carries what the job is, so that anybody can list
//! what runs; it is renewed while the job runs, given back when the job ends or fails, and ends by itself when the
//! whole process dies, which this example shows with a process that it kills.
#![allow(clippy::print_stdout, reason = "an example talks")]

use std::process::{Command, Stdio};
use std::time::Duration;

use larder::{CacheManager, Claim, ClaimResult};
use serde::{Deserialize, Serialize};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How soon others may go on after a worker died. How long a report takes does not matter: the claim is renewed.
const TTL: Duration = Duration::from_secs(3);
const JOBS_PER_USER: u32 = 1;
const KEPT: Duration = Duration::from_secs(3_600);

/// What anybody can see of a job while it runs.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Job {
    user: String,
    period: String,
    worker: u32,
}

/// Starts a job, unless it runs already or its user has enough of them running.
async fn start(cache: &CacheManager, user: &str, period: &str) -> Result<Claim, Failure> {
    let job = Job { user: user.to_owned(), period: period.to_owned(), worker: std::process::id() };
    let (jobs, report) = (format!("jobs:{user}"), format!("report:{user}:{period}"));
    match cache.claim_slot(jobs, JOBS_PER_USER, report, TTL).payload(&job).renewing().outcome().await? {
        ClaimResult::Held(claim) => Ok(claim),
        ClaimResult::Taken => Err("this report is being made".into()),
        ClaimResult::Full => Err("another report of this user is being made".into()),
    }
}

/// The job itself: waits for its source, and keeps the report. Whatever way it ends, the claim goes with it.
async fn make_report(
    cache: &CacheManager,
    user: &str,
    period: &str,
    source: impl Future<Output = Result<u64, Failure>>,
) -> Result<u64, Failure> {
    let claim = start(cache, user, period).await?;
    let pages = source.await?;
    if !claim.is_held() {
        return Err("the claim was lost: another worker may be at it".into());
    }
    let _ = cache.set(format!("report:{user}:{period}"), pages, KEPT).await?;
    claim.release().await?;
    Ok(pages)
}

async fn running(cache: &CacheManager, user: &str) -> Result<Vec<Job>, Failure> {
    let jobs = cache.claims(format!("jobs:{user}")).await?;
    Ok(jobs.iter().filter_map(|job| job.payload()).collect())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let home = tempfile::tempdir()?;
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| format!("disk://{}", home.path().join("jobs").display()));
    if args.next().is_some() {
        return work_until_killed(&url).await;
    }
    let dead = a_worker_that_dies(&url)?;
    let cache = larder::connect(&url)?;
    after_the_death_of_a_worker(&cache, dead).await?;
    while_jobs_run(&cache).await?;
    cache.shutdown().await;
    Ok(())
}

/// Duplicates and a second job of the same user are refused; other users are not; a failure leaves nothing behind.
async fn while_jobs_run(cache: &CacheManager) -> Result<(), Failure> {
    let (deliver, source) = tokio::sync::oneshot::channel();
    let job = tokio::spawn({
        let cache = cache.clone();
        async move { make_report(&cache, "ada", "2024", async { Ok(source.await?) }).await }
    });
    while running(cache, "ada").await?.is_empty() {
        tokio::task::yield_now().await;
    }
    println!("running for ada: {:?}", running(cache, "ada").await?);
    for (period, why) in
        [("2024", "this report is being made"), ("2025", "another report of this user is being made")]
    {
        let refused = make_report(cache, "ada", period, async { Ok(12) }).await;
        assert_eq!(refused.err().map(|refusal| refusal.to_string()).as_deref(), Some(why));
    }
    assert_eq!(make_report(cache, "bob", "2024", async { Ok(3) }).await?, 3);
    deliver.send(12).map_err(|_| "the job is gone")?;
    assert_eq!(job.await??, 12);
    assert!(running(cache, "ada").await?.is_empty());
    println!("ada's report is made; the duplicate and the second one were refused");

    assert!(make_report(cache, "ada", "2025", async { Err("the source is down".into()) }).await.is_err());
    while !running(cache, "ada").await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(make_report(cache, "ada", "2025", async { Ok(7) }).await?, 7);
    println!("a job that failed left nothing behind");
    Ok(())
}

/// A dead worker's job is still listed, and in nobody's way for longer than its ttl.
async fn after_the_death_of_a_worker(cache: &CacheManager, worker: u32) -> Result<(), Failure> {
    let left = Job { user: "eve".to_owned(), period: "2024".to_owned(), worker };
    assert_eq!(running(cache, "eve").await?, [left]);
    let early = make_report(cache, "eve", "2024", async { Ok(5) }).await;
    assert!(early.is_err(), "who knows whether it is dead?");
    tokio::time::sleep(TTL).await;
    assert_eq!(make_report(cache, "eve", "2024", async { Ok(5) }).await?, 5);
    println!("worker {worker} died at its job; {TTL:?} later another one did it");
    Ok(())
}

/// This program again, as a worker: it is killed in the middle of its job.
fn a_worker_that_dies(url: &str) -> Result<u32, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut worker = command.args([url, "work"]).stdout(Stdio::piped()).spawn()?;
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(worker.stdout.take().ok_or("no output")?));
    assert_eq!(lines.next().transpose()?.as_deref(), Some("working"));
    worker.kill()?;
    worker.wait()?;
    Ok(worker.id())
}

async fn work_until_killed(url: &str) -> Result<(), Failure> {
    let cache = larder::connect(url)?;
    let _claim = start(&cache, "eve", "2024").await?;
    println!("working");
    std::future::pending().await
}
