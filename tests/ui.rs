//! Every mistake a user can make, and what is said about it.
//!
//! `ui/<topic>.rs` holds mistakes in `cnn!`, one to a call, with rustc's output beside them; `TRYBUILD=overwrite`
//! renews it. `ui/<topic>.txt` holds the same mistakes in YAML, parted by lines of `===`; what both the macro and
//! the command line say about them is in `ui/snapshots`, and `INSTA_UPDATE=always` renews that.

use std::fmt::Write as _;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::files::Directory;
use convolve_compiler::frontend::yaml;
use convolve_compiler::render::{arrange, heading, render};

#[test]
fn mistakes_in_the_macro() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

/// Each text with what is said about it.
fn report(texts: &str) -> String {
    // Relative, so that messages do not name this machine: Cargo runs tests in their package's directory.
    let directory = Directory("ui".into());
    let mut report = String::new();
    for text in texts.split("===\n") {
        let parsed = yaml::parse("net.yaml", text.as_bytes());
        let analysis = analyse(parsed, &Defaults::default(), Some(&directory));
        assert!(!analysis.diagnostics.is_empty(), "nothing is found wrong:\n{text}");
        report.push_str(text);
        report.push_str("---\n");
        for diagnostic in arrange(analysis.diagnostics, &analysis.source) {
            let (heading, text) = (heading(&diagnostic), render(&diagnostic, &analysis.source));
            let _ = write!(report, "{heading}: {text}\n\n");
        }
    }
    report
}

macro_rules! mistakes_in_yaml {
    ($($topic:ident)*) => {$(
        #[test]
        fn $topic() {
            let topic = stringify!($topic);
            let said = report(include_str!(concat!("ui/", stringify!($topic), ".txt")));
            let mut settings = insta::Settings::new();
            settings.set_snapshot_path("ui/snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(topic, said));
        }
    )*};
}

mistakes_in_yaml! { blocks names shapes values weights }
