//! A contributor report over a git repository, and how caching makes it fast.
//!
//! ```text
//! cargo run --release --example git_report [PATH] [--since 2024-01-01] [--until 2024-12-31]
//!     [--cache disk | memory | disk:///directory | redis://host:6379] [--cached-only] [--drop-aggregates]
//! ```
//!
//! Two tiers, as a report service uses them. What git says of one commit never changes: it is kept for ever under
//! the commit's id, so overlapping periods, a second run and a run after a crash reuse it. What is said of an
//! author is an aggregate: it has a ttl and can be dropped. The finished report is kept under its parameters, and
//! `--cached-only` prints it without asking git anything.
// xtask: args --cache memory
#![allow(clippy::print_stdout, reason = "a report is printed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use larder::{CacheManager, Ttl, cached, invalidate_cache};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What git says of one commit: lines added and removed per file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CommitStats {
    files: Vec<(String, u64, u64)>,
}

/// What one author did in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Activity {
    name: String,
    commits: u64,
    added: u64,
    removed: u64,
    busiest: String,
}

/// The finished report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Report {
    head: String,
    commits: u64,
    authors: Vec<Activity>,
    directories: Vec<(String, u64)>,
    /// How long it took to make, in microseconds.
    took_us: u64,
}

/// Kept for ever: a commit's id names its content, in every clone of every repository.
#[cached(prefix = "commit", ttl = "never", immutable, skip(repo))]
async fn commit_stats(repo: &Repo, commit: &str) -> Result<CommitStats, String> {
    let text = repo
        .git(&["diff-tree", "--root", "--no-commit-id", "-r", "--no-renames", "--numstat", "-z", commit])
        .await?;
    let files = text.split('\0').filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let lines = |field: Option<&str>| field.and_then(|count| count.parse().ok()).unwrap_or(0);
        let (added, removed) = (lines(fields.next()), lines(fields.next()));
        fields.next().map(|path| (path.to_owned(), added, removed))
    });
    Ok(CommitStats { files: files.collect() })
}

/// An aggregate: cheap to make again from what is kept of its commits, so it has a ttl and may be dropped.
#[cached(prefix = "author", ttl = "1h", key(work.head, work.since, work.until, email))]
async fn activity(work: &Work, email: &str) -> Result<Activity, String> {
    let author = work.authors.get(email).ok_or("nobody of this name in the period")?;
    let mut activity =
        Activity { name: author.name.clone(), commits: 0, added: 0, removed: 0, busiest: String::new() };
    let mut files = BTreeMap::<String, u64>::new();
    for stats in work.stats_of(&author.commits).await? {
        activity.commits += 1;
        for (path, added, removed) in stats.files {
            activity.added += added;
            activity.removed += removed;
            *files.entry(path).or_default() += added + removed;
        }
    }
    activity.busiest =
        files.into_iter().max_by_key(|(_, lines)| *lines).map(|(path, _)| path).unwrap_or_default();
    Ok(activity)
}

/// Lines changed per top directory. Asks for the same commits as the authors do, at the same time: each is
/// loaded once.
async fn directories(work: &Work) -> Result<Vec<(String, u64)>, String> {
    let mut lines = BTreeMap::<String, u64>::new();
    for stats in work.stats_of(&work.commits).await? {
        for (path, added, removed) in stats.files {
            let top = path.split_once('/').map_or(".", |(top, _)| top);
            *lines.entry(top.to_owned()).or_default() += added + removed;
        }
    }
    let mut directories: Vec<_> = lines.into_iter().collect();
    directories.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    Ok(directories)
}

/// Kept for ever under its parameters; the head is one of them.
#[cached(prefix = "report", ttl = "never", key(work.head, work.since, work.until))]
async fn report(work: &Work) -> Result<Report, String> {
    let began = Instant::now();
    let (authors, directories) = tokio::join!(authors(work), directories(work));
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let commits = work.commits.len() as u64;
    Ok(Report { head: work.head.clone(), commits, authors: authors?, directories: directories?, took_us })
}

