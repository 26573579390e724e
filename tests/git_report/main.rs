//! The main job, as a person runs it: a report over a real history of 5,000 commits, cold, warm, killed, offline.
#![allow(clippy::unwrap_used)]

mod history;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use larder::testkit::RedisServer;

const COMMITS: u64 = 5_000;

/// The example, built once.
static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| {
    let cargo = Command::new(env!("CARGO")).args(["build", "--quiet", "--example", "git_report"]).status();
    assert!(cargo.unwrap().success(), "the example does not build");
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples/git_report")
});

/// What a run printed: the table, and the numbers of the closing line.
struct Run {
    table: String,
    loads: u64,
    far_hits: u64,
    took: Duration,
}

fn command(repository: &Path, cache: &str, more: &[&str]) -> Command {
    let mut run = Command::new(&*EXAMPLE);
    run.arg(repository).args(["--cache", cache]).args(more).stdin(Stdio::null()).env_remove("CACHE_ENABLED");
    run
}

fn run(repository: &Path, cache: &str, more: &[&str]) -> Run {
    let began = Instant::now();
    let output = command(repository, cache, more).output().unwrap();
    read(&output, began.elapsed())
}

fn read(output: &Output, took: Duration) -> Run {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (table, closing) = text.trim_end().rsplit_once('\n').unwrap();
    let number = |name: &str| {
        let field = closing.split(" | ").find_map(|field| field.strip_prefix(name)).unwrap();
        field.trim().parse().unwrap()
    };
    Run { table: table.to_owned(), loads: number("loads "), far_hits: number("far hits "), took }
}

fn disk(directory: &Path) -> String {
    format!("disk://{}", directory.display())
}

#[test]
fn a_warm_run_is_twenty_times_faster_and_the_commit_tier_outlives_the_aggregates() {
    let home = tempfile::tempdir().unwrap();
    let repository = history::write(&home.path().join("repository"), COMMITS);
    let cache = disk(&home.path().join("cache"));
    let cold = run(&repository, &cache, &[]);
    assert!(cold.table.contains(&format!("{COMMITS} commits")), "{}", cold.table);
    assert!(cold.loads > COMMITS, "{}", cold.loads);

    let warm = run(&repository, &cache, &[]);
    assert_eq!((warm.table.as_str(), warm.loads), (cold.table.as_str(), 0));
    assert!(cold.took >= warm.took * 20, "cold {:?}, warm {:?}", cold.took, warm.took);

    let again = run(&repository, &cache, &["--drop-aggregates"]);
    assert_eq!(again.table, cold.table);
    assert!(again.far_hits >= COMMITS, "{} far hits", again.far_hits);
    assert!(again.loads < 100, "only the aggregates are made again, but {} were loaded", again.loads);

    let part = run(&repository, &cache, &["--since", "2024-06-01", "--until", "2024-12-31"]);
    assert_ne!(part.table, cold.table);
    assert!(part.loads < 100, "an overlapping period reuses the commits, but {} were loaded", part.loads);

    let mut offline = command(&repository, &cache, &["--cached-only"]);
    let began = Instant::now();
    let offline = read(&offline.env("PATH", "/nowhere").output().unwrap(), began.elapsed());
    assert_eq!((offline.table.as_str(), offline.loads), (cold.table.as_str(), 0));
}

#[test]
fn a_run_killed_half_way_is_continued_and_right() {
    let home = tempfile::tempdir().unwrap();
    let repository = history::write(&home.path().join("repository"), 1_000);
    let expected = run(&repository, "memory", &[]).table;
    let cache = disk(&home.path().join("cache"));
    let mut killed =
        command(&repository, &cache, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let log = home.path().join("cache");
    while files_in(&log) < 20_000 {
        assert!(killed.try_wait().unwrap().is_none(), "the run ended before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let continued = run(&repository, &cache, &[]);
    assert_eq!(continued.table, expected);
    assert!(continued.far_hits > 0 && continued.loads < 1_013, "{} loads", continued.loads);
}

/// The bytes of the files in a directory.
fn files_in(directory: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(directory) else { return 0 };
    files.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum()
}

#[test]
fn a_report_over_redis_is_shared_by_processes() {
    let home = tempfile::tempdir().unwrap();
    let repository = history::write(&home.path().join("repository"), 200);
    let server = RedisServer::start();
    let cold = run(&repository, &server.url(), &[]);
    let warm = run(&repository, &server.url(), &[]);
    assert_eq!((warm.table.as_str(), warm.loads), (cold.table.as_str(), 0));
}
