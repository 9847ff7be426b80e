//! Diagnostics as text, in the layout of rustc.
//!
//! ```text
//! `stride` must be at least 1
//!  --> models/net.yaml:8:13
//!   |
//! 8 |     stride: 0
//!   |             ^ stride of layer `c3`
//!   |
//!   = help: write `stride: 1`
//! ```
//!
//! What stands before the message (`error[C0602]: `) is the caller's: rustc writes its own `error: `. The
//! location has a line to itself, so that editors find it.

use core::fmt::Write as _;
use core::ops::Range;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Source;
use crate::spec::Place;

/// Diagnostics that are shown; more would help nobody, and each costs a walk through the file.
const MOST_SHOWN: usize = 100;

/// Sorts by severity and place, drops repetitions, and says how many more there are than are kept.
#[must_use]
pub fn arrange(mut diagnostics: Vec<Diagnostic>, source: &Source) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.severity, source.position(diagnostic.place)));
    let rest = diagnostics.len().saturating_sub(MOST_SHOWN);
    diagnostics.truncate(MOST_SHOWN);
    // What an alias repeats stands elsewhere than where it is used, and is one mistake.
    let start = |place| match source {
        Source::Yaml(yaml) => (yaml.span(place).map_or(0, |span| span.start), 0),
        Source::Tokens(_) => source.position(place),
    };
    let mut placed: Vec<_> =
        diagnostics.into_iter().map(|diagnostic| (start(diagnostic.place), diagnostic)).collect();
    placed.sort_by_key(|(start, diagnostic)| (diagnostic.severity, *start));
    placed.dedup_by(|(a, later), (b, earlier)| a == b && later.message == earlier.message);
    let mut diagnostics: Vec<_> = placed.into_iter().map(|(_, diagnostic)| diagnostic).collect();
    if let Some(last) = diagnostics.last_mut().filter(|_| rest > 0) {
        last.notes.push(format!("{rest} more are not shown"));
    }
    diagnostics
}

/// The text of `diagnostic`, without a trailing newline.
///
/// In YAML its places are shown as excerpts; in tokens rustc shows the primary place itself.
#[must_use]
pub fn render(diagnostic: &Diagnostic, source: &Source) -> String {
    let mut excerpts = Vec::new();
    let mut notes = diagnostic.notes.clone();
    match source {
        Source::Yaml(yaml) => {
            let excerpt = |place, marker, label| Excerpt {
                path: yaml.path.clone(),
                marker,
                label,
                lines: yaml.span(place).map(|span| Lines::around(&yaml.text, span)),
            };
            excerpts.push(excerpt(diagnostic.place, '^', diagnostic.label.as_str()));
            for (place, words) in &diagnostic.related {
                excerpts.push(excerpt(*place, '-', words));
            }
        }
        Source::Tokens(_) => {
            // rustc marks the place itself, without words; those that tell what should stand there are needed.
            if diagnostic.label.starts_with("expected") {
                notes.insert(0, diagnostic.label.clone());
            }
            for (place, words) in &diagnostic.related {
                match of_tokens(source, *place, words) {
                    Some(excerpt) => excerpts.push(excerpt),
                    None => notes.push(words.clone()),
                }
            }
        }
    }
    let width = excerpts.iter().map(Excerpt::number_width).max().unwrap_or(0).max(1);
    let mut text = diagnostic.message.clone();
    for (index, excerpt) in excerpts.iter().enumerate() {
        excerpt.write(&mut text, width, index == 0 && matches!(source, Source::Yaml(_)));
    }
    let remarks = notes.iter().map(|note| ("note", note));
    let remarks = remarks.chain(diagnostic.helps.iter().map(|help| ("help", help)));
    for (index, (kind, words)) in remarks.enumerate() {
        if index == 0 && excerpts.iter().any(|excerpt| excerpt.lines.is_some()) {
            let _ = write!(text, "\n{:width$} |", "");
        }
        let indent = format!("\n{:width$}   {:length$}  ", "", "", length = kind.len());
        let _ = write!(text, "\n{:width$} = {kind}: {}", "", words.replace('\n', &indent));
    }
    text
}

/// Severity and code as rustc writes them, before a colon and the text: `error[C0602]`.
#[must_use]
pub fn heading(diagnostic: &Diagnostic) -> String {
    format!("{}[{}]", severity(diagnostic.severity), diagnostic.code)
}

