//! The kinds of trouble, by what the caller can do about them.

/// What kind of trouble an [`Error`](super::Error) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A builder option, URL or environment variable is wrong.
    Config,
    /// A key is empty or too long to be a key.
    Key,
    /// A pattern cannot be read, or reaches into a part that is stored as a digest.
    Pattern,
    /// A life is zero or unreadable.
    Ttl,
    /// The key holds a value of another type, written by this process.
    TypeMismatch,
    /// The encoded entry is larger than the tier takes.
    TooLarge,
    /// The value cannot be encoded.
    Encode,
    /// Stored bytes are not what was written: truncated, flipped, foreign, or of another key.
    Corrupt,
    /// The key holds something that is not a counter, or the sum overflows.
    NotACounter,
    /// An operation took longer than its deadline; whether it happened is unknown.
    Timeout,
    /// The tier cannot be reached.
    Unavailable,
    /// Too many calls are under way: this one was not begun.
    Overloaded,
    /// The server answered with a refusal (permission, out of memory, wrong type, ..).
    Refused,
    /// The backend does not offer this verb.
    Unsupported,
    /// A file operation failed.
    Io,
    /// Another process holds the directory.
    Locked,
    /// The manager has been shut down.
    ShutDown,
}

impl ErrorKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 17] = [
        Self::Config,
        Self::Key,
        Self::Pattern,
        Self::Ttl,
        Self::TypeMismatch,
        Self::TooLarge,
        Self::Encode,
        Self::Corrupt,
        Self::NotACounter,
        Self::Timeout,
        Self::Unavailable,
        Self::Overloaded,
        Self::Refused,
        Self::Unsupported,
        Self::Io,
        Self::Locked,
        Self::ShutDown,
    ];

    /// A short, stable name for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Key => "key",
            Self::Pattern => "pattern",
            Self::Ttl => "ttl",
            Self::TypeMismatch => "type_mismatch",
            Self::TooLarge => "too_large",
            Self::Encode => "encode",
            Self::Corrupt => "corrupt",
            Self::NotACounter => "not_a_counter",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
            Self::Io => "io",
            Self::Locked => "locked",
            Self::ShutDown => "shut_down",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        assert!(ErrorKind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
        assert_eq!(
            ErrorKind::ALL.last(),
            Some(&ErrorKind::ShutDown),
            "a kind was added: it belongs into the list"
        );
    }
}
