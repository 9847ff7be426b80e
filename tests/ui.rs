//! Every mistake a user can make, and what is said about it.
//!
//! `ui/*.rs` holds mistakes in `cnn!`, many calls to a file, with rustc's output beside them (`TRYBUILD=overwrite`
//! renews it). `ui/*.yaml` holds mistakes in YAML, one to a file, with the text that both the macro and the
//! command line show (`INSTA_UPDATE=always` renews it).

use std::path::Path;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Options;
use convolve_compiler::files::Directory;
use convolve_compiler::frontend::yaml;
use convolve_compiler::render::{arrange, heading, render};

#[test]
fn mistakes_in_the_macro() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

#[test]
fn mistakes_in_yaml() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let files = std::fs::read_dir(&directory).expect("the directory exists");
    let mut cases: Vec<_> = files
        .map(|file| file.expect("the entry is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    for path in cases {
        let name = path.file_name().expect("a file").to_string_lossy();
        let text = said_about(&name, &std::fs::read(&path).expect("the case is readable"), &directory);
        assert!(!text.is_empty(), "{name} is not found wrong");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("ui/snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".yaml"), text));
    }
}

/// All that the compiler says about a YAML file.
fn said_about(name: &str, bytes: &[u8], directory: &Path) -> String {
    let analysis =
        analyse(yaml::parse(name, bytes), &Options::default(), Some(&Directory(directory.to_owned())));
    let shown: Vec<_> = arrange(analysis.diagnostics, &analysis.source)
        .iter()
        .map(|diagnostic| {
            format!("{}: {}", heading(diagnostic.severity), render(diagnostic, &analysis.source))
        })
        .collect();
    shown.join("\n\n")
}
