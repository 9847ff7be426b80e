//! `convolve completions`.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::Args;
use crate::failure::Result;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  convolve completions bash > ~/.local/share/bash-completion/completions/convolve
  convolve completions zsh > ~/.zfunc/_convolve
  convolve completions fish > ~/.config/fish/completions/convolve.fish";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell that is to complete commands, options and their values
    shell: Shell,
}

/// Prints what a shell needs to complete the command line.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    generate(args.shell, &mut Args::command(), "convolve", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
