//! Pictures.

pub(crate) mod colour;
