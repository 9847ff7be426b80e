//! What makes a type tell what its layers give.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Signature;
use super::literal::Literal;
use super::run::one_image;
use crate::plan::Plan;

/// The function, and what it takes of the type beside that of predictions: `plan` is one of [`crate::trace::every`].
pub(super) fn functions(plan: &Plan<'_>, signature: &Signature) -> TokenStream {
    let Signature { arguments, inputs, .. } = signature;
    let loads = plan.loads.as_slice().literal();
    let run = one_image(plan, &quote!(run_unfused), &plan.steps, &quote!(unfused));
    quote! {
        /// Computes what every layer gives, none fused into another. It stays in the workspace until the next trace.
        pub fn trace<'w>(
            &self,
            #(#arguments: &#inputs,)*
            workspace: &'w mut rt::Workspace<rt::Unfused<Self>>,
        ) -> rt::Layers<'w> {
            let arena = workspace.as_mut_slice();
            self.run_unfused(&[#(rt::Tensor::floats(#arguments)),*], arena);
            rt::Layers::new(<Self as rt::Traced>::LAYERS, arena)
        }

        /// How tensors become the weights of a trace.
        const UNFUSED_LOADS: &'static [rt::Load<'static>] = #loads;

        #run
    }
}

/// Where it finds the layers, and how much memory it takes.
pub(super) fn traced(plan: &Plan<'_>, name: &Ident) -> TokenStream {
    let (arena, weights) = (plan.arena.literal(), plan.weights.literal());
    let layers = plan.graph.outputs.iter().zip(&plan.outputs).map(|((layer, node), slot)| {
        let shape = plan.graph.nodes[*node].shape.dimensions().as_slice().literal();
        let floats = (slot.offset..slot.offset + slot.len()).literal();
        quote!(rt::Kept { name: #layer, shape: #shape, floats: #floats })
    });
    quote! {
        impl rt::Traced for #name {
            const LAYERS: &'static [rt::Kept] = &[#(#layers),*];
            const TRACE_ARENA: rt::usize = #arena;
            const TRACE_WEIGHT_BYTES: rt::usize = 4 * #weights;
        }
    }
}