/// The severity as rustc writes it.
#[must_use]
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The tokens of `place` in their file, if the compiler tells which that is.
fn of_tokens<'a>(source: &Source, place: Place, words: &'a str) -> Option<Excerpt<'a>> {
    let (first, last) = source.spans(place)?;
    let text = std::fs::read_to_string(first.local_file()?).ok()?;
    let start = offset(&text, first.start())?;
    let end = offset(&text, last.end()).filter(|end| *end >= start)?;
    Some(Excerpt {
        path: first.file(),
        marker: '-',
        label: words,
        lines: Some(Lines::around(&text, start..end)),
    })
}

/// The byte at a line (from 1) and column (from 0, in characters).
fn offset(text: &str, at: proc_macro2::LineColumn) -> Option<usize> {
    let before: usize = text.split_inclusive('\n').take(at.line.checked_sub(1)?).map(str::len).sum();
    Some(before + text[before..].chars().take(at.column).map(char::len_utf8).sum::<usize>())
}

/// A place in a file, with the line it is on.
struct Excerpt<'a> {
    path: String,
    marker: char,
    label: &'a str,
    /// `None` for a whole file.
    lines: Option<Lines>,
}

/// A line of a text, and the part of it that is marked.
struct Lines {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// What can be shown of it.
    shown: String,
    /// Cells before the marked part, and in it; at least one.
    marked: (usize, usize),
}

impl Excerpt<'_> {
    fn number_width(&self) -> usize {
        self.lines.as_ref().map_or(0, |lines| lines.line.to_string().len())
    }

    fn write(&self, text: &mut String, width: usize, primary: bool) {
        let arrow = if primary { "-->" } else { ":::" };
        let _ = write!(text, "\n{:width$}{arrow} {}", "", self.path);
        let Some(Lines { line, column, shown, marked: (before, length) }) = &self.lines else {
            return;
        };
        let _ = write!(text, ":{line}:{column}\n{:width$} |\n", "");
        text.push_str(format!("{line:width$} | {shown}").trim_end());
        let carets = self.marker.to_string().repeat(*length);
        let marks = format!("\n{:width$} | {:before$}{carets} {}", "", "", self.label);
        text.push_str(marks.trim_end());
    }
}

impl Lines {
    /// Cells of a line that are shown.
    const WIDEST: usize = 120;
    /// Cells that are kept before the marked part of a longer line.
    const BEFORE: usize = 40;

    /// The line of `text` in which `span` starts; what `span` has on further lines is not marked.
    fn around(text: &str, span: Range<usize>) -> Self {
        let from = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[from..].lines().next().unwrap_or_default();
        let start = (span.start - from).min(line.len());
        let end = (span.end - from).clamp(start, line.len());
        let column = line[..start].chars().count();
        let cells: Vec<Cell> = line.chars().map(cell).collect();
        let wide = |cells: &[Cell]| cells.iter().map(|(_, width)| width).sum::<usize>();
        let marked = column..column + line[start..end].chars().count();
        // A window of the line: from the first character not too far before the mark, as wide as fits.
        let mut first = 0;
        if wide(&cells) > Self::WIDEST {
            first = marked.start - fitting(cells[..marked.start].iter().rev(), Self::BEFORE);
        }
        let last = first + fitting(cells[first..].iter(), Self::WIDEST);
        let mut shown = String::new();
        let mut before = wide(&cells[first..marked.start]);
        if first > 0 {
            shown.push('…');
            before += 1;
        }
        shown.extend(cells[first..last].iter().map(|(text, _)| text.as_str()));
        if last < cells.len() {
            shown.push('…');
        }
        let length = wide(&cells[marked.start..marked.end.min(last).max(marked.start)]).max(1);
        Self {
            line: text[..from].matches('\n').count() + 1,
            column: column + 1,
            shown: shown.trim_end().to_owned(),
            marked: (before, length),
        }
    }
}

/// How many of `cells` fit into this many of the terminal's.
fn fitting<'a>(cells: impl Iterator<Item = &'a Cell>, mut room: usize) -> usize {
    cells
        .take_while(|(_, width)| {
            let fits = *width <= room;
            room = room.saturating_sub(*width);
            fits
        })
        .count()
}

/// A character as it is shown, and the cells of a terminal that it fills.
type Cell = (String, usize);

fn cell(character: char) -> Cell {
    match character {
        '\t' => ("    ".to_owned(), 4),
        // Invisible and direction-changing characters would let a file forge what a message shows.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            (char::REPLACEMENT_CHARACTER.to_string(), 1)
        }
        control if control.is_control() => (char::REPLACEMENT_CHARACTER.to_string(), 1),
        // Combining marks.
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' => (character.to_string(), 0),
        // East Asian wide and fullwidth characters, and emoji.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => (character.to_string(), 2),
        _ => (character.to_string(), 1),
    }
}
