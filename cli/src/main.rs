//! The `convolve` command: checks, summarises, expands, trains, runs and measures networks written in YAML.

#![forbid(unsafe_code)]

mod args;
mod array;
mod bench;
mod check;
mod complete;
mod draw;
mod evaluate;
mod expand;
mod explain;
mod explore;
mod failure;
mod features;
mod field;
mod graph;
mod history;
mod load;
mod memory;
mod npy;
mod output;
mod paint;
mod picture;
mod progress;
mod receptive;
mod report;
mod run;
mod signal;
mod summary;
mod table;
mod tensors;
mod train;
mod weights;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    args.color.choose();
    let result = match args.command {
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Summary(args) => summary::summary(&args),
        Command::Expand(args) => expand::expand(&args),
        Command::Graph(args) => graph::graph(&args),
        Command::Memory(args) => memory::memory(&args),
        Command::Report(args) => report::report(&args),
        Command::Train(args) => train::train(&args),
        Command::Evaluate(args) => evaluate::evaluate(&args),
        Command::History(args) => history::history(&args),
        Command::Run(args) => run::run(&args),
        Command::Features(args) => features::features(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Show(args) => array::show(&args),
        Command::Pad(args) => array::pad(&args),
        Command::Pool(args) => array::pool(&args),
        Command::Conv(args) => array::conv(&args),
        Command::Subsample(args) => array::subsample(&args),
        Command::Upsample(args) => array::upsample(&args),
        Command::Activation(args) => array::activation(&args),
        Command::Signal(args) => signal::signal(&args),
        Command::Explore(args) => explore::explore(&args),
        Command::ReceptiveField(args) => receptive::receptive_field(&args),
        Command::Completions(args) => complete::completions(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.code()
        }
    }
}
