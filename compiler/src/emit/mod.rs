//! From a plan to Rust: one struct, constants, and calls of kernels.
//!
//! The tokens grow with the number of layers, never with their size. Every path starts at the root that the
//! caller gives, so that the result compiles wherever it stands.

mod batch;
mod literal;
mod names;
mod run;
mod trace;
mod train;

use convolve_runtime::weights::file::{Place, Type};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::check::Embedded;
use crate::graph::{Graph, NodeId, Op, Shape};
use crate::options::Options;
use crate::passes::optimise;
use crate::plan::{Plan, plan, rows, table};
use crate::trace::every;
use crate::train::{Training, prepare};
use literal::Literal;
use names::argument;

/// What of a generated type does not come from the network.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// The path of the `convolve` crate.
    pub root: &'a TokenStream,
    /// `pub`, `pub(crate)` or nothing.
    pub visibility: &'a TokenStream,
    /// The type's name.
    pub name: &'a Ident,
    /// Its documentation, as attributes.
    pub docs: &'a TokenStream,
    /// The weights that it holds, if any.
    pub weights: Option<&'a Embedded>,
}

/// The type of a checked network, and all that belongs to it.
#[must_use]
pub fn emit(graph: &Graph, item: &Item<'_>) -> TokenStream {
    // The check has found that it can be trained, if that is asked for.
    let prepared = graph.train.and_then(|_| prepare(graph).ok());
    let training = prepared.as_ref().map(Training::new);
    let options = Options::default();
    let fuse = |mut graph: Graph| {
        _ = optimise(&mut graph, &options);
        graph
    };
    let kept = graph.trace.then(|| fuse(every(graph)));
    let trace = kept.as_ref().map(|kept| plan(kept, &options));
    let graph = fuse(graph.clone());
    model(&plan(&graph, &options), trace.as_ref(), training.as_ref(), item)
}

