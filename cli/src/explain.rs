//! `convolve explain`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use convolve_compiler::diagnostic::Code;

use crate::failure::Result;
use crate::output;

/// The guide's page on errors: a section for each code, under a heading of code and title.
const PAGE: &str = include_str!("../../docs/errors.md");

const EXAMPLES: &str = "\
Examples:
  convolve explain C0701
  convolve explain         # all codes";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// The code, as it stands in `error[C0701]` [default: a list of all]
    #[arg(value_parser = codes(), ignore_case = true, hide_possible_values = true)]
    code: Option<Code>,
}

/// Reads a code. Shells complete it, and get the titles.
fn codes() -> impl TypedValueParser<Value = Code> {
    let codes = Code::ALL.iter().map(|code| PossibleValue::new(code.to_string()).help(code.title()));
    PossibleValuesParser::new(codes).try_map(|code| code.parse())
}

/// Prints what is known of a code, or all codes with their titles.
pub(crate) fn explain(args: &ExplainArgs) -> Result<()> {
    output::print(&args.code.map_or_else(list, |code| format!("{}\n", section(code))))
}

/// A line for each code, the themes apart.
fn list() -> String {
    let themes = Code::ALL.chunk_by(|a, b| a.number() / 100 == b.number() / 100);
    let lines = |theme: &[Code]| -> String {
        theme.iter().map(|code| format!("{code}  {}\n", code.title())).collect()
    };
    themes.map(lines).collect::<Vec<_>>().join("\n")
}

/// The section on a code, from its heading to the next one.
fn section(code: Code) -> &'static str {
    let heading = format!("\n### {code}: ");
    let start = PAGE.find(&heading).map_or(PAGE.len(), |at| at + "\n### ".len());
    let rest = &PAGE[start..];
    let ends = ["\n## ", "\n### "].iter().filter_map(|next| rest.find(next));
    rest[..ends.min().unwrap_or(rest.len())].trim_end()
}
