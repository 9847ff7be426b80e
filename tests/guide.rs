//! The guide: what its pages show is what is there. Its Rust are the documentation tests of `tests/guide`, its commands
//! are run by the tests of the command line.

use std::collections::BTreeSet;
use std::process::Command;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::emit::{Item, emit};
use convolve_compiler::files::Directory;
use convolve_compiler::frontend::yaml;
use convolve_compiler::render::render;
use convolve_tests::pages::{Block, ERRORS, blocks, blocks_in, pages, root, text};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// What a block may be marked as. `text` is shown by something else than a program, or belongs to the Rust above it.
const MARKS: &[&str] =
    &["rust", "rust,compile_fail", "yaml", "yaml,compile_fail", "toml", "python", "console", "sh", "text"];

/// Commands that no test runs, as they begin, and why not.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo new ", "makes the crate that tests/guide is"),
    ("cd digits", "goes into it"),
    ("cargo run", "what it runs is tested, and CI runs the example"),
    ("cargo check", "its messages are compared with the compiler's"),
    ("cargo test", "would run itself"),
    ("cargo install --path cli", "installs what the tests run"),
    ("cargo build", "CI builds the examples"),
    ("python -m venv ", "gets packages from the network"),
    ("pip install ", "gets packages from the network"),
    (".venv/bin/python ", "needs other engines"),
    ("taskset ", "needs other engines"),
    ("examples/web/", "CI does it in .ci/web"),
];

/// The crate of the guide's reader.
fn reader() -> Directory {
    Directory(root().join("tests/guide"))
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = text("docs/SUMMARY.md");
    let listed: BTreeSet<String> = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|link| format!("docs/{link}"))
        .collect();
    let mut there: BTreeSet<String> = pages().into_iter().filter(|page| page.starts_with("docs/")).collect();
    there.remove("docs/SUMMARY.md");
    there.insert(ERRORS.to_owned());
    assert_eq!(listed, there);
}

#[test]
fn every_rust_page_is_tested() {
    let tests = text("tests/guide/src/lib.rs");
    let (_, list) = tests.split_once("pages! {").expect("the list");
    let tested: BTreeSet<&str> = list.trim_end().trim_end_matches('}').split_whitespace().collect();
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")?.strip_suffix(".md")) {
        assert!(page == "SUMMARY" || tested.contains(page), "tests/guide does not test {page}");
    }
}

#[test]
fn every_block_is_tested() {
    for block in pages().iter().flat_map(|page| blocks(page)) {
        assert!(MARKS.contains(&block.mark.as_str()), "{}: nobody tests `{}`", block.place(), block.mark);
    }
    for block in blocks_in("sh") {
        for line in block.text.lines().map(|line| line.trim_start_matches("$ ")) {
            let known = NOT_RUN.iter().any(|(start, _)| line.starts_with(start));
            assert!(known, "{}: mark the block `console`, or list `{line}`", block.place());
        }
    }
}

#[test]
fn networks_in_yaml_are_what_the_page_says() {
    for block in blocks_in("yaml") {
        let parsed = yaml::parse("net.yaml", block.text.as_bytes());
        let defaults = Defaults { name: Some("Net".to_owned()), ..Defaults::default() };
        let analysis = analyse(parsed, &defaults, Some(&reader()));
        let said: Vec<String> =
            analysis.diagnostics.iter().map(|mistake| render(mistake, &analysis.source)).collect();
        if block.mark == "yaml,compile_fail" {
            assert!(analysis.has_errors(), "{}: nothing is wrong", block.place());
            continue;
        }
        assert!(said.is_empty(), "{}: {}", block.place(), said.join("\n"));
        for network in &analysis.networks {
            let (root, none) = (quote!(convolve), TokenStream::new());
            let name = Ident::new("Net", Span::call_site());
            let weights = network.weights.as_ref();
            let tokens = emit(
                &network.graph,
                &Item { root: &root, visibility: &none, name: &name, docs: &none, weights },
            );
            syn::parse2::<syn::File>(tokens).unwrap_or_else(|error| panic!("{}: {error}", block.place()));
        }
    }
}

