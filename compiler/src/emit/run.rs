//! What runs, and what it runs on.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::literal::Literal;
use super::names::Constants;
use crate::check::parameters;
use crate::graph::words;
use crate::plan::{Plan, Step};

/// The tensors, their loads, and the functions that call the kernels.
pub(super) fn run(plan: &Plan<'_>) -> TokenStream {
    let loads = plan.loads.as_slice().literal();
    let tensors = parameters(plan.graph);
    let count = tensors.len().literal();
    let tensors = tensors.as_slice().literal();
    let functions = match &plan.tail {
        None => one_image(plan, &quote!(run), &plan.steps, &quote!(weights)),
        Some(tail) => {
            let (before, last) = plan.steps.split_at(tail.first);
            let head = (!before.is_empty()).then(|| one_image(plan, &quote!(head), before, &quote!(weights)));
            let call = head.as_ref().map(|_| quote!(self.head(inputs, arena);));
            let (last, batch) =
                (calls(plan, last, &quote!(weights)), calls(plan, &tail.steps, &quote!(weights)));
            quote! {
                #head

                fn run(&self, inputs: &[&[rt::f32]], arena: &mut [rt::f32]) {
                    #call
                    #last
                }

                /// The last layers, of as many images as lie in `arena`.
                fn tail(&self, arena: &mut [rt::f32]) {
                    let inputs = &[];
                    #batch
                }
            }
        }
    };
    quote! {
        /// The tensors of a weights file.
        const TENSORS: &'static [rt::Parameter<'static>; #count] = #tensors;

        /// How they become packed weights.
        const LOADS: &'static [rt::Load<'static>] = #loads;

        #functions
    }
}

/// A function that calls the kernels of some steps, on the weights in this field.
pub(super) fn one_image(
    plan: &Plan<'_>,
    name: &TokenStream,
    steps: &[Step],
    weights: &TokenStream,
) -> TokenStream {
    let calls = calls(plan, steps, weights);
    quote! {
        fn #name(&self, inputs: &[&[rt::f32]], arena: &mut [rt::f32]) {
            #calls
        }
    }
}

/// The kernels of some steps, and their calls.
fn calls(plan: &Plan<'_>, steps: &[Step], weights: &TokenStream) -> TokenStream {
    let mut names = Constants::default();
    let (names, definitions): (Vec<Ident>, Vec<TokenStream>) = steps
        .iter()
        .map(|Step { node, kernel, .. }| {
            let node = &plan.graph.nodes[*node];
            let name = names.name(&node.layers[0]);
            let kind = Ident::new(kernel.name(), proc_macro2::Span::call_site());
            let words = format!(" {}: {} -> {}", node.title(), words(&node.op, node.shape), node.shape);
            let literal = kernel.literal();
            (name.clone(), quote!(#[doc = #words] const #name: rt::#kind = #literal;))
        })
        .unzip();
    quote! {
        #(#definitions)*

        let run = &mut rt::Run {
            level: self.level,
            team: &self.team,
            weights: self.#weights.as_slice(),
            inputs,
            arena,
            shared: &mut [],
        };
        #(#names.run(run);)*
    }
}
