//! Merge keys: `<<: *defaults`, `<<: [*first, *second]`.

use std::collections::BTreeSet;

use super::tree::{Content, Node};
use crate::diagnostic::{Code, Diagnostic};

const MERGE: &str = "<<";

/// Puts the entries that `<<` names in its place, in `tree` and all below it; a mapping's own keys come
/// first, then earlier mappings of a list.
pub(super) fn resolve(tree: &mut Node, diagnostics: &mut Vec<Diagnostic>) {
    match &mut tree.content {
        Content::List(items) => items.iter_mut().for_each(|item| resolve(item, diagnostics)),
        Content::Map(entries) => {
            for (key, value) in &mut *entries {
                resolve(key, diagnostics);
                resolve(value, diagnostics);
            }
            if entries.iter().any(|(key, _)| word(key) == Some(MERGE)) {
                *entries = merged(std::mem::take(entries), diagnostics);
            }
        }
        _ => {}
    }
}

fn merged(entries: Vec<(Node, Node)>, diagnostics: &mut Vec<Diagnostic>) -> Vec<(Node, Node)> {
    let mut seen: BTreeSet<String> =
        entries.iter().filter_map(|(key, _)| word(key).map(str::to_owned)).collect();
    let mut result = Vec::new();
    for (key, value) in entries {
        if word(&key) != Some(MERGE) {
            result.push((key, value));
            continue;
        }
        let mappings = match value.content {
            Content::List(items) => items,
            _ => vec![value],
        };
        for mapping in mappings {
            let Content::Map(entries) = mapping.content else {
                let message = format!("`<<` merges mappings, found {}", mapping.content);
                let help = "write `<<: *name`, where `&name` stands before a mapping";
                diagnostics.push(
                    Diagnostic::error(Code::Anchor, mapping.place, message).label("not a mapping").help(help),
                );
                continue;
            };
            result.extend(
                entries
                    .into_iter()
                    .filter(|(key, _)| word(key).is_none_or(|word| seen.insert(word.to_owned()))),
            );
        }
    }
    result
}

fn word(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Word(word) => Some(word),
        _ => None,
    }
}
