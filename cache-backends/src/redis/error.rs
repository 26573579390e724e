//! What the library and the server report, in our words.
//!
//! Invariant: a server's own text is never handed on (it repeats arguments, and so keys); only its code is read.

use std::fmt::Display;

use cache_core::error::{Error, ErrorKind};
use redis::{RedisError, ServerError};

/// A failed call, and what it says about the connection.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) reason: Reason,
    /// Where a server of a cluster redirects to.
    #[cfg_attr(not(feature = "redis-cluster"), allow(dead_code, reason = "only clusters follow it"))]
    pub(super) place: Option<Box<str>>,
}

/// What a failure says beyond its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The connection is of no use any more; the command may or may not have been carried out.
    Broken,
    /// The server does not take writes: it may have been the primary before.
    Demoted,
    /// The script is not known there; nothing was done.
    UnknownScript,
    /// The user may not do that.
    Denied,
    /// The server cannot save and takes no writes; even to `PING` it answers so.
    Unsaved,
    /// The key holds something else than a string.
    Foreign,
    /// Another server of the cluster holds the slot.
    Moved,
    /// Another server of the cluster is taking over the slot.
    Importing,
    /// The slot is between two servers of the cluster.
    OnItsWay,
    /// The slot is between two servers, and of two keys the one that hands it over has neither, and the other not both.
    NotThereYet,
    /// Nothing.
    Other,
}

impl Reason {
    /// Whether a server that answers `PING` so can be read from.
    pub(super) fn is_alive(self) -> bool {
        matches!(self, Self::Denied | Self::Unsaved)
    }
}

impl Failure {
    pub(super) fn other(error: Error) -> Self {
        Self { error, reason: Reason::Other, place: None }
    }

    /// The same from a server that is taking over the slot.
    #[cfg(feature = "redis-cluster")]
    pub(super) fn while_importing(self) -> Self {
        let reason = if self.reason == Reason::OnItsWay { Reason::NotThereYet } else { self.reason };
        Self { reason, ..self }
    }
}

/// An error of the client library.
pub(super) fn of_library(error: &RedisError, address: &impl Display) -> Failure {
    if let Ok(answer) = ServerError::try_from(error.clone()) {
        return of_server(&answer, address);
    }
    if error.code().is_some() {
        return of_code(error.code().unwrap_or_default(), error.detail().unwrap_or_default(), address);
    }
    match error.kind() {
        redis::ErrorKind::AuthenticationFailed => of_code("WRONGPASS", "", address),
        redis::ErrorKind::RESP3NotSupported => {
            let text = format!("{address} does not speak RESP3");
            let fix = "add ?protocol=resp2 to the URL, or use Redis 6.2 or newer";
            Failure::other(Error::new(ErrorKind::Refused, text).with_fix(fix))
        }
        redis::ErrorKind::Io if error.to_string().contains("fatal alert: ") => {
            ended_by_alert(&error.to_string(), address)
        }
        redis::ErrorKind::Io => {
            broken(format!("{address} cannot be reached: {}", shortened(&error.to_string())))
        }
        redis::ErrorKind::Parse => broken(format!("{address} answered with something that is not RESP")),
        _ => broken(format!("{address} cannot be used: {}", error.category())),
    }
}

/// A TLS server judges the client's certificate after the client believes to be connected.
fn ended_by_alert(text: &str, address: &impl Display) -> Failure {
    let (_, alert) = text.split_once("fatal alert: ").unwrap_or_default();
    let fix = match alert {
        "CertificateRequired" => "add ?cert_file=..&key_file=.. to the URL",
        _ => "give a client certificate that its roots certify",
    };
    let text = format!("{address} ended the TLS connection: {}", shortened(alert));
    Failure { error: Error::new(ErrorKind::Refused, text).with_fix(fix), reason: Reason::Broken, place: None }
}

