//! Predictions allocate nothing, on any number of threads.
#![expect(unsafe_code, reason = "a global allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use convolve::{Tensor, Threads, Workspace};
use convolve_models::{Mnist, MobileNetV2};

/// Counts what all threads allocate.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, SeqCst);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// One test, so that nothing else runs meanwhile.
#[test]
fn predictions_allocate_nothing() {
    for count in [1, 2, 4] {
        let threads = Threads::new(count);
        let (small, large) =
            (Mnist::new().with_threads(&threads), MobileNetV2::init(1).with_threads(&threads));
        let (mut digits, mut pictures) = (Workspace::new(), Workspace::new());
        let picture = vec![0.5; 224 * 224 * 3];
        let before = ALLOCATIONS.load(SeqCst);
        for _ in 0..3 {
            small.predict(&[[[0.5]; 28]; 28], &mut digits);
            large.predict(Tensor::view(&picture), &mut pictures);
        }
        assert_eq!(ALLOCATIONS.load(SeqCst), before, "{count} threads");
    }
}
