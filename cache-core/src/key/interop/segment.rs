//! What a namespace and an operation may look like.

/// The longest segment in bytes.
const LONGEST: usize = 64;

/// What is wrong with a segment of a key: `^[a-z0-9][a-z0-9._-]{0,63}$` from end to end, without `..`, and, for a
/// namespace, neither `ns` nor `nsapi`, which servers keep for themselves. `None`: nothing.
#[must_use]
pub fn segment_problem(segment: &str, is_namespace: bool) -> Option<&'static str> {
    let bytes = segment.as_bytes();
    match bytes {
        [] => return Some("is empty"),
        [b'a'..=b'z' | b'0'..=b'9', ..] => {}
        _ => return Some("does not begin with a-z or 0-9"),
    }
    if !bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        return Some("has a character other than a-z 0-9 . _ -");
    }
    if bytes.len() > LONGEST {
        return Some("is longer than 64 characters");
    }
    if segment.contains("..") {
        return Some("has two dots in a row");
    }
    if is_namespace && matches!(segment, "ns" | "nsapi") {
        return Some("is reserved");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::segment_problem;

    #[test]
    fn every_rejection_has_its_reason() {
        let (begins, other) = ("does not begin with a-z or 0-9", "has a character other than a-z 0-9 . _ -");
        let long = "a".repeat(65);
        for (segment, problem) in [
            ("Users", begins),
            ("get:user", other),
            ("users\n", other),
            ("get_user\n", other),
            ("a..b", "has two dots in a row"),
            ("x..", "has two dots in a row"),
            (&long, "is longer than 64 characters"),
            (".users", begins),
            ("-get_user", begins),
            ("_get_user", begins),
            ("", "is empty"),
            ("users\u{663}", other),
            ("caf\u{e9}", other),
            ("\u{ff47}\u{ff45}\u{ff54}_user", begins),
            ("users/v2", other),
            ("get user", other),
            ("getUser", other),
            ("users:v2", other),
        ] {
            assert_eq!(segment_problem(segment, true), Some(problem), "{segment:?}");
            assert_eq!(segment_problem(segment, false), Some(problem), "{segment:?}");
        }
    }

    #[test]
    fn two_namespaces_are_reserved_and_their_neighbours_are_not() {
        for (segment, namespace, operation) in [
            ("ns", Some("is reserved"), None),
            ("nsapi", Some("is reserved"), None),
            ("nsapix", None, None),
            ("app.", None, None),
            ("9-lives_9-lives_9-lives_9-lives_9-lives_9-lives_9-lives_9-lives_", None, None),
        ] {
            assert_eq!(segment_problem(segment, true), namespace, "{segment}");
            assert_eq!(segment_problem(segment, false), operation, "{segment}");
        }
    }
}