async fn authors(work: &Work) -> Result<Vec<Activity>, String> {
    let mut tasks = JoinSet::new();
    for email in work.authors.keys() {
        let (work, email) = (work.clone(), email.clone());
        tasks.spawn(async move { activity(&work, &email).await });
    }
    let mut authors = Vec::new();
    while let Some(done) = tasks.join_next().await {
        authors.push(done.map_err(|error| error.to_string())??);
    }
    authors.sort_by(|a, b| b.commits.cmp(&a.commits).then_with(|| a.name.cmp(&b.name)));
    Ok(authors)
}

/// Drops what can be made again from what is kept of the commits.
#[invalidate_cache(all(activity), all(report))]
async fn drop_aggregates() {}

/// A repository, and how many git processes may run at once.
#[derive(Debug, Clone)]
struct Repo {
    path: PathBuf,
    slots: Arc<Semaphore>,
    progress: ProgressBar,
}

impl Repo {
    async fn git(&self, args: &[&str]) -> Result<String, String> {
        let _slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.path).args(args).stdin(Stdio::null()).kill_on_drop(true);
        let output = git.output().await.map_err(|error| format!("cannot run git: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// A period of a repository's history: whose commits are in it.
#[derive(Debug, Clone)]
struct Work {
    repo: Repo,
    head: String,
    since: String,
    until: String,
    commits: Arc<Vec<String>>,
    authors: Arc<BTreeMap<String, Author>>,
}

#[derive(Debug, Default)]
struct Author {
    name: String,
    commits: Vec<String>,
}

impl Work {
    /// Lists the commits of the period: one git process, whatever the length of the history.
    async fn plan(repo: Repo, args: &Args) -> Result<Self, String> {
        let head = repo.git(&["rev-parse", "HEAD"]).await?.trim().to_owned();
        let (since, until) =
            (repo.moment("since", &args.since).await?, repo.moment("until", &args.until).await?);
        let mut list = vec!["log", "--format=%H%x09%ae%x09%an", head.as_str()];
        list.extend([since.as_str(), until.as_str()].into_iter().filter(|bound| !bound.is_empty()));
        let log = repo.git(&list).await?;
        let mut authors = BTreeMap::<String, Author>::new();
        let mut commits = Vec::new();
        for line in log.lines() {
            let mut fields = line.splitn(3, '\t').map(str::to_owned);
            let (Some(commit), Some(email), Some(name)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let author = authors.entry(email).or_default();
            author.name = name;
            author.commits.push(commit.clone());
            commits.push(commit);
        }
        repo.progress.set_length(commits.len() as u64);
        Ok(Self { repo, head, since, until, commits: Arc::new(commits), authors: Arc::new(authors) })
    }

    /// What is kept of many commits, or made now, many at a time.
    async fn stats_of(&self, commits: &[String]) -> Result<Vec<CommitStats>, String> {
        let mut tasks = JoinSet::new();
        for (index, commit) in commits.iter().cloned().enumerate() {
            let repo = self.repo.clone();
            tasks.spawn(async move {
                let stats = commit_stats(&repo, &commit).await;
                repo.progress.inc(1);
                (index, stats)
            });
        }
        let mut all = BTreeMap::new();
        while let Some(done) = tasks.join_next().await {
            let (index, stats) = done.map_err(|error| error.to_string())?;
            all.insert(index, stats?);
        }
        Ok(all.into_values().collect())
    }
}

impl Repo {
    /// A date as git reads it, as an option of `git log`: `--max-age=1704067200`. Relative dates become absolute,
    /// so that a kept report means the same tomorrow.
    async fn moment(&self, option: &str, date: &Option<String>) -> Result<String, String> {
        match date {
            Some(date) => {
                Ok(self.git(&["rev-parse", &format!("--{option}={date}")]).await?.trim().to_owned())
            }
            None => Ok(String::new()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args = Args::parse()?;
    let began = Instant::now();
    let cache = args.manager()?;
    larder::initialize_cache(cache.clone()).await?;
    let latest = format!("latest:{}:{:?}:{:?}", args.path.display(), args.since, args.until);
    if args.drop_aggregates {
        drop_aggregates().await;
        let _ = cache.delete(&latest).await?;
    }
    let made = if args.cached_only {
        cache
            .get::<Report>(&latest)
            .await?
            .ok_or("no report of these parameters is kept; run without --cached-only")?
    } else {
        make(&args, &cache, &latest).await?
    };
    print(&made);
    close(&cache, &made, began.elapsed());
    larder::shutdown_cache().await;
    Ok(())
}

async fn make(args: &Args, cache: &CacheManager, latest: &str) -> Result<Report, Failure> {
    let progress = ProgressBar::new(0)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} commits {elapsed}")?);
    let slots = std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2);
    let repo = Repo { path: args.path.clone(), slots: Arc::new(Semaphore::new(slots)), progress };
    let work = Work::plan(repo, args).await?;
    let made = report(&work).await?;
    work.repo.progress.finish_and_clear();
    assert_eq!(made, report(&work).await?, "a second answer is the first one");
    assert_eq!(made.commits, made.authors.iter().map(|author| author.commits).sum::<u64>());
    let _ = cache.set(latest, made.clone(), Ttl::Never).await?;
    Ok(made)
}

fn print(report: &Report) {
    println!("{:<28} {:>8} {:>9} {:>9}  busiest file", "author", "commits", "added", "removed");
    for author in report.authors.iter().take(20) {
        let Activity { name, commits, added, removed, busiest } = author;
        let name: String = name.chars().take(28).collect();
        println!("{name:<28} {commits:>8} {added:>9} {removed:>9}  {busiest}");
    }
    let (authors, commits) = (report.authors.len(), report.commits);
    println!("{authors} authors, {commits} commits, at {}", report.head.get(..12).unwrap_or(&report.head));
    let top: Vec<_> =
        report.directories.iter().take(5).map(|(name, lines)| format!("{name} {lines}")).collect();
    println!("lines changed by directory: {}", top.join(", "));
}

/// The closing line: what the cache did, what making the report took when it was made, and what this run took.
fn close(cache: &CacheManager, report: &Report, run: Duration) {
    let stats = cache.stats();
    println!(
        "loads {} | near hits {} | far hits {} | coalesced {} | cold {:.3} s | this run {:.3} s",
        stats.loads,
        stats.near_hits,
        stats.far_hits,
        stats.coalesced,
        Duration::from_micros(report.took_us).as_secs_f64(),
        run.as_secs_f64(),
    );
}

#[derive(Debug, Default)]
struct Args {
    path: PathBuf,
    since: Option<String>,
    until: Option<String>,
    cache: Option<String>,
    cached_only: bool,
    drop_aggregates: bool,
}

impl Args {
    fn parse() -> Result<Self, Failure> {
        let mut args = Self { path: PathBuf::from("."), ..Self::default() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--since" => args.since = Some(value()?),
                "--until" => args.until = Some(value()?),
                "--cache" => args.cache = Some(value()?),
                "--cached-only" => args.cached_only = true,
                "--drop-aggregates" => args.drop_aggregates = true,
                path if !path.starts_with('-') => args.path = PathBuf::from(path),
                unknown => {
                    return Err(
                        format!("unknown option {unknown}; see the first lines of the example").into()
                    );
                }
            }
        }
        args.path = args.path.canonicalize()?;
        Ok(args)
    }

    /// The embedded default is a directory of this user; no server is needed.
    fn manager(&self) -> Result<CacheManager, Failure> {
        let url = match self.cache.as_deref() {
            None | Some("disk") => format!("disk://{}", cache_directory()?.display()),
            Some("memory") => "memory://".to_owned(),
            Some(url) => url.to_owned(),
        };
        Ok(larder::connect(&url)?)
    }
}

fn cache_directory() -> Result<PathBuf, Failure> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let directory = base.or_else(home).ok_or("neither XDG_CACHE_HOME nor HOME is set; name a --cache")?;
    let directory = directory.join("larder");
    std::fs::create_dir_all(&directory)?;
    Ok(directory.join("git_report"))
}
