//! Predictions of many inputs.

use convolve_runtime::slot::{Memory, Slot};
use proc_macro2::TokenStream;
use quote::quote;

use super::literal::Literal;
use crate::plan::{Moved, Plan, Tail};

/// `predict_batch`. The sources are the tensors of `input`, the targets those of `output`; `one` computes these.
pub(super) fn predict_batch(
    plan: &Plan<'_>,
    sources: &[TokenStream],
    targets: &[TokenStream],
    one: &TokenStream,
) -> TokenStream {
    let note = plan.tail.as_ref().map(|Tail { images, .. }| {
        let note = format!(
            " The last layers are computed for {images} images at once; images left over are predicted one by one. Sums \
             may be rounded in another order than in `predict`, within the same tolerance."
        );
        quote!(#[doc = ""] #[doc = #note])
    });
    let body = match &plan.tail {
        None => quote! {
            let arena = workspace.as_mut_slice();
            for (input, output) in rt::core::iter::zip(inputs, outputs) {
                #one
            }
        },
        Some(tail) => {
            let groups = groups(tail, sources, targets);
            quote! {
                let (arena, batch) = workspace.parts();
                #groups
                for (input, output) in rt::core::iter::zip(inputs, outputs) {
                    #one
                }
            }
        }
    };
    quote! {
        /// Computes one output for each input.
        #note
        ///
        /// # Panics
        /// If there are not as many outputs as inputs.
        pub fn predict_batch(
            &self,
            inputs: &[<Self as rt::Model>::Input],
            outputs: &mut [<Self as rt::Model>::Output],
            workspace: &mut rt::Workspace<Self>,
        ) {
            rt::core::assert_eq!(inputs.len(), outputs.len(), "as many outputs as inputs");
            #body
        }
    }
}

/// Computes whole groups of inputs where there is memory for one, and leaves the others in `inputs` and `outputs`.
fn groups(tail: &Tail, sources: &[TokenStream], targets: &[TokenStream]) -> TokenStream {
    let images = tail.images.literal();
    let head = (tail.first > 0).then(|| quote!(self.head(floats, arena);));
    let moves = tail.inputs.iter().map(|Moved { from, to, .. }| {
        let (to, start, end) = (to.literal(), from.offset.literal(), (from.offset + from.len()).literal());
        let from = match from.memory {
            Memory::Arena | Memory::Shared => quote!(arena[#start..#end]),
            Memory::Input(index) => {
                let index = index.literal();
                quote!(floats[#index][#start..#end])
            }
        };
        quote!(batch[#to.pixel(image)].copy_from_slice(&#from);)
    });
    let results = tail.outputs.iter().zip(targets).map(|(slot, target)| {
        let slot: TokenStream = Slot::literal(slot);
        quote!(rt::Tensor::floats_mut(#target).copy_from_slice(&batch[#slot.pixel(image)]);)
    });
    quote! {
        let room = if batch.is_empty() { 0 } else { inputs.len() - inputs.len() % #images };
        let (grouped, inputs) = inputs.split_at(room);
        let (filled, outputs) = outputs.split_at_mut(room);
        for (inputs, outputs) in
            rt::core::iter::zip(grouped.chunks_exact(#images), filled.chunks_exact_mut(#images))
        {
            for (image, input) in rt::core::iter::zip(0..#images, inputs) {
                let floats: &[&[rt::f32]] = &[#(rt::Tensor::floats(#sources)),*];
                #head
                #(#moves)*
            }
            self.tail(batch);
            for (image, output) in rt::core::iter::zip(0..#images, outputs) {
                #(#results)*
            }
        }
    }
}
