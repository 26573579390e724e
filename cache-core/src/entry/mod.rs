//! What is known about an entry besides its value: its deadlines, why it was not served, what became of it; and which results
//! become one.

mod deadlines;
mod invalidated;
mod none;
mod outcome;
mod reason;
mod status;
mod validator;

pub use deadlines::Deadlines;
pub use invalidated::Invalidated;
pub use outcome::Outcome;
pub use reason::Reason;
pub use status::{Freshness, Status};
pub use validator::Validator;
