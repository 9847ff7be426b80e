//! Any Rust tokens as the body of `cnn!`: expanded to code or to errors.
#![no_main]

use proc_macro2::TokenStream;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(body) = text.parse::<TokenStream>() {
        let _ = convolve_compiler::cnn::expand(body);
    }
});
