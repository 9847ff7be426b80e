//! `convolve expand`.

use convolve_compiler::check::Defaults;
use convolve_compiler::emit::{Item, emit};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::args::NetworkArgs;
use crate::failure::{Failure, Result};
use crate::{load, output};

/// Prints the Rust that `cnn!` makes of a file.
pub(crate) fn expand(args: &NetworkArgs) -> Result<()> {
    let files = load::files_beside(&args.file);
    let network = load::network(load::parse(&args.file)?, &Defaults::default(), Some(&files))?;
    let graph = network.graph;
    let item = Item {
        root: &quote!(::convolve),
        visibility: &quote!(pub),
        name: &Ident::new(&graph.name, Span::call_site()),
        docs: &TokenStream::new(),
        weights: network.weights.as_ref(),
    };
    let file = syn::parse2(emit(&graph, &item)).map_err(|error| {
        Failure::new(format!("the generated code is not Rust, a defect of Convolve: {error}"))
    })?;
    output::print(&prettyplease::unparse(&file))
}
