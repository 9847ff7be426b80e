//! Compile-time graph compiler for convolutional networks.
#![forbid(unsafe_code)]
