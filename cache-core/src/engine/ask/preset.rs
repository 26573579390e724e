//! Policies by what they mean.

use std::time::Duration;

use crate::engine::Policy;
use crate::policy::RefreshAhead;

const MINUTE: Duration = Duration::from_secs(60);

impl Policy {
    /// A cache and nothing else: a hit is a hit, a miss loads, an error is an error. The same as [`Policy::new`].
    #[must_use]
    pub fn minimal() -> Self {
        Self::new()
    }

    /// For values that may lag a little, over a source that is mostly well: nobody waits more than 5 s, a load that
    /// hangs is ended after 30 s, popular values are refreshed at four fifths of their life, and for a minute after
    /// its expiry a value answers in place of an error.
    #[must_use]
    pub fn production() -> Self {
        Self::new()
            .timeout(Duration::from_secs(5))
            .max_load_time(Duration::from_secs(30))
            .refresh_ahead(RefreshAhead::Fraction(0.8))
            .stale_if_error(MINUTE)
    }

    /// For pages that must come up whatever happens behind them: as [`Policy::production`], and a value that has
    /// expired answers at once for a minute while it is refreshed, after one second in place of waiting, and for a
    /// day in place of an error.
    #[must_use]
    pub fn resilient() -> Self {
        Self::production()
            .soft_timeout(Duration::from_secs(1))
            .stale_while_revalidate(MINUTE)
            .stale_if_error(24 * 60 * MINUTE)
    }

    /// For tokens and personal data: sealed in byte tiers, not kept in the near tier, never served after its expiry,
    /// and an error where a tier cannot be reached. Needs a master key, and the feature `encrypt`: a manager is not
    /// built without them, since storing in clear what was meant to be sealed would be worse.
    #[must_use]
    pub fn secure() -> Self {
        Self::new().timeout(Duration::from_secs(5)).sealed()
    }
}