/// The type of a planned network; `trace` keeps what every layer gives.
fn model(
    plan: &Plan<'_>,
    trace: Option<&Plan<'_>>,
    training: Option<&Training<'_>>,
    item: &Item<'_>,
) -> TokenStream {
    let Item { root, visibility, name, docs, weights } = item;
    let table = table(plan.graph);
    let about = about(plan.graph);
    let signature = Signature::new(plan);
    let constants = constants(plan, &table);
    let constructors = constructors(plan, trace, *weights);
    let predictions = predictions(plan, &signature);
    let model = implementation(plan, name, &signature);
    let run = run::run(plan);
    let training = training.map(|training| train::trainable(plan, training, name));
    let functions = trace.map(|trace| trace::functions(trace, &signature));
    let traced = trace.map(|trace| trace::traced(trace, name));
    let unfused = trace.map(|_| quote!(unfused: #root::__private::Weights,));
    let used = trace.map(|_| quote!(_ = #name::trace;));
    let new = weights.map(|_| quote!(_ = #name::new;));
    quote! {
        #docs
        #[doc = #about]
        #[doc = #table]
        #visibility struct #name {
            weights: #root::__private::Weights,
            #unfused
            level: #root::__private::Level,
            team: #root::__private::Team,
        }

        const _: () = {
            use #root::__private as rt;

            impl #name {
                #constants
                #constructors
                #predictions
                #run
                #functions
            }

            #model

            #training
            #traced

            impl rt::core::fmt::Debug for #name {
                fn fmt(&self, f: &mut rt::core::fmt::Formatter<'_>) -> rt::core::fmt::Result {
                    f.write_str(rt::core::stringify!(#name))
                }
            }

            // A private model that leaves some of its methods unused is nothing to warn of.
            const _: () = {
                #new
                _ = #name::from_safetensors;
                _ = #name::init;
                _ = #name::with_level;
                _ = #name::with_threads;
                _ = #name::predict;
                _ = #name::predict_batch;
                #used
                _ = (#name::INPUT_SHAPE, #name::OUTPUT_SHAPE, #name::SUMMARY);
                _ = (#name::PARAMETERS, #name::MACS, #name::WEIGHT_BYTES);
                _ = (#name::WORKSPACE_BYTES, #name::BATCH_BYTES);
            };
        };
    }
}

/// One line on what goes in and what comes out.
fn about(graph: &Graph) -> String {
    let inputs: Vec<String> =
        inputs(graph).iter().zip(&graph.inputs).map(|(shape, name)| format!("`{name}` {shape}")).collect();
    let outputs: Vec<String> =
        graph.outputs.iter().map(|(name, id)| format!("`{name}` {}", graph.nodes[*id].shape)).collect();
    format!("\nFrom {} to {}.\n", inputs.join(", "), outputs.join(", "))
}

/// The shapes of the inputs, in order.
fn inputs(graph: &Graph) -> Vec<Shape> {
    let mut shapes = vec![Shape::Vector(0); graph.inputs.len()];
    for node in &graph.nodes {
        if let Op::Input(index) = node.op {
            shapes[index] = node.shape;
        }
    }
    shapes
}

/// The types of a network's functions.
struct Signature {
    arguments: Vec<Ident>,
    inputs: Vec<TokenStream>,
    outputs: Vec<TokenStream>,
    /// All inputs as one type.
    input: TokenStream,
    /// All outputs as one type.
    output: TokenStream,
}

impl Signature {
    fn new(plan: &Plan<'_>) -> Self {
        let mut arguments = Vec::new();
        for name in &plan.graph.inputs {
            arguments.push(argument(name, &arguments));
        }
        let inputs: Vec<TokenStream> = inputs(plan.graph).into_iter().map(array).collect();
        let outputs: Vec<TokenStream> = output_shapes(plan.graph).into_iter().map(array).collect();
        let (input, output) = (one_or_tuple(&inputs), one_or_tuple(&outputs));
        Self { arguments, inputs, outputs, input, output }
    }
}

fn output_shapes(graph: &Graph) -> Vec<Shape> {
    let node = |&(_, id): &(String, NodeId)| graph.nodes[id].shape;
    graph.outputs.iter().map(node).collect()
}

/// The nested array of a shape.
fn array(shape: Shape) -> TokenStream {
    let [height, width, channels] = shape.extents().map(|extent| extent.literal());
    match shape {
        Shape::Map { .. } => quote!([[[rt::f32; #channels]; #width]; #height]),
        Shape::Vector(_) => quote!([rt::f32; #channels]),
    }
}

fn one_or_tuple(items: &[TokenStream]) -> TokenStream {
    match items {
        [one] => one.clone(),
        several => quote!((#(#several),*)),
    }
}

fn constants(plan: &Plan<'_>, table: &str) -> TokenStream {
    let shapes = |shapes: Vec<Shape>| {
        let of_each = |write: fn(&[TokenStream]) -> TokenStream| {
            let shape =
                |shape: &Shape| write(&shape.dimensions().iter().map(Literal::literal).collect::<Vec<_>>());
            one_or_tuple(&shapes.iter().map(shape).collect::<Vec<_>>())
        };
        let of_type = |numbers: &[TokenStream]| {
            let rank = numbers.len().literal();
            quote!([rt::usize; #rank])
        };
        (of_each(of_type), of_each(|numbers| quote!([#(#numbers),*])))
    };
    let (input_type, input) = shapes(inputs(plan.graph));
    let (output_type, output) = shapes(output_shapes(plan.graph));
    let parameters: usize = plan.graph.parameters.iter().map(|parameter| parameter.elements()).sum();
    let macs = proc_macro2::Literal::u64_unsuffixed(rows(plan.graph).iter().map(|row| row.macs).sum());
    let parameters = parameters.literal();
    let [arena, batch, weights] =
        [plan.arena, batch_floats(plan), plan.weights].map(|floats| floats.literal());
    quote! {
        /// Height, width and channels of the input, or the length of a vector; a tuple where there are several.
        pub const INPUT_SHAPE: #input_type = #input;
        /// As `INPUT_SHAPE`, of the output.
        pub const OUTPUT_SHAPE: #output_type = #output;
        /// Numbers in the model's tensors.
        pub const PARAMETERS: rt::usize = #parameters;
        /// Multiplications of one prediction, with an addition each.
        pub const MACS: rt::u64 = #macs;
        /// Bytes of a workspace, without those that only batches use.
        pub const WORKSPACE_BYTES: rt::usize = 4 * #arena;
        /// Bytes that batches use beside them.
        pub const BATCH_BYTES: rt::usize = 4 * #batch;
        /// Bytes of the packed weights.
        pub const WEIGHT_BYTES: rt::usize = 4 * #weights;
        /// The table of the layers.
        pub const SUMMARY: &'static rt::str = #table;
    }
}

/// Floats of the memory for batches.
fn batch_floats(plan: &Plan<'_>) -> usize {
    plan.tail.as_ref().map_or(0, |tail| tail.floats)
}

fn constructors(plan: &Plan<'_>, trace: Option<&Plan<'_>>, weights: Option<&Embedded>) -> TokenStream {
    let scratch = plan.scratch().max(trace.map_or(0, Plan::scratch)).literal();
    let unfused = trace.map(|trace| {
        let floats = trace.weights.literal();
        quote!(unfused: rt::Weights::pack(Self::UNFUSED_LOADS, tensors, #floats),)
    });
    let new = weights.map(|Embedded { file, places }| {
        let (path, length) = (file.path.to_string_lossy(), file.bytes.len().literal());
        let tensors = places.iter().map(|Place { element, bytes }| {
            let (start, end) = (bytes.start.literal(), bytes.end.literal());
            let variant = match element {
                Type::F32 => quote!(F32),
                Type::F16 => quote!(F16),
                Type::Bf16 => quote!(Bf16),
            };
            quote!(rt::Data::#variant(&FILE.0[#start..#end]))
        });
        quote! {
            /// The model with the weights that were compiled in.
            #[must_use]
            pub fn new() -> Self {
                static FILE: &rt::Aligned<[rt::u8; #length]> = &rt::Aligned(*rt::core::include_bytes!(#path));
                Self::pack(&[#(#tensors),*])
            }
        }
    });
    quote! {
        #new

        /// The model with the weights of a safetensors file.
        ///
        /// # Errors
        /// Everything in which the file is not what the model needs.
        pub fn from_safetensors(file: &[rt::u8]) -> rt::Result<Self, rt::Vec<rt::WeightsError>> {
            rt::Result::Ok(Self::pack(&rt::open(file, Self::TENSORS)?))
        }

        /// The model with random weights, as training starts with (He et al. 2015).
        #[must_use]
        pub fn init(seed: rt::u64) -> Self {
            Self::pack(&rt::init(Self::TENSORS, seed))
        }

        /// The model on another SIMD level than the best of this processor.
        #[must_use]
        pub fn with_level(self, level: rt::Level) -> Self {
            Self { level, ..self }
        }

        /// The model on the threads of a pool; predictions are the same to the bit on any number of them.
        #[must_use]
        pub fn with_threads(self, threads: &rt::Threads) -> Self {
            Self { team: rt::Team::new(threads, #scratch), ..self }
        }

        fn pack(tensors: &[rt::Data<'_>]) -> Self {
            let weights = rt::Weights::pack(Self::LOADS, tensors, Self::WEIGHT_BYTES / 4);
            Self { weights, #unfused level: rt::Level::detect(), team: rt::Team::ALONE }
        }
    }
}

fn predictions(plan: &Plan<'_>, signature: &Signature) -> TokenStream {
    let Signature { arguments, inputs, outputs, .. } = signature;
    let ranges = plan.outputs.iter().map(|slot| {
        let (start, end) = (slot.offset.literal(), (slot.offset + slot.len()).literal());
        quote!(&arena[#start..#end])
    });
    let ranges: Vec<TokenStream> = ranges.collect();
    let references: Vec<TokenStream> = outputs.iter().map(|output| quote!(&'w #output)).collect();
    let result = one_or_tuple(&references);
    let views: Vec<TokenStream> = ranges.iter().map(|range| quote!(rt::Tensor::view(#range))).collect();
    let views = one_or_tuple(&views);
    let sources = fields(&quote!(input), &quote!(&input), inputs.len());
    let targets = fields(&quote!(output), &quote!(&mut output), outputs.len());
    let one = quote! {
        self.run(&[#(rt::Tensor::floats(#sources)),*], arena);
        #(rt::Tensor::floats_mut(#targets).copy_from_slice(#ranges);)*
    };
    let batch = batch::predict_batch(plan, &sources, &targets, &one);
    quote! {
        /// Computes the output. It stays in the workspace until the next prediction.
        pub fn predict<'w>(
            &self,
            #(#arguments: &#inputs,)*
            workspace: &'w mut rt::Workspace<Self>,
        ) -> #result {
            let arena = workspace.as_mut_slice();
            self.run(&[#(rt::Tensor::floats(#arguments)),*], arena);
            #views
        }

        #batch
    }
}

/// A reference as it is, or references to the fields of the tuple behind it.
fn fields(reference: &TokenStream, start: &TokenStream, count: usize) -> Vec<TokenStream> {
    let field = |index: usize| match count {
        1 => reference.clone(),
        _ => {
            let index = index.literal();
            quote!(#start.#index)
        }
    };
    (0..count).map(field).collect()
}

fn implementation(plan: &Plan<'_>, name: &Ident, signature: &Signature) -> TokenStream {
    let Signature { input, output, inputs, outputs, .. } = signature;
    let first = |constant: TokenStream, count: usize| match count {
        1 => quote!(&#constant),
        _ => quote!(&#constant.0),
    };
    let input_shape = first(quote!(Self::INPUT_SHAPE), inputs.len());
    let output_shape = first(quote!(Self::OUTPUT_SHAPE), outputs.len());
    let (arena, batch) = (plan.arena.literal(), batch_floats(plan).literal());
    quote! {
        impl rt::Model for #name {
            type Input = #input;
            type Output = #output;
            const INPUT_SHAPE: &'static [rt::usize] = #input_shape;
            const OUTPUT_SHAPE: &'static [rt::usize] = #output_shape;
            const PARAMETERS: rt::usize = Self::PARAMETERS;
            const MACS: rt::u64 = Self::MACS;
            const ARENA: rt::usize = #arena;
            const BATCH: rt::usize = #batch;
            const WEIGHT_BYTES: rt::usize = Self::WEIGHT_BYTES;
            const SUMMARY: &'static rt::str = Self::SUMMARY;
        }
    }
}
