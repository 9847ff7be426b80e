//! How far a node reaches whose start is known; for the carets of a message.

/// The end of the node that starts at byte `start`: a closing quote or bracket, or the end of the line.
pub(super) fn end(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let length = match rest.chars().next() {
        Some('"' | '\'') => quoted(rest),
        Some('[' | '{') => bracketed(rest),
        _ => None,
    };
    start + length.unwrap_or_else(|| line(rest))
}

/// Length of the quoted scalar at the start of `text`.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (offset, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' && quote == '"' {
            escaped = true;
        } else if character == quote {
            return Some(offset + 1);
        }
    }
    None
}

/// Length of the flow collection at the start of `text`.
fn bracketed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut offset = 0;
    while let Some(character) = text[offset..].chars().next() {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '"' | '\'' => offset += quoted(&text[offset..])? - 1,
            '#' if text[..offset].ends_with([' ', '\t', '\n']) => offset += text[offset..].find('\n')?,
            _ => {}
        }
        offset += text[offset..].chars().next().map_or(0, char::len_utf8);
        if depth == 0 {
            return Some(offset);
        }
    }
    None
}

/// Length of the first line of `text` without its comment.
fn line(text: &str) -> usize {
    let line = text.lines().next().unwrap_or_default();
    let comment = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
    line[..comment].trim_end().len()
}
