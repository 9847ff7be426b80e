//! The YAML library's errors in this compiler's words.

use core::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::limits::{self, Refused};
use super::tree::{MOST_NODES, Refusal};
use crate::diagnostic::Code;

/// What `error`, met while building the tree of `text`, means.
pub(super) fn explain(text: &str, error: &serde_yaml::Error, refusal: Option<Refusal>) -> Refused {
    let here = character(text, offset(error));
    match refusal {
        Some(Refusal::TooManyNodes) => {
            return Refused::new(
                Code::TextTooLarge,
                here,
                format!("the file has more than {MOST_NODES} values, aliases expanded"),
            )
            .label("here the limit is passed")
            .help("write repeated layers as a block, and use `repeat`");
        }
        Some(Refusal::Tag(tag)) => {
            let end =
                text[here.start..].find(char::is_whitespace).map_or(text.len(), |length| here.start + length);
            return Refused::new(
                Code::UnsupportedYaml,
                here.start..end,
                format!("the tag `!{tag}` has no meaning here"),
            )
            .label("tagged value")
            .help(format!("remove `!{tag}`"));
        }
        None => {}
    }
    let message = error.to_string();
    if message.contains("more than one document") {
        // What follows the first document may be a mistake instead of a document, which the library hides.
        return match serde_yaml::Deserializer::from_str(text).nth(1).map(IgnoredAny::deserialize) {
            Some(Err(error)) if error.location().is_some() => explain(text, &error, None),
            _ => documents(text),
        };
    }
    if message.starts_with("recursion limit exceeded") {
        return limits::too_deep(here);
    }
    malformed(text, &message, here)
}

fn offset(error: &serde_yaml::Error) -> usize {
    error.location().map_or(0, |location| location.index())
}

/// The character at or after byte `offset`; empty at the end of a line.
fn character(text: &str, offset: usize) -> Range<usize> {
    let start = (offset..text.len()).find(|&start| text.is_char_boundary(start)).unwrap_or(text.len());
    let length = text[start..].chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    start..start + length
}

fn documents(text: &str) -> Refused {
    let mut offset = 0;
    let mut started = false;
    for line in text.split_inclusive('\n') {
        let words = line.trim_end();
        if started && (words == "---" || words.starts_with("--- ")) {
            return Refused::new(
                Code::UnsupportedYaml,
                offset..offset + 3,
                "the file holds several YAML documents",
            )
            .label("a second one starts here")
            .help("write each network into a file of its own");
        }
        started |= !words.is_empty() && !words.starts_with(['#', '%']);
        offset += line.len();
    }
    Refused::new(Code::UnsupportedYaml, None, "the file holds several YAML documents")
}

/// The library's words for what needs no closer look, and code, message, label and help for it.
const PLAIN: [(&str, Code, &str, &str, &str); 7] = [
    (
        "did not find expected '-' indicator",
        Code::Indentation,
        "expected `- `, the next entry of the list",
        "not an entry",
        "start every entry with `- ` at the same column, and indent what belongs to it deeper",
    ),
    (
        "did not find expected <document start>",
        Code::Indentation,
        "this is not part of the mapping above",
        "expected the end of the file",
        "start all top-level keys at the same column",
    ),
    (
        "block sequence entries are not allowed in this context",
        Code::Syntax,
        "a list cannot start here",
        "unexpected `-`",
        "start the list on its own line, below the key",
    ),
    (
        "did not find expected node content",
        Code::Syntax,
        "a value is missing",
        "expected a value before this",
        "add the value, or remove the extra character",
    ),
    (
        "did not find expected alphabetic or numeric character",
        Code::Anchor,
        "expected the name of an anchor",
        "not a letter or digit",
        "write `&name` before a value, and `*name` for that value elsewhere; quote a word that starts so",
    ),
    (
        "found unknown escape character",
        Code::Syntax,
        "unknown escape in a quoted word",
        "no escape of YAML",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "found character that cannot start any token",
        Code::Syntax,
        "a word cannot start with this character",
        "reserved by YAML",
        "quote the word",
    ),
];

