//! `convolve train`.

mod args;
mod display;
mod interrupt;
mod network;
mod source;

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use convolve_compiler::graph::Graph;
use convolve_runtime::Threads;
use convolve_train::data::{Arrays, Augmented, Dataset, Part, split};
use convolve_train::{Config, Event, Network, TrainError, Trainer};

pub(crate) use args::TrainArgs;
pub(crate) use network::{Compiled, Graphs};
pub(crate) use source::SourceArgs;

use crate::args::{Format, NetworkWithWeights};
use crate::failure::{Failure, Result, complain};
use crate::progress::Progress;
use crate::weights::{self, Weights};
use crate::{output, table};
use display::Display;

/// Trains a network, and writes its weights.
pub(crate) fn train(args: &TrainArgs) -> Result<()> {
    interrupt::listen()?;
    check_files(args)?;
    let reading = Progress::new(args.format, "reading");
    let (graph, start) = read(args)?;
    let examples = args.source.examples(&graph, Part::Train)?;
    let (training, validation) = match args.validation_split.map(|share| split(&examples, share)) {
        None => (Box::new(&examples) as Box<dyn Dataset + '_>, None),
        Some(Ok((training, validation))) => (Box::new(training) as Box<dyn Dataset + '_>, Some(validation)),
        Some(Err(error)) => return Err(Failure::new(error.to_string())),
    };
    let training = match args.augment {
        Some(changes) => {
            let changed = Augmented::new(training, changes);
            Box::new(changed.map_err(|error| Failure::new(error.to_string()))?)
        }
        None => training,
    };

    reading.begin("compiling");
    let parameters = graph.parameters.iter().map(|parameter| parameter.elements() as u64).sum();
    let name = graph.name.clone();
    let graphs = Graphs::new(graph).map_err(|reason| args.source.failure(&reason))?;
    let network = Compiled::new(&graphs);
    let config = args.config(args.source.config(&network.program(), &examples), &*training)?;
    let loss = config.loss;
    let mut trainer = trainer(args, &network, config, &examples, &args.source.threads())?;
    if let Some(start) = start {
        trainer.load_tensors(&start.data());
    }
    drop(reading);
    if let (Format::Text, held) = (args.format, validation.as_ref().map_or(0, Dataset::len)) {
        let count = |count: usize| table::grouped(count as u64);
        output::print(&format!(
            "{name}: {} parameters; {} examples to learn from, {} to validate with; {loss}\n",
            table::grouped(parameters),
            count(training.len()),
            count(held),
        ))?;
    }
    let validation = validation.as_ref().map(|validation| validation as &dyn Dataset);
    fit(args, &mut trainer, &*training, validation)?;
    finish(args, &trainer)
}

/// Finds out before hours of training whether their result can be written.
fn check_files(args: &TrainArgs) -> Result<()> {
    let (files, checkpoint) = (args.files()?, args.checkpoint());
    output::check(&files)?;
    let shown = checkpoint.display();
    match std::fs::metadata(&checkpoint) {
        Ok(found) if !found.is_file() => Err(Failure::new(format!("`{shown}` is no file for a checkpoint"))),
        Ok(_) if !args.resume => Err(Failure::new(format!(
            "`{shown}` is the checkpoint of a training that has not ended: go on with it by `--resume`, or \
             remove it"
        ))),
        Err(_) if args.resume => {
            Err(Failure::new(format!("there is no checkpoint `{shown}` to go on from: leave `--resume` out")))
        }
        _ => Ok(()),
    }
}

/// The network, and weights to start from if they are given.
fn read(args: &TrainArgs) -> Result<(Graph, Option<Weights>)> {
    let SourceArgs { file, layout, .. } = &args.source;
    if args.weights.is_none() {
        return Ok((weights::without(file, layout.map(Into::into))?, None));
    }
    weights::read(&NetworkWithWeights {
        file: file.clone(),
        weights: args.weights.clone(),
        layout: *layout,
        level: None,
        threads: 1,
    })
}

/// The trainer before its first step, or where the checkpoint left it.
fn trainer<'n>(
    args: &TrainArgs,
    network: &'n Compiled<'_>,
    config: Config,
    examples: &Arrays,
    threads: &Threads,
) -> Result<Trainer<'n, Compiled<'n>>> {
    let trainer = Trainer::new(network, config, Some(threads));
    let mut trainer = trainer.map_err(|error| args.source.failure(&error))?;
    args.source.check(&trainer, examples)?;
    if args.resume {
        trainer.resume(&args.checkpoint()).map_err(|error| Failure::new(error.to_string()))?;
    }
    Ok(trainer)
}

/// Trains, with a checkpoint after each epoch, and where Ctrl-C ends it.
fn fit<N: Network>(
    args: &TrainArgs,
    trainer: &mut Trainer<'_, N>,
    training: &dyn Dataset,
    validation: Option<&dyn Dataset>,
) -> Result<()> {
    let checkpoint = args.checkpoint();
    let save =
        |trainer: &Trainer<'_, N>| trainer.save(&checkpoint).map_err(|error| Failure::new(error.to_string()));
    let mut display = Display::new(trainer.config().epochs, args.format);
    let (mut told, mut interrupted) = (Ok(()), false);
    let fitted = trainer.fit(training, validation, |trainer, event| {
        let (saved, ended) = match &event {
            Event::Epoch { epochs, history } => (save(trainer), history.epochs.len() == *epochs),
            _ => (Ok(()), false),
        };
        told = saved.and_then(|()| display.show(&event));
        // After the last epoch there is nothing to interrupt.
        interrupted = interrupt::pressed() && !ended;
        if interrupted || told.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(display);
    let fitted = fitted.map(|history| history.epochs.len());
    told?;
    let epochs = fitted.map_err(|error| failed(error, &checkpoint))?;
    if interrupted {
        save(trainer)?;
        complain(&format!(
            "warning: interrupted in epoch {} of {}; `{}` has all that was learned: the same command with \
             `--resume` goes on",
            epochs + 1,
            trainer.config().epochs,
            checkpoint.display()
        ));
        return Err(Failure::INTERRUPTED);
    }
    Ok(())
}

/// Why training ended, and what is left of it.
fn failed(error: TrainError, checkpoint: &Path) -> Failure {
    let mut message = error.to_string();
    if matches!(error, TrainError::NotFinite { .. }) && checkpoint.is_file() {
        let file = checkpoint.display();
        message += &format!("\n  = note: `{file}` holds the epochs before; remove it to start anew");
    }
    Failure::new(message)
}

/// Writes what training was for. Only then the checkpoint is of no more use.
fn finish<N: Network>(args: &TrainArgs, trainer: &Trainer<'_, N>) -> Result<()> {
    let mut files = vec![(args.output.clone(), trainer.to_safetensors())];
    if let Some(path) = &args.history {
        let history = trainer.history();
        let text = if args::is_csv(path)? { history.to_csv() } else { history.to_json() + "\n" };
        files.push((path.clone(), text.into_bytes()));
    }
    output::write_all(&files)?;
    for (path, _) in &files {
        // A device has nothing to keep.
        _ = File::open(path).and_then(|file| file.sync_all());
    }
    _ = std::fs::remove_file(args.checkpoint());
    match args.format {
        Format::Text => output::print(&format!(
            "{}: the weights of `{}` after epoch {}\n",
            args.output.display(),
            args.source.file.display(),
            trainer.history().epochs.len()
        )),
        Format::Json => Ok(()),
    }
}
