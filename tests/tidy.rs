//! Rules of the repository that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use convolve_compiler::check::LAYERS;

/// Lines that a Rust file may have, and that it should have.
const MOST_LINES: usize = 600;
const USUAL_LINES: usize = 400;
/// Files that may be beyond the usual length.
const LONG: &[&str] = &["compiler/src/check/expand.rs"];

/// Which of the workspace's crates each may use.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("runtime", &[]),
    ("compiler", &["convolve-runtime"]),
    ("macros", &["convolve-compiler"]),
    ("train", &["convolve-runtime"]),
    // The compiler for the feature `trace`, training for `train`.
    (".", &["convolve-runtime", "convolve-macros", "convolve-compiler", "convolve-train"]),
    ("models", &["convolve"]),
    ("cli", &["convolve-runtime", "convolve-compiler", "convolve-models", "convolve-train"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Path and text of every text file of the repository that ends so.
fn texts(ending: &str) -> Vec<(String, String)> {
    let (mut texts, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(root().join(&folder)).expect("a folder").map(|entry| entry.expect("an entry"))
        {
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let path = format!("{folder}{name}");
            if entry.file_type().expect("a type").is_dir() {
                if name == ".ci" || name != "target" && !name.starts_with('.') {
                    folders.push(path + "/");
                }
            } else if let (true, Ok(text)) = (name.ends_with(ending), fs::read_to_string(entry.path())) {
                texts.push((path, text));
            }
        }
    }
    texts.sort();
    texts
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_are_short() {
    let lines = |text: &str| text.lines().count();
    let long: Vec<(String, usize)> = texts(".rs")
        .into_iter()
        .map(|(path, text)| (path, lines(&text)))
        .filter(|(_, lines)| *lines > USUAL_LINES)
        .collect();
    let may = |path: &String, lines: usize| lines <= MOST_LINES && LONG.contains(&path.as_str());
    assert!(long.iter().all(|(path, lines)| may(path, *lines)), "{long:?}");
}

#[test]
fn crates_depend_one_way() {
    for (folder, allowed) in DEPENDENCIES {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
        let (_, list) = manifest.split_once("\n[dependencies]").unwrap_or_default();
        let (list, _) = list.split_once("\n[").unwrap_or((list, ""));
        for line in list.lines().filter(|line| line.starts_with("convolve")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            assert!(allowed.contains(&name), "{folder} must not depend on {name}");
        }
    }
}

/// Where unsafe code may stand: SIMD, what asks the system for something, and the loan of a job to threads; and a test's
/// allocator.
const UNSAFE: &[&str] =
    &["runtime/src/simd/", "runtime/src/pages.rs", "runtime/src/threads.rs", "tests/allocation.rs"];

#[test]
fn unsafe_code_stays_where_it_may() {
    let words = ["{", "fn", "impl", "trait", "extern"].map(|next| ["unsafe", next].join(" "));
    let may = |path: &str| UNSAFE.iter().any(|place| path.starts_with(place));
    let elsewhere = texts(".rs").into_iter().filter(|(path, _)| !may(path));
    let found = elsewhere.filter(|(_, text)| words.iter().any(|word| text.contains(word)));
    none(&found.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_to_do_or_tied_to_a_machine() {
    let words = [["TO", "DO"], ["FIX", "ME"]].map(|word| word.concat());
    let folders = ["home", "root", "tmp", "work", "Users"].map(|folder| format!("/{folder}/"));
    let mut faults = Vec::new();
    for (path, text) in texts("") {
        for (number, line) in text.lines().enumerate() {
            let tied = folders.iter().any(|folder| {
                let before = |at: usize| line[..at].chars().next_back();
                let inside = |c: char| c.is_alphanumeric() || "._-/}".contains(c);
                line.match_indices(folder).any(|(at, _)| !before(at).is_some_and(inside))
            });
            if tied || words.iter().any(|word| line.contains(word)) {
                faults.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_layer_and_argument_is_documented() {
    let reference = fs::read_to_string(root().join("docs/spec.md")).expect("the reference");
    let mut faults = Vec::new();
    for kind in LAYERS {
        let name = format!("`{}`", kind.name);
        let row = reference.lines().find(|line| {
            line.strip_prefix("| ")
                .and_then(|row| row.split('|').next())
                .is_some_and(|cell| cell.contains(&name))
        });
        let missing = |argument: &&str| {
            row.is_none_or(|row| ["`", " = "].iter().all(|end| !row.contains(&format!("`{argument}{end}"))))
        };
        let arguments = kind.arguments.iter().map(|argument| argument.name).filter(missing);
        faults.extend(arguments.map(|argument| format!("{name} does not list `{argument}`")));
        faults.extend(row.is_none().then(|| format!("{name} has no row")));
    }
    none(&faults);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut faults = Vec::new();
    for (path, text) in texts(".md") {
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains(':')) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
            let target = if file.is_empty() { path.clone().into() } else { folder.join(file) };
            let found = root().join(target);
            let heading = anchor.is_empty()
                || fs::read_to_string(&found).is_ok_and(|page| anchors(&page).any(|x| x == anchor));
            if !found.exists() || !heading {
                faults.push(format!("{path} links to {link}"));
            }
        }
    }
    none(&faults);
}

/// The anchors of a page's headings, as code hosts and mdBook make them.
fn anchors(page: &str) -> impl Iterator<Item = String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    })
}