/// An error of the YAML grammar; `message` is "problem at line 1 column 2, context at line 1 column 1".
fn malformed(text: &str, message: &str, here: Range<usize>) -> Refused {
    let (problem, context) = message.split_once(", ").unwrap_or((message, ""));
    let problem = problem.split(" at line ").next().unwrap_or(problem);
    let started = context.split_once(" at line ").and_then(|(_, place)| position(text, place));
    let found = &text[here.clone()];
    if found == "\t" {
        return Refused::new(Code::Indentation, here, "tabs cannot indent YAML")
            .label("a tab")
            .help("use spaces");
    }
    match problem {
        "mapping values are not allowed in this context" => colon(text, here),
        "could not find expected ':'" => key_without_colon(text, started.unwrap_or(here).start),
        "did not find expected ',' or ']'" => open(text, here, started, '[', ']'),
        "did not find expected ',' or '}'" => open(text, here, started, '{', '}'),
        "did not find expected key" | "did not find expected <document start>"
            if matches!(found, "]" | "}") =>
        {
            let message = format!("this `{found}` closes nothing");
            Refused::new(Code::Syntax, here, message).label("unexpected").help("remove it")
        }
        "did not find expected key" if found == ":" => {
            Refused::new(Code::Syntax, here, "a key is missing before `:`")
                .label("expected a key")
                .help("write `key: value`")
        }
        "did not find expected key" => {
            let refused =
                Refused::new(Code::Indentation, here, "the indentation of this line fits none above");
            with_start(refused, text, started)
                .label("expected a key of a mapping above")
                .help("give all entries of a list or mapping the same indentation, and close every quote")
        }
        "found unexpected end of stream" | "found unexpected document indicator" => {
            Refused::new(Code::Syntax, started.unwrap_or(here), "this quote is not closed")
                .label("opened here")
                .help("close the quote on the same line")
        }
        "found unexpected ':'" => {
            let end = text[here.start..].find(':').map_or(here.end, |length| here.start + length + 1);
            Refused::new(Code::Syntax, here.start..end, "a space is missing after `:`")
                .label("expected a space and a value")
                .help("write `key: value`")
        }
        "unknown anchor" => unknown_anchor(text, here.start),
        _ => match PLAIN.iter().find(|(words, ..)| *words == problem) {
            Some((_, code, message, label, help)) => {
                Refused::new(*code, here, *message).label(*label).help(*help)
            }
            None => with_start(
                Refused::new(Code::Syntax, here, format!("this is not YAML: {problem}")),
                text,
                started,
            ),
        },
    }
}

/// Also shows where what could not be continued starts.
fn with_start(refused: Refused, text: &str, started: Option<Range<usize>>) -> Refused {
    match started {
        Some(span) => refused.related(to_end(text, span.start), "what stands above it starts here"),
        None => refused,
    }
}

/// From byte `start` to the end of what starts there.
fn to_end(text: &str, start: usize) -> Range<usize> {
    start..super::extent::end(text, start)
}

/// The `: ` at `here` ends no key: a second one on its line, or one after a line that cannot be continued.
fn colon(text: &str, here: Range<usize>) -> Refused {
    let line = text[..here.start].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[line..here.start];
    if let Some(first) = before.find(": ") {
        let second = Refused::new(Code::Syntax, here, "a second `: ` on one line").label("unexpected `:`");
        return match before[..first].find(['{', '(']) {
            Some(bracket) => {
                let name = before[..bracket].trim_start_matches(['-', ' ']).trim_end();
                second.help(format!("write `{name}: {{ … }}`, with a colon and a space before the arguments"))
            }
            None => second
                .help("write one `key: value` a line, or `{ key: value }`; quote a word that holds `: `"),
        };
    }
    let indent = before.len() - before.trim_start().len();
    let above = text[..line].trim_end();
    let above_start = above.rfind('\n').map_or(0, |newline| newline + 1);
    let above_line = &above[above_start..];
    let above_key = above_start + (above_line.len() - above_line.trim_start_matches(['-', ' ']).len());
    if !above_line.contains(':') && above_key < above.len() {
        return key_without_colon(text, above_key);
    }
    Refused::new(
        Code::Indentation,
        line + indent..here.start,
        "this key is indented deeper than the one above",
    )
    .label("unexpected key")
    .related(to_end(text, above_key), "has a value already")
    .help("indent keys of the same mapping alike")
}

fn key_without_colon(text: &str, start: usize) -> Refused {
    Refused::new(Code::Syntax, to_end(text, start), "expected `: ` after a key")
        .label("key without `: `")
        .help("write `key: value`; an entry of a list starts with `- `")
}

/// A flow collection that does not go on at `here`.
fn open(
    text: &str,
    here: Range<usize>,
    started: Option<Range<usize>>,
    opening: char,
    closing: char,
) -> Refused {
    let Some(started) = started.filter(|started| started.start < here.start) else {
        return Refused::new(Code::Syntax, here, format!("expected `,` or `{closing}`"));
    };
    if text[started.start..here.start].contains('\n') {
        let refused = Refused::new(Code::Syntax, started, format!("this `{opening}` is not closed"))
            .label("opened here")
            .help(format!("add the `{closing}`"));
        // At the end of the file there is nothing to show.
        if here.start >= text.trim_end().len() {
            return refused;
        }
        return refused.related(here, format!("expected `,` or `{closing}`"));
    }
    let found = match &text[here.clone()] {
        "" => "the end of the line".to_owned(),
        found => format!("`{found}`"),
    };
    Refused::new(Code::Syntax, here, format!("expected `,` or `{closing}`, found {found}"))
        .label("unexpected")
        .related(started, "in what starts here")
        .help(format!("put `,` between the values, and `{closing}` at the end"))
}

/// The character at "3 column 5".
fn position(text: &str, place: &str) -> Option<Range<usize>> {
    let (line, column) = place.split_once(" column ")?;
    let (line, column) = (line.parse::<usize>().ok()?, column.parse::<usize>().ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let before: usize = text[start..].chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
    Some(character(text, start + before))
}

/// The alias whose star or name is at byte `start`.
fn unknown_anchor(text: &str, start: usize) -> Refused {
    let name = text[start..].trim_start_matches('*');
    let from = text.len() - name.len();
    let length = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(name.len());
    let name = &name[..length];
    Refused::new(Code::Anchor, start..from + length, format!("no anchor is called `{name}`"))
        .label("unknown alias")
        .help(format!("write `&{name}` before the value that it stands for, earlier in the file"))
}
