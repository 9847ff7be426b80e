//! The YAML front end: what files mean, and what is said about those that mean nothing.

use std::fmt::Write as _;

use convolve_compiler::frontend::{Parsed, yaml};
use convolve_compiler::render::{arrange, heading, render};

/// The messages about a text, as the command line shows them.
fn messages(parsed: Parsed) -> String {
    let mut text = String::new();
    for diagnostic in arrange(parsed.diagnostics, &parsed.source) {
        let _ = write!(text, "{}: {}\n\n", heading(&diagnostic), render(&diagnostic, &parsed.source));
    }
    text
}

/// Each text with its messages. The texts of a file are parted by lines of `===`.
fn report(texts: &str) -> String {
    let mut report = String::new();
    for text in texts.split("===\n") {
        let _ = write!(report, "{text}---\n{}", messages(yaml::parse("net.yaml", text.as_bytes())));
    }
    report
}

macro_rules! reports {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(report(include_str!(concat!("yaml/", stringify!($name), ".txt"))));
        }
    )*};
}

reports! { structure layers values syntax merging }
