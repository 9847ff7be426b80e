//! Workspaces and weights.
#![cfg(feature = "alloc")]

use convolve_runtime::memory::{Aligned, Heap, TooSmall, Weights, Workspace};
use convolve_runtime::model::Model;
use convolve_runtime::weights::{Data, Load};

struct Net;

impl Model for Net {
    type Input = [f32; 2];
    type Output = [f32; 2];
    const INPUT_SHAPE: &'static [usize] = &[2];
    const OUTPUT_SHAPE: &'static [usize] = &[2];
    const PARAMETERS: usize = 0;
    const MACS: u64 = 0;
    const ARENA: usize = 1001;
    const BATCH: usize = 20;
    const WEIGHT_BYTES: usize = 0;
    const SUMMARY: &'static str = "";
}

fn aligned(floats: &[f32]) -> bool {
    floats.as_ptr().addr().is_multiple_of(64)
}

#[test]
fn heap_workspaces_are_zeroed_and_aligned() {
    for _ in 0..50 {
        let mut workspace = Workspace::<Net>::new();
        assert_eq!(workspace.as_slice(), [0.0; 1001]);
        assert!(aligned(workspace.as_slice()));
        assert_eq!(workspace.as_slice().as_ptr(), workspace.as_mut_slice().as_ptr());
        let (arena, batch) = workspace.parts();
        assert_eq!((arena.len(), &*batch), (1001, &[0.0; 20][..]));
    }
    assert_eq!(Net::WORKSPACE_BYTES, 4004);
}

#[test]
fn large_blocks_are_zeroed_and_start_a_large_page() {
    for len in [(2 << 20) / 4, 1_500_001] {
        let mut heap = Heap::zeroed(len);
        assert!(heap.as_slice().iter().all(|&float| float == 0.0) && heap.as_slice().len() == len);
        assert!(heap.as_slice().as_ptr().addr().is_multiple_of(2 << 20));
        heap.as_mut_slice().fill(1.0);
    }
}

#[test]
fn static_workspaces_take_what_they_need() {
    let memory: &'static mut Aligned<[f32; 1010]> = Box::leak(Box::new(Aligned([1.0; 1010])));
    let mut workspace = Workspace::<Net>::from_static(&mut memory.0).expect("1010 floats are enough");
    assert_eq!(workspace.as_mut_slice().len(), 1001);
    assert!(aligned(workspace.as_slice()));
    assert_eq!(workspace.parts().1.len(), 0);

    let memory = vec![1.0; 1030].leak();
    let mut workspace = Workspace::<Net>::from_static(memory).expect("1030 floats are enough");
    let (arena, batch) = workspace.parts();
    assert_eq!((arena.len(), batch.len()), (1001, 20));

    let small: &'static mut [f32] = vec![0.0; 1000].leak();
    let error = Workspace::<Net>::from_static(small).expect_err("1000 floats are too few");
    assert_eq!(error, TooSmall { found: 1000, needed: 1001 });
    assert_eq!(error.to_string(), "the workspace needs 1001 floats, but the memory has 1000");
}

#[test]
fn weights_are_packed_or_borrowed() {
    static PACKED: Aligned<[f32; 4]> = Aligned([1.0, 2.0, 3.0, 4.0]);
    static WEIGHTS: Weights = Weights::from_static(&PACKED.0);
    assert_eq!(WEIGHTS.as_slice(), [1.0, 2.0, 3.0, 4.0]);

    let load = Load::Vector { weight: 0, len: 3, order: &[], at: 16 };
    let weights = Weights::pack(&[load], &[Data::Constant(2.5)], 32);
    let mut expected = [0.0; 32];
    expected[16..19].fill(2.5);
    assert_eq!(weights.as_slice(), expected);
    assert!(aligned(weights.as_slice()));
}
