//! Operations of two tensors against their definition.

mod trial;

use convolve_runtime::kernels::{Activation, Binary, BinaryOp};
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Slot;
use trial::{Trial, at, slots};

fn expected(kernel: &Binary, arena: &[f32], cell: [usize; 3]) -> f64 {
    let value = |slot: &Slot| {
        let one = slot.height * slot.width == 1;
        at(arena, slot, if one { [0, 0, cell[2]] } else { cell })
    };
    let (a, b) = (value(kernel.left.as_ref().unwrap_or(&kernel.output)), value(&kernel.right));
    let result = match kernel.op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Maximum => a.max(b),
    };
    match kernel.activation {
        Activation::Relu => result.max(0.0),
        Activation::Clip { min, max } => result.clamp(f64::from(min), f64::from(max)),
        Activation::Tanh => result.tanh(),
        _ => result,
    }
}

#[test]
fn equal_shapes_and_one_pixel_against_a_map() {
    let activations =
        [Activation::Linear, Activation::Relu, Activation::Clip { min: -1.0, max: 0.5 }, Activation::Tanh];
    let map = [3, 5, 19];
    let one = [1, 1, 19];
    for (left, right, gaps) in [
        (map, map, [0, 0, 0]),
        (map, map, [3, 0, 5]),
        (map, map, [0, 6, 0]),
        (map, one, [0, 0, 0]),
        (map, one, [2, 4, 1]),
        (one, map, [0, 0, 0]),
        (one, map, [0, 1, 0]),
    ] {
        for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Maximum] {
            for activation in activations {
                let [left, right, output] = slots([left, right, map], gaps);
                let kernel = Binary { left: Some(left), right, output, op, activation };
                let checked = Trial { output, weights: &[], size: 2.0, tolerance: 2e-7 };
                checked.check(|run| kernel.run(run), |arena, cell| expected(&kernel, arena, cell));
                let kernel = Binary { left: None, ..kernel };
                checked.check(|run| kernel.run(run), |arena, cell| expected(&kernel, arena, cell));
            }
        }
    }
}

#[test]
fn vectors() {
    let [left, right, output] = slots([[1, 1, 67]; 3], [0, 2, 3]);
    let kernel =
        Binary { left: Some(left), right, output, op: BinaryOp::Sub, activation: Activation::Linear };
    let checked = Trial { output, weights: &[], size: 2.0, tolerance: 2e-7 };
    checked.check(|run| kernel.run(run), |arena, cell| expected(&kernel, arena, cell));
}

#[test]
fn nan_is_not_swallowed() {
    for level in Level::available() {
        for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Maximum] {
            let [left, right, output] = slots([[1, 1, 37]; 3], [0; 3]);
            let mut arena = vec![1.0; output.offset + 37];
            arena[left.offset + 2] = f32::NAN;
            arena[right.offset + 35] = f32::NAN;
            let mut run = Run::new(level, &[], &[], &mut arena);
            Binary { left: Some(left), right, output, op, activation: Activation::Relu }.run(&mut run);
            let nan: Vec<usize> = (0..37).filter(|&i| arena[output.offset + i].is_nan()).collect();
            assert_eq!(nan, [2, 35], "{level} {op:?}");
        }
    }
}
