//! Master keys out of variables: `CACHE_MASTER_KEY`, `CACHE_PREVIOUS_MASTER_KEYS`.
//!
//! Promise: what is wrong with them is said without them. Nothing is trimmed: a key is its 64 digits.

use cache_core::manager::Builder;

const CURRENT: &str = "CACHE_MASTER_KEY";
const PREVIOUS: &str = "CACHE_PREVIOUS_MASTER_KEYS";

/// The keys of one configuration.
#[derive(Debug, Default)]
pub(super) struct Keys {
    #[cfg(feature = "encrypt")]
    ring: Option<cache_core::codec::Keyring>,
}

impl Keys {
    /// Reads both variables.
    ///
    /// # Errors
    /// What is wrong with one of them, and its fix.
    pub(super) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        Self::of(set(CURRENT), set(PREVIOUS))
    }
}

#[cfg(feature = "encrypt")]
impl Keys {
    fn of(current: Option<String>, previous: Option<String>) -> Result<Self, String> {
        use cache_core::codec::Keyring;

        let Some(current) = current else {
            return match previous {
                None => Ok(Self::default()),
                Some(_) => Err(format!("{PREVIOUS} is set (***), but {CURRENT} is not; set both")),
            };
        };
        let ring = Keyring::new(current).map_err(|error| format!("{CURRENT}: {error}"))?;
        let previous = previous.iter().flat_map(|keys| keys.split(','));
        let ring = ring.with_previous(previous).map_err(|error| {
            format!("{PREVIOUS}: {error}; write up to three keys, separated by commas alone")
        })?;
        Ok(Self { ring: Some(ring) })
    }

    /// Gives them to a manager.
    pub(super) fn give(&self, builder: Builder) -> Builder {
        match &self.ring {
            Some(ring) => builder.keyring(ring.clone()),
            None => builder,
        }
    }
}

#[cfg(not(feature = "encrypt"))]
impl Keys {
    fn of(current: Option<String>, previous: Option<String>) -> Result<Self, String> {
        let set = current.map(|_| CURRENT).or(previous.map(|_| PREVIOUS));
        match set {
            None => Ok(Self::default()),
            Some(name) => Err(format!(
                "{name} is set (***), but this build cannot seal; enable the feature `encrypt`, or unset it"
            )),
        }
    }

    /// There are none.
    pub(super) fn give(&self, builder: Builder) -> Builder {
        builder
    }
}

#[cfg(all(test, feature = "encrypt"))]
mod tests {
    use super::*;

    fn read(current: &str, previous: &str) -> Result<Keys, String> {
        Keys::read(&|name| match name {
            CURRENT => Some(current.to_owned()),
            _ => Some(previous.to_owned()),
        })
    }

    fn digits(pair: &str) -> String {
        pair.repeat(32)
    }

    #[test]
    fn one_key_and_up_to_three_previous_ones_are_read() {
        assert!(read("", " ").unwrap().ring.is_none());
        assert!(read(&digits("c4"), "").unwrap().ring.is_some());
        let three = [digits("c5"), digits("C6"), digits("c7")].join(",");
        let keys = read(&digits("c4"), &three).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys { ring: Some(Keyring(***, 3 previous)) }");
    }

    #[test]
    fn a_wrong_key_is_named_by_its_variable_and_never_shown() {
        let (good, other) = (digits("c4"), digits("c5"));
        for (current, previous, parts) in [
            (&good[1..], "", [CURRENT, "*** of 63 characters"]),
            (&format!("{good}\n"), "", [CURRENT, "*** of 65 characters"]),
            (&good.replacen('c', "x", 1), "", [CURRENT, "no hexadecimal digit"]),
            (&good, &other[2..], [PREVIOUS, "*** of 62 characters"]),
            (&good, &format!("{other}, {}", digits("c6")), [PREVIOUS, "*** of 65 characters"]),
            (&good, &format!("{other},"), [PREVIOUS, "*** of 0 characters"]),
            (&good, &good.to_uppercase(), [PREVIOUS, "the current master key (***) is among"]),
            ("", &other, [PREVIOUS, "but CACHE_MASTER_KEY is not"]),
        ] {
            let error = read(current, previous).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
            assert!(!error.contains("c4c4") && !error.contains("c5c5"), "{error}");
        }
    }
}
