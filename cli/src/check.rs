//! `convolve check`.

use convolve_compiler::check::Defaults;

use crate::args::CheckArgs;
use crate::failure::{Failure, Result};
use crate::{load, output};

/// Prints every mistake of every file, and a line for each file that has none.
pub(crate) fn check(args: &CheckArgs) -> Result<()> {
    let options = Defaults { layout: args.layout.map(Into::into), ..Defaults::default() };
    let mut whole = true;
    for path in &args.files {
        let network = load::parse(path)
            .and_then(|parsed| load::network(parsed, &options, Some(&load::files_beside(path))));
        match network {
            Ok(network) => output::print(&format!("ok: {}: {}\n", path.display(), network.graph.name))?,
            Err(failure) => {
                failure.print();
                whole = false;
            }
        }
    }
    if whole { Ok(()) } else { Err(Failure::REPORTED) }
}
