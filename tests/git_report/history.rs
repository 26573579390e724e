//! A history, written with `git fast-import`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Twelve authors, forty files in five directories, one commit every two hours from 2024-01-01 on.
pub(crate) fn write(directory: &Path, commits: u64) -> PathBuf {
    git(directory, &["init", "--quiet", "--initial-branch=main"]);
    let mut import = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(stream(commits).as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    directory.to_owned()
}

fn git(directory: &Path, args: &[&str]) {
    std::fs::create_dir_all(directory).unwrap();
    let status = Command::new("git").arg("-C").arg(directory).args(args).status().unwrap();
    assert!(status.success(), "git {args:?}");
}

fn stream(commits: u64) -> String {
    let mut stream = String::new();
    for commit in 0..commits {
        let (author, file) = (commit * commit % 12, commit * 7 % 40);
        let when = 1_704_067_200 + commit * 7_200;
        let text: String = (0..=commit % 9).map(|line| format!("line {line} of commit {commit}\n")).collect();
        let _ = write!(
            stream,
            "commit refs/heads/main\nauthor Author {author} <a{author}@example.org> {when} +0000\n\
             committer Author {author} <a{author}@example.org> {when} +0000\ndata 6\nchange\n\
             M 644 inline part{}/file{file}.txt\ndata {}\n{text}\n",
            file % 5,
            text.len(),
        );
    }
    stream
}
