//! The sockets of the engine: one small trait per file, each with its null object.
//!
//! Nothing in the engine is an `Option<Arc<dyn ..>>`: what is not configured is a null object. Wiring happens
//! in one constructor, the manager's builder.

pub mod backend;
pub mod clock;
pub mod near;
pub mod recorder;
pub mod spawn;
