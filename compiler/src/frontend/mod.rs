//! The two notations; each becomes the same [`Spec`](crate::spec::Spec).

pub mod yaml;
