//! What makes a type trainable.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::literal::Literal;
use crate::plan::Plan;
use crate::train::Training;

/// The training of a network, as a constant, and what it takes of the type.
pub(super) fn trainable(plan: &Plan<'_>, training: &Training<'_>, name: &Ident) -> TokenStream {
    let program = training.program().literal();
    let outputs = plan.outputs.iter().map(|slot| {
        let (start, end) = (slot.offset.literal(), (slot.offset + slot.len()).literal());
        quote!(output.copy_from_slice(&arena[#start..#end]);)
    });
    quote! {
        impl rt::Trainable for #name {
            const PROGRAM: rt::Program<'static> = #program;

            fn from_tensors(tensors: &[rt::Data<'_>]) -> Self {
                Self::pack(tensors)
            }

            fn predict_floats(
                &self,
                inputs: &[&[rt::f32]],
                output: &mut [rt::f32],
                workspace: &mut rt::Workspace<Self>,
            ) {
                let arena = workspace.as_mut_slice();
                self.run(inputs, arena);
                #(#outputs)*
            }
        }
    }
}
