//! Training for networks compiled by Convolve: what a network learns from, what it is told that it did wrong, how its
//! weights follow, and the loop around all that.
#![forbid(unsafe_code)]

pub mod data;
