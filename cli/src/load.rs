//! From a YAML file to a network, with every mistake on the way printed.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use convolve_compiler::analysis::{Network, analyse};
use convolve_compiler::check::Defaults;
use convolve_compiler::diagnostic::{Code, Severity};
use convolve_compiler::files::{Directory, Files};
use convolve_compiler::frontend::{Parsed, yaml};
use convolve_compiler::graph::Graph;
use convolve_compiler::render::{arrange, heading, render};

use crate::failure::{Failure, Result, complain};

/// Reads a YAML file; its mistakes wait for [`network`].
pub(crate) fn parse(path: &Path) -> Result<Parsed> {
    let unreadable =
        |error| Failure::coded(Code::UnreadableFile, format!("cannot read `{}`: {error}", path.display()));
    let mut bytes = Vec::new();
    // One byte more than may be tells that there are too many.
    let most = yaml::MOST_BYTES as u64 + 1;
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(yaml::parse(&path.display().to_string(), &bytes))
}

/// The checked network of a YAML file, whose weights are not looked at.
pub(crate) fn unweighted(path: &Path) -> Result<Graph> {
    Ok(network(parse(path)?, &Defaults::default(), None)?.graph)
}

/// The files that the YAML file at `path` may name.
pub(crate) fn files_beside(path: &Path) -> Directory {
    Directory(path.parent().unwrap_or(Path::new("")).to_owned())
}

/// Checks what was read, and prints its errors and warnings. Without `files`, the weights are not looked at.
pub(crate) fn network(parsed: Parsed, defaults: &Defaults, files: Option<&dyn Files>) -> Result<Network> {
    let analysis = analyse(parsed, defaults, files);
    let diagnostics = arrange(analysis.diagnostics, &analysis.source);
    for diagnostic in &diagnostics {
        complain(&format!("{}: {}", heading(diagnostic), render(diagnostic, &analysis.source)));
        complain("");
    }
    // Errors stand before warnings.
    if let Some(first) = diagnostics.first().filter(|first| first.severity == Severity::Error) {
        complain(&format!("`convolve explain {}` tells more", first.code));
    }
    // A YAML file holds one network, and has none only if something was wrong.
    analysis.networks.into_iter().next().ok_or(Failure::REPORTED)
}
