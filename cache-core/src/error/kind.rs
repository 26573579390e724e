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
