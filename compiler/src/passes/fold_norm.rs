//! Folds a batch norm into the weights of the convolution or dense layer before it, or after it.
//!
//! A norm before a convolution shifts the cells that it reads, but not the zeros around them: it folds only
//! where every window lies inside the input.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Activation, Sampling};
use convolve_runtime::weights::Fold;

use super::{Outcome, Pair, Verdict, join};
use crate::graph::{Graph, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    // A norm between two convolutions goes to the earlier one, where padding does not matter.
    let mut outcomes = join(graph, after);
    outcomes.extend(join(graph, before));
    outcomes
}

/// The norm is the later node.
fn after(pair: &Pair<'_>) -> Verdict {
    let Op::Affine { fold, order, activation } = &pair.later.op else { return Verdict::Unrelated };
    let mut op = pair.earlier.op.clone();
    let pooled = matches!(&op, Op::Conv(conv) if conv.pool.is_some());
    let added = pair.earlier.inputs.len() > 1;
    let Some(slot) = after_mut(&mut op) else { return Verdict::Unrelated };
    if slot.is_some() {
        return Verdict::Apart("a norm is folded into it already");
    }
    *slot = Some(*fold);
    if !order.is_empty() {
        return Verdict::Apart("its channels stand in another order");
    }
    if pooled || added {
        return Verdict::Apart("a sum or pooling stands between");
    }
    match op.activation_mut() {
        Some(own @ Activation::Linear) => *own = *activation,
        _ => return Verdict::Apart("an activation stands between"),
    }
    Verdict::Joined(op)
}

fn after_mut(op: &mut Op) -> Option<&mut Option<Fold>> {
    match op {
        Op::Conv(conv) => Some(&mut conv.after),
        Op::Depthwise(depthwise) => Some(&mut depthwise.after),
        Op::Dense(dense) => Some(&mut dense.after),
        _ => None,
    }
}

/// The norm is the earlier node.
fn before(pair: &Pair<'_>) -> Verdict {
    let Op::Affine { fold, order, activation } = &pair.earlier.op else { return Verdict::Unrelated };
    let mut op = pair.later.op.clone();
    let (slot, inside, own_order) = match &mut op {
        Op::Conv(conv) => {
            let inside = conv.sampling != Sampling::Transposed && is_inside(&conv.rows, &conv.columns);
            (&mut conv.before, inside, &[][..])
        }
        Op::Depthwise(op) => (&mut op.before, is_inside(&op.rows, &op.columns), &[][..]),
        Op::Dense(dense) => (&mut dense.before, true, dense.order.as_slice()),
        _ => return Verdict::Unrelated,
    };
    if pair.position > 0 {
        return Verdict::Unrelated;
    }
    if *activation != Activation::Linear {
        return Verdict::Apart("an activation stands between");
    }
    if slot.is_some() {
        return Verdict::Apart("a norm is folded into it already");
    }
    if !inside {
        return Verdict::Apart("its windows reach past the input, where the norm does not apply");
    }
    if order != own_order {
        return Verdict::Apart("its channels stand in another order");
    }
    *slot = Some(*fold);
    Verdict::Joined(op)
}

fn is_inside(rows: &Axis, columns: &Axis) -> bool {
    [rows.before, rows.after, columns.before, columns.after] == [0; 4]
}
