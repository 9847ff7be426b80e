//! A diagram as text for other programs: Graphviz's DOT, Mermaid, JSON.

use std::fmt::Write as _;

use serde_json::json;

use super::diagram::{Diagram, Part};

/// <https://graphviz.org/doc/info/lang.html>.
pub(super) fn dot(diagram: &Diagram) -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = format!("digraph \"{}\" {{\n", quote(&diagram.title));
    text += "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n  \
             edge [fontname=\"sans-serif\", fontsize=9];\n";
    for (index, part) in diagram.boxes.iter().enumerate() {
        let label = lines(part).iter().map(|line| quote(line)).collect::<Vec<_>>().join("\\n");
        _ = writeln!(text, "  n{index} [label=\"{label}\"];");
    }
    for arrow in &diagram.arrows {
        _ = writeln!(text, "  n{} -> n{} [label=\"{}\"];", arrow.from, arrow.to, arrow.shape);
    }
    text + "}\n"
}

/// <https://mermaid.js.org/syntax/flowchart.html>.
pub(super) fn mermaid(diagram: &Diagram) -> String {
    let quote = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let mut text = "flowchart TD\n".to_owned();
    for (index, part) in diagram.boxes.iter().enumerate() {
        let label = lines(part).iter().map(|line| quote(line)).collect::<Vec<_>>().join("<br/>");
        _ = writeln!(text, "  n{index}[\"{label}\"]");
    }
    for arrow in &diagram.arrows {
        _ = writeln!(text, "  n{} -->|\"{}\"| n{}", arrow.from, arrow.shape, arrow.to);
    }
    text
}

/// One object: the boxes in order, and the arrows by their indices.
pub(super) fn json(diagram: &Diagram) -> String {
    let part = |part: &Part| {
        json!({
            "name": part.name,
            "kind": part.kind.name(),
            "layers": part.layers,
            "words": part.words,
            "facts": part.facts,
        })
    };
    let boxes: Vec<_> = diagram.boxes.iter().map(part).collect();
    let arrows = diagram
        .arrows
        .iter()
        .map(|arrow| json!({ "from": arrow.from, "to": arrow.to, "shape": arrow.shape.dimensions() }));
    let arrows: Vec<_> = arrows.collect();
    format!("{:#}\n", json!({ "network": diagram.title, "boxes": boxes, "arrows": arrows }))
}

fn lines(part: &Part) -> Vec<String> {
    let facts = part.facts.join(" · ");
    [part.name.clone(), part.words.clone(), facts].into_iter().filter(|line| !line.is_empty()).collect()
}
