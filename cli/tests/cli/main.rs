//! The `convolve` command, as a user runs it.

#![forbid(unsafe_code)]

mod arrays;
mod bench;
mod commands;
mod errors;
mod explore;
mod features;
mod graph;
mod guide;
mod history;
mod memory;
mod receptive;
mod report;
mod run;
mod sandbox;
mod slides;
mod terminal;
mod train;
