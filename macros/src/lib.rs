//! The procedural macro behind `convolve::cnn!`. All of the work is `convolve-compiler`'s.
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use convolve_compiler::cnn;
use proc_macro2::Span;

/// What `convolve::cnn!` calls, with the path of the `convolve` crate in brackets before the user's tokens.
#[doc(hidden)]
#[proc_macro]
pub fn cnn_with_root(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    // A defect of the compiler must not look like one of the user's.
    let expanded = catch_unwind(AssertUnwindSafe(|| cnn::expand(tokens.into())));
    let defect = "Convolve failed on this network; please report it with the network's text";
    expanded.unwrap_or_else(|_| cnn::error(Span::call_site(), Span::call_site(), defect)).into()
}
