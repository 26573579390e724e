//! Groups that arguments make (`group_by(tenant)`), named by one hidden function for whatever is done with them.

use super::{Group, ManagerSource, Pending, Space};
use crate::key::Parts;

/// What is done with the group that some arguments name.
#[diagnostic::on_unimplemented(message = "`{Self}` is no argument of this target")]
pub trait GroupVerb {
    /// What comes of it.
    type Output;

    /// Does it.
    fn of_group<M: ManagerSource, P: Parts>(self, space: Space<M>, names: &str, values: &P) -> Self::Output;
}

/// Finds the group.
#[derive(Debug, Clone, Copy)]
pub struct FindGroup;

impl GroupVerb for FindGroup {
    type Output = Group;

    fn of_group<M: ManagerSource, P: Parts>(self, space: Space<M>, names: &str, values: &P) -> Group {
        space.group(names, values)
    }
}

/// Invalidates the group behind a body.
impl GroupVerb for &mut Pending {
    type Output = ();

    fn of_group<M: ManagerSource, P: Parts>(self, space: Space<M>, names: &str, values: &P) {
        self.group(space, names, values);
    }
}