#[test]
fn files_of_the_reader_are_those_of_the_pages() {
    let mut found = 0;
    for block in blocks_in("yaml") {
        if let Some(file) = block.file()
            && let Ok(text) = std::fs::read_to_string(reader().0.join(file))
        {
            assert_eq!(text, block.text, "{} is not tests/guide/{file}", block.place());
            found += 1;
        }
    }
    assert!(found >= 2, "{found}");
    let picture = |path: &str| std::fs::read(root().join(path)).expect("a picture");
    assert_eq!(picture("tests/guide/seven.png"), picture("docs/images/seven.png"));
}

#[test]
fn manifests_are_toml() {
    for block in blocks_in("toml") {
        let parsed: Result<toml::Table, _> = toml::from_str(&block.text);
        assert!(parsed.is_ok(), "{}: {}", block.place(), parsed.unwrap_err());
    }
}

/// Where there is a Python, its compiler takes the scripts.
#[test]
fn scripts_are_python() {
    let compile = |script: &str| {
        Command::new("python3")
            .args(["-c", "import sys; compile(sys.argv[1], 'page', 'exec')", script])
            .output()
    };
    if compile("").is_err() {
        return;
    }
    for block in blocks_in("python") {
        let output = compile(&block.text).expect("Python");
        assert!(output.status.success(), "{}: {}", block.place(), String::from_utf8_lossy(&output.stderr));
    }
}

/// The messages of rustc are those of `cnn!`, and point into the program above them.
#[test]
fn messages_are_those_of_the_macro() {
    for page in pages() {
        let all = blocks(&page);
        for pair in all.windows(2) {
            if let ([program, shown], "text") = (pair, pair[1].mark.as_str())
                && shown.text.starts_with("error: ")
            {
                same_messages(program, shown);
            }
        }
    }
}

fn same_messages(program: &Block, shown: &Block) {
    let place = shown.place();
    let mut source = program.text.clone();
    if shown.page == "README.md" {
        // The page says in words what is changed.
        let usual = "kernel_size = 3, padding = same";
        let second = source.rfind(usual).expect("the second kernel");
        source.replace_range(second..second + usual.len(), "kernel_size = 17");
    }
    let (message, excerpt) = shown.text.split_once("\n --> ").unwrap_or_else(|| panic!("{place}: no place"));
    let lines = |text: &str| -> Vec<String> {
        let plain = |line: &str| line.trim_start().trim_start_matches("= ").to_owned();
        text.lines().map(plain).collect()
    };
    let said = format!("error: {}", messages(&source));
    assert_eq!(lines(message), lines(&said), "{place}");
    // A line of the program, and a mark below it at the column that stands above.
    let parts: Vec<&str> = excerpt.lines().collect();
    let [file, _, line, mark] = parts[..] else { panic!("{place}: no excerpt") };
    let [_, number, column] = file.split(':').collect::<Vec<_>>()[..] else { panic!("{place}: {file}") };
    let [line, mark] = [line, mark].map(|line| line.split_once("| ").expect("a line of the excerpt").1);
    let number: usize = number.parse().expect("a line");
    assert_eq!(source.lines().nth(number - 1), Some(line), "{place}");
    assert_eq!(mark.find('^').map(|at| (at + 1).to_string()).as_deref(), Some(column), "{place}");
}

/// What the `cnn!` of a program says is wrong.
fn messages(program: &str) -> String {
    // The file of the weights is found by rustc alone.
    let program: Vec<&str> = program.lines().filter(|line| !line.contains("#[weights")).collect();
    let mut tokens = program.join("\n").parse::<TokenStream>().expect("Rust").into_iter();
    let call = tokens.find_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    });
    let call = call.expect("a call of cnn!");
    let errors = convolve_compiler::cnn::expand(quote!([convolve] #call));
    let strings = leaves(errors).filter_map(|token| syn::parse2::<syn::LitStr>(token.into()).ok());
    strings.map(|string| string.value()).collect::<Vec<_>>().join("\n")
}

/// The tokens of all depths that are no groups.
fn leaves(tokens: TokenStream) -> Box<dyn Iterator<Item = TokenTree>> {
    Box::new(tokens.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => leaves(group.stream()),
        token => Box::new(std::iter::once(token)),
    }))
}
