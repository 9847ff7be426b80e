//! Predictions allocate nothing, on any number of threads.
#![expect(unsafe_code, reason = "a global allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use convolve::{Tensor, Threads, Workspace};
use convolve_compiler::train::{Training, prepare};
use convolve_models::{Mnist, MobileNetV2};
use convolve_runtime::simd::Level;
use convolve_runtime::team::Team;
use convolve_runtime::train::{Images, Learner};
use convolve_tests::network;

convolve::cnn! {
    #[trace]
    fn Looked(image: Input<64, 64, 3>) -> Output<5> {
        let maps = conv2d(image, filters = 32, kernel_size = 3, activation = relu);
        dense(global_avg_pool2d(batch_norm(maps)), units = 5)
    }
}

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
fn predictions_and_steps_of_training_allocate_nothing() {
    predictions();
    steps();
}

fn predictions() {
    for count in [1, 2, 4] {
        let threads = Threads::new(count);
        let (small, large) =
            (Mnist::new().with_threads(&threads), MobileNetV2::init(1).with_threads(&threads));
        let looked = Looked::init(1).with_threads(&threads);
        let mut layers = Workspace::new();
        let (mut digits, mut pictures) = (Workspace::new(), Workspace::new());
        let picture = vec![0.5; 224 * 224 * 3];
        let before = ALLOCATIONS.load(SeqCst);
        for _ in 0..3 {
            small.predict(&[[[0.5]; 28]; 28], &mut digits);
            large.predict(Tensor::view(&picture), &mut pictures);
            let maps = looked.trace(Tensor::view(&picture[..64 * 64 * 3]), &mut layers).get("maps");
            assert!(maps.is_some_and(|maps| maps.data.len() == 62 * 62 * 32));
        }
        assert_eq!(ALLOCATIONS.load(SeqCst), before, "{count} threads");
    }
}

fn steps() {
    let graph = network::graph(
        "name: Net
input: [12, 12, 16]
layers:
  - conv2d: { name: a, filters: 24, kernel_size: 3, padding: same }
  - batch_norm
  - relu
  - max_pool2d: { kernel_size: 2 }
  - conv2d_transpose: { filters: 24, kernel_size: 2, stride: 2 }
  - add: { from: [conv2d_transpose_1, a] }
  - depthwise_conv2d: { kernel_size: 3, padding: same, activation: silu }
  - group_norm: { groups: 4 }
  - upsample2d: { scale_factor: 2, mode: bilinear }
  - avg_pool2d: { kernel_size: 3, stride: 3 }
  - flatten
  - dense: { units: 70, activation: prelu }
  - dropout: { rate: 0.5 }
  - dense: { units: 10, activation: softmax }
",
    )
    .expect("a network");
    let prepared = prepare(&graph).expect("what can be trained");
    let training = Training::new(&prepared);
    let floats = vec![0.5; 9 * 12 * 12 * 16];
    let images = [Images { floats: &floats, step: 12 * 12 * 16 }];
    let judge = |_: usize, output: &[f32], gradient: &mut [f32]| {
        gradient.copy_from_slice(output);
        1.0
    };
    for count in [0, 1, 2, 4] {
        let threads = (count > 0).then(|| Threads::new(count));
        let mut learner = Learner::new(training.program(), 9, Level::detect(), threads.as_ref());
        if let Some(threads) = &threads {
            // All have started when each has a part.
            let all = Barrier::new(count);
            Team::new(threads, 0).each(count, &mut [], |_, _| _ = all.wait());
        }
        let before = ALLOCATIONS.load(SeqCst);
        for images_of_step in [9, 9, 8] {
            let loss = learner.gradients_of(&images, images_of_step, 1, &judge);
            assert!(loss.is_ok());
            learner.update([&mut [], &mut []], |weights, gradients, _| {
                weights.iter_mut().zip(gradients).for_each(|(weight, gradient)| *weight -= gradient);
            });
        }
        assert_eq!(ALLOCATIONS.load(SeqCst), before, "{count} threads");
    }
}
