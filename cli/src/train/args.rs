//! The options of training, and what they mean to the trainer.

use std::path::{Path, PathBuf};

use clap::value_parser;
use convolve_train::data::{Augmentation, Dataset};
use convolve_train::optimizer::Clipping;
use convolve_train::schedule::Decay;
use convolve_train::{Config, Initializer, Optimizer, Patience, Schedule};

use super::source::SourceArgs;
use crate::args::Format;
use crate::failure::{Failure, Result};

const EXAMPLES: &str = "\
Examples:
  convolve train models/specs/mnist.yaml --data models/data --epochs 5 --batch-size 128 \\
      --validation-split 0.1 --output digits.safetensors --history digits.json
  convolve train unet.yaml --data cells --loss dice --augment shift=4,flip,rotate=10 \\
      --validation-split 0.2 --early-stopping 5 --best val_iou --output unet.safetensors
  convolve train net.yaml --data digits.npz --weights old.safetensors --learning-rate 1e-4 \\
      --output new.safetensors

Ctrl-C ends training after the step, writes the checkpoint, and exits with 130; the same command with
`--resume` then goes on, and comes to the same weights as if nothing had happened. So it does after a crash,
from the last epoch that had ended. Pressed again, Ctrl-C ends the command at once.";

/// Training starts from new weights, whatever the YAML file names. The same seed gives the same weights on any number of
/// threads.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Where to write the weights
    #[arg(long, value_name = "SAFETENSORS")]
    pub(crate) output: PathBuf,
    /// Where to write losses and metrics, epoch by epoch: .json or .csv
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Where to write what training goes on from, after each epoch [default: the output with `.checkpoint`]
    #[arg(long, value_name = "SAFETENSORS")]
    checkpoint: Option<PathBuf>,
    /// Go on from the checkpoint, with the same options; with a cosine, the number of epochs is one of them
    #[arg(long)]
    pub(crate) resume: bool,
    /// Weights to start from, in place of new ones
    #[arg(long, value_name = "SAFETENSORS", conflicts_with = "resume")]
    pub(crate) weights: Option<PathBuf>,
    /// Times that each example is seen
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..))]
    epochs: u32,
    /// Images of a step
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u32).range(1..))]
    batch_size: u32,
    /// Share of the examples, the last ones, that is kept apart and evaluated after each epoch
    #[arg(long, value_name = "SHARE")]
    pub(crate) validation_split: Option<f64>,
    /// How weights follow their gradients: sgd, adam, adamw or rmsprop
    #[arg(long, default_value = "adam")]
    optimizer: Optimizer,
    /// How far they follow [default: the optimizer's own]
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// What of the last step's direction sgd or rmsprop keep
    #[arg(long, value_name = "SHARE")]
    momentum: Option<f64>,
    /// Let sgd look ahead along that direction
    #[arg(long, requires = "momentum")]
    nesterov: bool,
    /// How strongly weights are drawn to zero [default: the optimizer's own]
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,
    /// How the learning rate falls: cosine, to zero over all epochs, so that the last batches pull the weights less and
    /// less; step:N:F, times F after every N epochs; or constant
    #[arg(long, value_name = "SCHEDULE", default_value = "cosine", value_parser = Fall::parse)]
    schedule: Fall,
    /// Steps over which the learning rate first grows
    #[arg(long, value_name = "STEPS", default_value_t = 0)]
    warm_up: u64,
    /// Limit of the root of the sum of the squares of all gradients
    #[arg(long, value_name = "LIMIT", conflicts_with = "clip_value")]
    clip_norm: Option<f64>,
    /// Limit of each gradient
    #[arg(long, value_name = "LIMIT")]
    clip_value: Option<f64>,
    /// How new weights start: he_normal, he_uniform, glorot_normal, glorot_uniform or zeros
    #[arg(long, default_value = "he_normal")]
    initializer: Initializer,
    /// Chooses new weights, order, augmentation and dropout
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Take the examples in their order, in every epoch
    #[arg(long)]
    no_shuffle: bool,
    /// What may happen to images: shift=PIXELS, flip (left to right), flip=vertical, flip=both,
    /// rotate=DEGREES, crop=PIXELS, noise=DEVIATION
    #[arg(long, value_name = "CHANGE,…", value_parser = augmentation)]
    pub(crate) augment: Option<Augmentation>,
    /// Stop after so many epochs without a better val_loss, or loss without validation
    #[arg(long, value_name = "EPOCHS", value_parser = value_parser!(u32).range(1..))]
    early_stopping: Option<u32>,
    /// Keep the weights of the epoch in which this value, such as val_loss, was best
    #[arg(long, value_name = "VALUE")]
    best: Option<String>,
    /// How to tell of epochs; a progress bar is shown besides, on a terminal
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

