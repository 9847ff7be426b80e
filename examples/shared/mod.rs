//! What the examples that train have in common.

use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use convolve::train::{Event, Network, Trainer};

/// Where MNIST is.
pub(crate) const MNIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/data");

/// The command line: `[FOLDER [EPOCHS [SEED]]]`.
pub(crate) struct Arguments {
    /// Where the results go.
    pub(crate) folder: PathBuf,
    /// Times that each example is seen.
    pub(crate) epochs: usize,
    /// Chooses what is random.
    pub(crate) seed: u64,
}

impl Arguments {
    /// Those of this process. The results go to the current folder, the seed is 0, if nothing else is said.
    pub(crate) fn read(epochs: usize) -> Result<Self, Box<dyn Error>> {
        let mut words = std::env::args().skip(1);
        let folder = words.next().unwrap_or_else(|| ".".into()).into();
        let mut number = |usual| words.next().map_or(Ok(usual), |word| word.parse::<u64>());
        let (epochs, seed) = (number(epochs as u64)?, number(0)?);
        Ok(Self { folder, epochs: epochs.try_into()?, seed })
    }
}

/// Prints what Keras prints after an epoch.
pub(crate) fn report<N: Network>(_: &Trainer<'_, N>, event: Event<'_>) -> ControlFlow<()> {
    if let Event::Epoch { epochs, history } = event {
        let epoch = history.epochs.len();
        let value = |name: &str| history.value(epoch - 1, name).unwrap_or(f64::NAN);
        let names =
            history.names().into_iter().filter(|name| !["seconds", "learning_rate"].contains(&&**name));
        let values: String = names.map(|name| format!(" - {name}: {:.4}", value(&name))).collect();
        _ = writeln!(std::io::stdout(), "Epoch {epoch}/{epochs} - {:.1}s{values}", value("seconds"));
    }
    ControlFlow::Continue(())
}

impl Arguments {
    /// Writes the weights and the history under this name.
    pub(crate) fn save<N: Network>(
        &self,
        trainer: &Trainer<'_, N>,
        name: &str,
    ) -> Result<(), Box<dyn Error>> {
        let path = |ending: &str| self.folder.join(format!("{name}{ending}"));
        let (weights, history) = (path(".safetensors"), path("_history.json"));
        trainer.save_weights(&weights)?;
        std::fs::write(&history, trainer.history().to_json())?;
        writeln!(std::io::stdout(), "Weights: {}\nHistory: {}", weights.display(), history.display())?;
        Ok(())
    }
}