/// An answer that does not belong to the question.
pub(super) fn unexpected(address: &impl Display) -> Failure {
    broken(format!("{address} gave an answer of another shape than the command has"))
}

/// The connection ended before the answer came. Nobody connects again for a backend that was disconnected.
pub(super) fn cut(address: &impl Display, was_shut: bool) -> Failure {
    if was_shut {
        let text = format!("{address} was disconnected from before it answered");
        return Failure::other(Error::new(ErrorKind::Unavailable, text));
    }
    broken(format!("{address} cannot be reached: the connection broke"))
}

fn broken(text: String) -> Failure {
    Failure { error: Error::new(ErrorKind::Unavailable, text), reason: Reason::Broken, place: None }
}

fn shortened(text: &str) -> String {
    text.chars().take(160).collect()
}

/// An error that the server answered with.
pub(super) fn of_server(error: &ServerError, address: &impl Display) -> Failure {
    of_code(error.code(), error.details().unwrap_or_default(), address)
}

fn of_code(code: &str, detail: &str, address: &impl Display) -> Failure {
    let (kind, what, fix) = match code {
        "ERR" => of_detail(detail),
        _ => known(code).unwrap_or((ErrorKind::Refused, "", "")),
    };
    let text = match what {
        "" => format!("{address} answered with the error {}", shown_code(code)),
        what => format!("{address} {what}{}", denied_command(code, detail)),
    };
    let error = Error::new(kind, text);
    let error = if fix.is_empty() { error } else { error.with_fix(fix) };
    let reason = match code {
        "READONLY" => Reason::Demoted,
        "NOSCRIPT" => Reason::UnknownScript,
        "NOPERM" => Reason::Denied,
        "MISCONF" => Reason::Unsaved,
        "WRONGTYPE" => Reason::Foreign,
        "MOVED" => Reason::Moved,
        "ASK" => Reason::Importing,
        "TRYAGAIN" => Reason::OnItsWay,
        _ => Reason::Other,
    };
    let redirects = matches!(reason, Reason::Moved | Reason::Importing);
    let place = if redirects { detail.split_once(' ').map(|(_, place)| place.into()) } else { None };
    Failure { error, reason, place }
}

type Meaning = (ErrorKind, &'static str, &'static str);

fn known(code: &str) -> Option<Meaning> {
    use ErrorKind::{Refused, Unavailable};
    Some(match code {
        "LOADING" => (Unavailable, "is still loading its data", ""),
        "BUSY" => (Unavailable, "is busy with a script of somebody", ""),
        "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" => (Unavailable, "has lost its primary or its cluster", ""),
        "READONLY" => (Unavailable, "is a replica that takes no writes", "point the URL at the primary"),
        "OOM" => {
            (Refused, "is out of memory", "raise its maxmemory or set a maxmemory-policy such as allkeys-lru")
        }
        "MISCONF" => (
            Refused,
            "takes no writes because it cannot save to its disk",
            "free its disk, or switch saving off",
        ),
        "NOREPLICAS" => (
            Refused,
            "takes no writes because too few replicas are connected",
            "see its min-replicas-to-write",
        ),
        "NOAUTH" => {
            (Refused, "wants a password", "write redis://:password@host or redis://user:password@host")
        }
        "WRONGPASS" => (Refused, "refuses the user or the password", "check the credentials in the URL"),
        "NOPERM" => (
            Refused,
            "does not allow this user the command or the key",
            "extend its ACL: +@read +@write +@scripting ~ns:*",
        ),
        "WRONGTYPE" => {
            (Refused, "holds something under the key that is no string", "keep others out of the namespace")
        }
        "MOVED" | "ASK" | "CROSSSLOT" => {
            (Refused, "is a node of a cluster", "write redis+cluster://, with the feature redis-cluster")
        }
        _ => return None,
    })
}

