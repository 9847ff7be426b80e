//! The YAML library's errors in this compiler's words.

use core::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::limits::{self, Refused};
use super::tree::{MOST_NODES, Refusal};

/// What `error`, met while building the tree of `text`, means.
pub(super) fn explain(text: &str, error: &serde_yaml::Error, refusal: Option<Refusal>) -> Refused {
    let here = character(text, offset(error));
    match refusal {
        Some(Refusal::TooManyNodes) => {
            return Refused::new(
                here,
                format!("the file has more than {MOST_NODES} values, aliases expanded"),
            )
            .label("here the limit is passed")
            .help("write repeated layers as a block, and use `repeat`");
        }
        Some(Refusal::Tag(tag)) => {
            return Refused::new(here, format!("the tag `!{tag}` has no meaning here"))
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
            return Refused::new(offset..offset + 3, "the file holds several YAML documents")
                .label("a second one starts here")
                .help("write each network into a file of its own");
        }
        started |= !words.is_empty() && !words.starts_with(['#', '%']);
        offset += line.len();
    }
    Refused::new(None, "the file holds several YAML documents")
}

/// An error of the YAML grammar; `message` is "problem at line 1 column 2, context at line 1 column 1".
fn malformed(text: &str, message: &str, here: Range<usize>) -> Refused {
    let (problem, context) = message.split_once(", ").unwrap_or((message, ""));
    let problem = problem.split(" at line ").next().unwrap_or(problem);
    let started = context.split_once(" at line ").and_then(|(_, place)| position(text, place));
    let found = text[here.clone()].chars().next();
    let at = |message: &str| Refused::new(here.clone(), message);
    match problem {
        _ if found == Some('\t') => at("tabs cannot indent YAML").label("a tab").help("use spaces"),
        "mapping values are not allowed in this context" => at("a `: ` stands where no key can end")
            .label("unexpected `:`")
            .help("indent the line as its neighbours; write one `key: value` a line; quote text that holds `: `"),
        "did not find expected key" => {
            with_start(at("expected a key").label("this fits no list or mapping above"), text, started)
                .help("indent the line as the other keys of its mapping; close every quote and bracket")
        }
        "did not find expected '-' indicator" => {
            with_start(at("expected `- `, the next entry of the list"), text, started)
                .help("start each entry with `- `, all at the same column; indent what belongs to an entry deeper")
        }
        "block sequence entries are not allowed in this context" => at("a list cannot start here")
            .label("unexpected `-`")
            .help("start the list on its own line, below the key"),
        "could not find expected ':'" => {
            let line = started.clone().unwrap_or(here.clone());
            let line = line.start..super::extent::end(text, line.start);
            Refused::new(line, "expected `: ` after this key")
                .label("key without `:`")
                .help("write `key: value`; a list entry starts with `- `")
        }
        "did not find expected ',' or ']'" => unclosed(at("expected `,` or `]`"), started, "this `[` is not closed"),
        "did not find expected ',' or '}'" => {
            unclosed(at("expected `,` or `}`"), started, "this `{` is not closed")
        }
        "found unexpected end of stream" if context.contains("quoted scalar") => {
            unclosed(at("the file ends inside a quoted word"), started, "this quote is not closed")
        }
        "did not find expected node content" => {
            at("a value is missing").label("expected a value before this").help("remove the extra `,`, or add the value")
        }
        "unknown anchor" => {
            let name = alias(text, here.start);
            Refused::new(here.start..here.start + name.len(), format!("no anchor is called `{}`", name.trim_start_matches('*')))
                .label("unknown alias")
                .help(format!("write `{}` before the value that it stands for, earlier in the file", name.replace('*', "&")))
        }
        "found character that cannot start any token" => {
            let character = found.unwrap_or(' ');
            at(&format!("a word cannot start with `{character}`"))
                .label("reserved by YAML")
                .help(format!("quote the word: \"{character}…\""))
        }
        _ => with_start(at(&format!("this is not YAML: {problem}")), text, started),
    }
}

/// Also shows where what could not be finished starts.
fn with_start(refused: Refused, text: &str, started: Option<Range<usize>>) -> Refused {
    match started {
        Some(span) => {
            refused.related(span.start..super::extent::end(text, span.start), "it would continue this")
        }
        None => refused,
    }
}

fn unclosed(refused: Refused, started: Option<Range<usize>>, words: &str) -> Refused {
    match started {
        Some(span) => refused.related(span, words),
        None => refused,
    }
}

/// The character at "3 column 5".
fn position(text: &str, place: &str) -> Option<Range<usize>> {
    let (line, column) = place.split_once(" column ")?;
    let (line, column) = (line.parse::<usize>().ok()?, column.parse::<usize>().ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let before: usize = text[start..].chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
    Some(character(text, start + before))
}

/// The alias at byte `start`, star included.
fn alias(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let end =
        rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '*' | '_' | '-'))).unwrap_or(rest.len());
    &rest[..end]
}
