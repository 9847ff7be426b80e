//! What every compiled network tells of itself.

/// A network compiled by Convolve. The compiler implements it; [`Workspace`](crate::memory::Workspace)
/// is sized by it.
pub trait Model {
    /// What it reads: `[[[f32; C]; W]; H]`, or `[f32; N]` for a vector; a tuple of them where it has several inputs.
    type Input;
    /// What it gives, likewise.
    type Output;
    /// Sizes of the (first) input: `[height, width, channels]`, or `[n]` for a vector.
    const INPUT_SHAPE: &'static [usize];
    /// Sizes of the (first) output, likewise.
    const OUTPUT_SHAPE: &'static [usize];
    /// Numbers in the model's tensors, running means and variances included.
    const PARAMETERS: usize;
    /// Multiplications and additions of one prediction, in pairs, as the network is written.
    const MACS: u64;
    /// Floats of the arena that a run computes in.
    const ARENA: usize;
    /// Floats beside the arena in which several images are computed at once; zero where that gains nothing.
    const BATCH: usize = 0;
    /// Bytes of a workspace, without those of `BATCH`.
    const WORKSPACE_BYTES: usize = Self::ARENA * size_of::<f32>();
    /// Bytes of the packed weights.
    const WEIGHT_BYTES: usize;
    /// The table of the layers, for people.
    const SUMMARY: &'static str;
}
