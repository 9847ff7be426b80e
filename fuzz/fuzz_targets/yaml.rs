//! Any bytes as a YAML file: read, checked, and every message rendered.
#![no_main]

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::files::NoFiles;
use convolve_compiler::frontend::yaml;
use convolve_compiler::render::{arrange, render};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let analysis = analyse(yaml::parse("net.yaml", bytes), &Defaults::default(), Some(&NoFiles));
    for diagnostic in arrange(analysis.diagnostics, &analysis.source) {
        let _ = render(&diagnostic, &analysis.source);
    }
});