/// Which command a user may not run: a word of the server's own, no argument.
fn denied_command(code: &str, detail: &str) -> String {
    let named = detail.split_once("run the '").and_then(|(_, rest)| rest.split_once('\''));
    match named {
        Some((command, _)) if code == "NOPERM" && is_command(command) => format!(" ({command})"),
        _ => String::new(),
    }
}

fn is_command(word: &str) -> bool {
    (1..=32).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'|')
}

/// The general code `ERR` hides a few cases that matter.
fn of_detail(detail: &str) -> Meaning {
    use ErrorKind::{NotACounter, Refused, Unavailable};
    let cases: [(&str, Meaning); 7] = [
        (
            "No such master",
            (Refused, "knows no master of that name", "see what its `sentinel monitor` names"),
        ),
        ("not an integer", (NotACounter, "holds a value under the key that is no counter", COUNT_ELSEWHERE)),
        ("would overflow", (NotACounter, "cannot count that far", COUNT_ELSEWHERE)),
        ("max number of clients", (Unavailable, "has no connection left", "raise its maxclients")),
        ("unknown command", (Refused, "does not know the command", "use Redis 6.2, Valkey 7.2 or newer")),
        ("DB index", (Refused, "has no database of that number", "see its databases option")),
        ("without any password", (Refused, "has no password set", "leave the credentials out of the URL")),
    ];
    let case = cases.into_iter().find(|(sign, _)| detail.contains(sign));
    case.map_or((Refused, "", ""), |(_, meaning)| meaning)
}

const COUNT_ELSEWHERE: &str = "count under a key of its own";

fn shown_code(code: &str) -> &str {
    let is_code = code.len() <= 32 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code && !code.is_empty() { code } else { "(unreadable)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(line: &str) -> Failure {
        let address = "redis://h:1";
        let (code, detail) = line.split_once(' ').unwrap_or((line, ""));
        of_code(code, detail, &address)
    }

    #[test]
    fn answers_have_a_kind_a_text_and_a_fix() {
        for (line, kind, text) in [
            ("LOADING Redis is loading", ErrorKind::Unavailable, "redis://h:1 is still loading its data"),
            (
                "READONLY You can't",
                ErrorKind::Unavailable,
                "is a replica that takes no writes; point the URL",
            ),
            ("OOM command not allowed", ErrorKind::Refused, "is out of memory; raise its maxmemory"),
            ("MISCONF Errors", ErrorKind::Refused, "cannot save to its disk"),
            ("NOAUTH Authentication required.", ErrorKind::Refused, "wants a password; write redis://"),
            ("WRONGPASS invalid", ErrorKind::Refused, "refuses the user or the password"),
            (
                "NOPERM User app has no permissions to run the 'unlink' command",
                ErrorKind::Refused,
                "the command or the key (unlink); extend its ACL: +@read",
            ),
            (
                "NOPERM this user has no permissions to run the 'user:7' command",
                ErrorKind::Refused,
                "redis://h:1 does not allow this user the command or the key; extend",
            ),
            ("WRONGTYPE Operation", ErrorKind::Refused, "no string; keep others out"),
            ("ERR value is not an integer or out of range", ErrorKind::NotACounter, "no counter"),
            ("ERR increment or decrement would overflow", ErrorKind::NotACounter, "that far"),
            ("ERR max number of clients reached", ErrorKind::Unavailable, "no connection left"),
            ("ERR unknown command 'GETDEL', with args: 'user:7'", ErrorKind::Refused, "Redis 6.2"),
            ("NOVELTY user:7", ErrorKind::Refused, "redis://h:1 answered with the error NOVELTY"),
            ("user:7", ErrorKind::Refused, "with the error (unreadable)"),
        ] {
            let error = failure(line).error;
            assert_eq!(error.kind(), kind, "{line}");
            assert!(error.to_string().contains(text), "{line}: {error}");
            assert!(!error.to_string().contains("user:7") && !error.to_string().contains("canary"));
        }
    }
}
