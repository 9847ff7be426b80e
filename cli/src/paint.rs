//! Messages in colours, those of rustc.

use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};

/// When messages have colours.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    /// On terminals, unless NO_COLOR is set
    #[default]
    Auto,
    /// Also in pipes and files
    Always,
    /// Not at all
    Never,
}

impl Color {
    /// Makes it hold for all that is written to stderr from now on.
    pub(crate) fn choose(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

const BOLD: Style = Style::new().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();

/// A message that starts with `error: ` or `warning: `, with excerpts of files, notes and helps.
pub(crate) fn paint(text: &str) -> String {
    let color = if text.starts_with("warning") { AnsiColor::Yellow } else { AnsiColor::Red };
    let heading = color.on_default().bold();
    let mut painted = String::new();
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            painted.push('\n');
        }
        painted += &match line.split_once(": ") {
            Some((word, rest)) if index == 0 => {
                format!("{heading}{word}{heading:#}{BOLD}: {rest}{BOLD:#}")
            }
            _ => excerpt(line, heading),
        };
    }
    painted
}

/// A line below the first: a place, a part of a file or what marks it, a note.
fn excerpt(line: &str, heading: Style) -> String {
    let inner = line.trim_start();
    let indent = &line[..line.len() - inner.len()];
    if let Some(path) = inner.strip_prefix("--> ") {
        return format!("{indent}{FRAME}-->{FRAME:#} {path}");
    }
    if let Some((kind, words)) = inner.strip_prefix("= ").and_then(|remark| remark.split_once(": ")) {
        return format!("{indent}{FRAME}={FRAME:#} {BOLD}{kind}{BOLD:#}: {words}");
    }
    let number = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let Some(content) = number.trim_start().strip_prefix('|') else { return line.to_owned() };
    let frame = &line[..line.len() - content.len()];
    let marks = content.trim_start();
    let style = match marks.chars().next() {
        Some('^') => heading,
        Some('-') if number == inner => FRAME,
        _ => return format!("{FRAME}{frame}{FRAME:#}{content}"),
    };
    let space = &content[..content.len() - marks.len()];
    format!("{FRAME}{frame}{FRAME:#}{space}{style}{marks}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "error: `stride` must be at least 1\n --> models/net.yaml:8:13\n  |\n8 |     stride: 0\n  \
                           |             ^ stride of layer `c3`\n  |\n  = help: write `stride: 1`";

    #[test]
    fn colours_add_nothing_but_colours() {
        for message in [MESSAGE, "error: no file", "warning: a\n9 | - relu\n  | ---- unused", "odd", ""] {
            let painted = paint(message);
            assert_eq!(anstream::adapter::strip_str(&painted).to_string(), message);
        }
    }

    #[test]
    fn what_matters_has_a_colour_of_its_own() {
        let painted = paint(MESSAGE);
        let red = AnsiColor::Red.on_default().bold();
        assert!(painted.starts_with(&format!("{red}error{red:#}")), "{painted:?}");
        assert!(painted.contains(&format!("{red}^ stride of layer `c3`{red:#}")), "{painted:?}");
        assert!(painted.contains(&format!("{BOLD}help{BOLD:#}: write")), "{painted:?}");
        // An item of a list in a file is no mark.
        assert!(!paint("error: a\n9 | - relu").contains(&format!("{FRAME}- relu")));
    }
}
