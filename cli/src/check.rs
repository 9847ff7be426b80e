//! `convolve check`.

use std::path::Path;

use convolve_compiler::analysis::{Analysis, analyse};
use convolve_compiler::check::Defaults;
use convolve_compiler::diagnostic::Diagnostic;
use convolve_compiler::render::{arrange, severity};
use convolve_compiler::source::Source;
use convolve_compiler::spec::Place;
use serde_json::{Value, json};

use crate::args::{CheckArgs, Format};
use crate::failure::{Failure, Mistake, Result};
use crate::progress::Progress;
use crate::{load, output};

/// Prints every mistake of every file, and a line for each file that has none.
pub(crate) fn check(args: &CheckArgs) -> Result<()> {
    let defaults = Defaults { layout: args.layout.map(Into::into), ..Defaults::default() };
    let progress = Progress::new(args.format, "");
    progress.parts("checking", Some(args.files.len()));
    let mut whole = true;
    let mut objects = Vec::new();
    for path in &args.files {
        match args.format {
            Format::Json => {
                let object = object(path, &defaults);
                whole &= object["ok"] == true;
                objects.push(object);
            }
            Format::Text => match text(path, &defaults) {
                Ok(line) => output::print(&line)?,
                Err(failure) => {
                    failure.print();
                    whole = false;
                }
            },
        }
        progress.step();
    }
    if let Format::Json = args.format {
        output::print(&format!("{:#}\n", json!({ "files": objects })))?;
    }
    if whole { Ok(()) } else { Err(Failure::REPORTED) }
}

/// The line of a file in which nothing is wrong.
fn text(path: &Path, defaults: &Defaults) -> Result<String> {
    let network = load::network(load::parse(path)?, defaults, Some(&load::files_beside(path)))?;
    Ok(format!("ok: {}: {}\n", path.display(), network.graph.name))
}

/// A file with all that is wrong with it.
fn object(path: &Path, defaults: &Defaults) -> Value {
    let name = path.display().to_string();
    let parsed = match load::parse(path) {
        Ok(parsed) => parsed,
        Err(failure) => {
            let unreadable = |Mistake { code, message }: &Mistake| json!({ "severity": "error", "code": code.map(|code| code.to_string()), "message": message });
            let diagnostics: Vec<Value> = failure.unprinted().iter().map(unreadable).collect();
            return json!({ "path": name, "ok": false, "diagnostics": diagnostics });
        }
    };
    let analysis = analyse(parsed, defaults, Some(&load::files_beside(path)));
    let ok = !analysis.has_errors();
    let Analysis { source, diagnostics, networks } = analysis;
    let diagnostics: Vec<Value> =
        arrange(diagnostics, &source).iter().map(|diagnostic| mistake(diagnostic, &source)).collect();
    let network = networks.first().map(|network| &network.graph.name);
    json!({ "path": name, "ok": ok, "network": network, "diagnostics": diagnostics })
}

fn mistake(diagnostic: &Diagnostic, source: &Source) -> Value {
    let Diagnostic { code, message, place, label, notes, helps, .. } = diagnostic;
    let (line, column) = position(source, *place).unzip();
    json!({
        "severity": severity(diagnostic.severity),
        "code": code.to_string(),
        "message": message,
        "line": line,
        "column": column,
        "label": label,
        "notes": notes,
        "helps": helps,
    })
}

/// The line and the letter in it where a place starts, both counted from one.
fn position(source: &Source, place: Place) -> Option<(usize, usize)> {
    let Source::Yaml(yaml) = source else { return None };
    let before = &yaml.text[..yaml.span(place)?.start];
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some((before.matches('\n').count() + 1, line.chars().count() + 1))
}
