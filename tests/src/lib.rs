//! What the workspace's tests share: recorded results of other frameworks and a plain reference.

#![forbid(unsafe_code)]

pub mod chosen;
pub mod differences;
pub mod golden;
pub mod interpret;
pub mod network;
pub mod pages;
pub mod random;
pub mod reference;
pub mod reports;