impl TrainArgs {
    /// Where the checkpoint is.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.checkpoint.clone().unwrap_or_else(|| {
            let mut name = self.output.clone().into_os_string();
            name.push(".checkpoint");
            name.into()
        })
    }

    /// All files that are written.
    ///
    /// # Errors
    /// If two are the same, or the history is neither JSON nor CSV.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = vec![self.output.clone(), self.checkpoint()];
        if let Some(path) = &self.history {
            is_csv(path)?;
            files.push(path.clone());
        }
        for (index, file) in files.iter().enumerate() {
            if files[..index].contains(file) {
                return Err(Failure::new(format!("`{}` is to be written twice", file.display())));
            }
        }
        Ok(files)
    }

    /// The rule with its numbers.
    fn optimizer(&self) -> Result<Optimizer> {
        let mut optimizer = self.optimizer;
        if let Some(rate) = self.learning_rate {
            optimizer = optimizer.with_learning_rate(rate);
        }
        let (kept, ahead, decay) = match &mut optimizer {
            Optimizer::Sgd { momentum, nesterov, weight_decay, .. } => {
                (Some(momentum), Some(nesterov), weight_decay)
            }
            Optimizer::RmsProp { momentum, weight_decay, .. } => (Some(momentum), None, weight_decay),
            Optimizer::Adam { weight_decay, .. } | Optimizer::AdamW { weight_decay, .. } => {
                (None, None, weight_decay)
            }
        };
        *decay = self.weight_decay.unwrap_or(*decay);
        let wrong = |option, rules| Err(Failure::new(format!("`--{option}` needs `--optimizer {rules}`")));
        match (kept, self.momentum) {
            (Some(kept), Some(momentum)) => *kept = momentum,
            (None, Some(_)) => return wrong("momentum", "sgd` or `rmsprop"),
            _ => {}
        }
        match (ahead, self.nesterov) {
            (Some(ahead), chosen) => *ahead = chosen,
            (None, true) => return wrong("nesterov", "sgd"),
            _ => {}
        }
        Ok(optimizer)
    }

    /// What the trainer is told, for training on these examples.
    ///
    /// # Errors
    /// If the optimizer has no such number.
    pub(crate) fn config(&self, defaults: Config, training: &dyn Dataset) -> Result<Config> {
        let steps = training.len().div_ceil(self.batch_size as usize) as u64;
        let clipping = match (self.clip_norm, self.clip_value) {
            (Some(limit), _) => Clipping::Norm(limit),
            (_, Some(limit)) => Clipping::Value(limit),
            _ => Clipping::None,
        };
        let decay = match self.schedule {
            Fall::Constant => Decay::Constant,
            Fall::Step { epochs, factor } => Decay::Step { every: epochs.saturating_mul(steps), factor },
            Fall::Cosine => {
                let all = steps.saturating_mul(self.epochs.into());
                // Where the warm-up takes all steps, nothing is left to fall; a cosine needs one nevertheless.
                Decay::Cosine { steps: all.saturating_sub(self.warm_up).max(1), minimum: 0.0 }
            }
        };
        let monitor = if self.validation_split.is_some() { "val_loss" } else { "loss" };
        let patience =
            |epochs| Patience { monitor: monitor.to_owned(), epochs: epochs as usize, min_delta: 0.0 };
        Ok(Config {
            epochs: self.epochs as usize,
            batch_size: self.batch_size as usize,
            optimizer: self.optimizer()?,
            schedule: Schedule { warm_up: self.warm_up, decay },
            clipping,
            initializer: self.initializer,
            seed: self.seed,
            shuffle: !self.no_shuffle,
            early_stopping: self.early_stopping.map(patience),
            best: self.best.clone(),
            ..defaults
        })
    }
}

