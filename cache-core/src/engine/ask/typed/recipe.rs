//! How one call's results are taken apart, held, shared and judged.

use super::{Hold, Shape, Share};
use crate::error::Error;
use crate::key::Tag;
use crate::port::near::Held;
use crate::time::Ttl;

/// What becomes of a loaded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored for this life; `Ttl::Default`: the one that was asked for.
    Keep(Ttl),
    /// It is handed out and not stored.
    Refuse,
}

/// What the engine is told about the results of a call. Cheap to clone: a load that goes on by itself takes one along.
pub(crate) trait Recipe: Clone {
    /// What the caller gets.
    type Ret;
    /// What is stored of it.
    type Val;
    /// How the one carries the other.
    type Shape: Shape<Ret = Self::Ret, Val = Self::Val>;
    /// How values are held.
    type Hold: Hold<Self::Val>;
    /// How failures are shared.
    type Share: Share<Self::Ret>;

    /// How the result carries the value.
    fn shape(&self) -> Self::Shape;

    /// How values are held.
    fn hold(&self) -> Self::Hold;

    /// How failures reach followers.
    fn share(&self) -> Self::Share;

    /// What becomes of a value.
    fn judge(&self, value: &Self::Val) -> Verdict;

    /// The tags that a value names.
    fn tags(&self, _value: &Self::Val) -> Vec<Tag> {
        Vec::new()
    }

    /// Whether a failed result may be answered with a stale value instead.
    fn stale_will_do(&self, _failed: &Self::Ret) -> bool {
        true
    }

    /// The result that carries trouble of the cache: a limit that was reached, a tier that must not be doubted and
    /// cannot be asked. `None`: this type cannot say it, so the limit is not kept, and the tier is a miss.
    fn trouble(&self, error: Error) -> Option<Self::Ret>;

    /// The result of a held value, or of remembered absence; `None` when it is of another type.
    fn give(&self, value: Option<&Held>) -> Option<Self::Ret> {
        match value {
            Some(held) => self.hold().give(Held::clone(held)).map(|value| self.shape().of_value(value)),
            None => self.shape().of_absence(),
        }
    }
}
