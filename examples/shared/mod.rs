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
    /// Those of this process; the folder is made if there is none. The results go to the current folder, the seed is 0, if
    /// nothing else is said.
    pub(crate) fn read(epochs: u64) -> Result<Self, Box<dyn Error>> {
        let mut words = std::env::args_os().skip(1);
        let folder = words.next().map_or_else(|| ".".into(), PathBuf::from);
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()))?;
        let mut number = |usual: u64| {
            let Some(word) = words.next() else { return Ok(usual) };
            let number = word.to_str().and_then(|word| word.parse().ok());
            number.ok_or_else(|| format!("{} is no number: give [FOLDER [EPOCHS [SEED]]]", word.display()))
        };
        Ok(Self { folder, epochs: number(epochs)?.try_into()?, seed: number(0)? })
    }

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
        let (weights, history) = (weights.display(), history.display());
        writeln!(std::io::stdout(), "Weights: {weights}\nHistory: {history}")?;
        writeln!(std::io::stdout(), "Its curves: convolve history {history} --plot history.svg")?;
        Ok(())
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