/// Whether a history is to be CSV; otherwise it is JSON.
pub(crate) fn is_csv(path: &Path) -> Result<bool> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        _ => Err(Failure::new(format!("`{}` ends neither in .json nor in .csv", path.display()))),
    }
}

/// How the learning rate falls, in epochs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fall {
    Constant,
    Step { epochs: u64, factor: f64 },
    Cosine,
}

impl Fall {
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let step = || {
            let (epochs, factor) = text.strip_prefix("step:")?.split_once(':')?;
            Some(Self::Step { epochs: epochs.parse().ok()?, factor: factor.parse().ok()? })
        };
        match text {
            "constant" => Ok(Self::Constant),
            "cosine" => Ok(Self::Cosine),
            _ => step()
                .ok_or_else(|| "expected `constant`, `cosine`, or `step:N:F`, as `step:2:0.5`".to_owned()),
        }
    }
}

fn augmentation(text: &str) -> std::result::Result<Augmentation, String> {
    fn number<T: std::str::FromStr>(name: &str, value: Option<&str>) -> std::result::Result<T, String> {
        let parsed = value.and_then(|value| value.parse().ok());
        parsed.ok_or_else(|| format!("`{name}` needs a number, as `{name}=2`"))
    }
    let mut chosen = Augmentation::default();
    for change in text.split(',') {
        let (name, value) = match change.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (change, None),
        };
        match (name, value) {
            ("flip", None) => chosen.flip[1] = true,
            ("flip", Some("vertical")) => chosen.flip[0] = true,
            ("flip", Some("both")) => chosen.flip = [true; 2],
            ("flip", Some(_)) => return Err("`flip` may be `flip=vertical` or `flip=both`".to_owned()),
            ("shift", value) => chosen.shift = [number(name, value)?; 2],
            ("rotate", value) => chosen.rotate = number(name, value)?,
            ("crop", value) => chosen.crop = [number(name, value)?; 2],
            ("noise", value) => chosen.noise = number(name, value)?,
            _ => {
                return Err(format!(
                    "there is no change `{name}`; there are `shift`, `flip`, `rotate`, `crop` and `noise`"
                ));
            }
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read() {
        assert_eq!(Fall::parse("constant"), Ok(Fall::Constant));
        assert_eq!(Fall::parse("cosine"), Ok(Fall::Cosine));
        assert_eq!(Fall::parse("step:2:0.5"), Ok(Fall::Step { epochs: 2, factor: 0.5 }));
        for wrong in ["step", "step:2", "step:x:0.5", "step:2:", "linear", ""] {
            assert!(Fall::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn changes_of_images_are_read() {
        let all =
            Augmentation { flip: [false, true], shift: [2, 2], rotate: 10.0, crop: [1, 1], noise: 0.05 };
        assert_eq!(augmentation("shift=2,flip,rotate=10,crop=1,noise=0.05"), Ok(all));
        assert_eq!(augmentation("flip=both").map(|x| x.flip), Ok([true; 2]));
        assert_eq!(augmentation("flip=vertical").map(|x| x.flip), Ok([true, false]));
        for wrong in ["", "shift", "shift=-1", "flip=up", "rotate=", "zoom=2", "flip,"] {
            assert!(augmentation(wrong).is_err(), "{wrong}");
        }
    }
}
