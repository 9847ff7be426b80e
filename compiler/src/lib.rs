//! From a specification to a program.
#![forbid(unsafe_code)]
