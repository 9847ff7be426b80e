//! Applies an activation where the value is made.

use convolve_runtime::kernels::Activation;

use super::{Outcome, Pair, Verdict, join};
use crate::graph::{Graph, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    join(graph, judge)
}

/// As [`run`], where the way back can do without what stood between: the gradient of the function follows from its result.
pub(super) fn run_for_training(graph: &mut Graph) -> Vec<Outcome> {
    join(graph, |pair| match pair.later.op {
        Op::Activate { activation, .. } if !activation.gradient_reads_result() => Verdict::Unrelated,
        _ => judge(pair),
    })
}

fn judge(pair: &Pair<'_>) -> Verdict {
    let Op::Activate { activation, order } = &pair.later.op else { return Verdict::Unrelated };
    let mut op = pair.earlier.op.clone();
    let pooled = matches!(&op, Op::Conv(conv) if conv.pool.is_some());
    let own_order = match &op {
        Op::Affine { order, .. } | Op::Normalize { order, .. } => order.clone(),
        Op::Activate { .. } => return Verdict::Unrelated,
        _ => Vec::new(),
    };
    let is_learned = matches!(activation, Activation::Prelu { .. });
    match op.activation_mut() {
        None => return Verdict::Unrelated,
        Some(own @ Activation::Linear) => *own = *activation,
        Some(_) => return Verdict::Apart("it applies another one already"),
    }
    if pooled {
        return Verdict::Apart("a pooling stands between");
    }
    if is_learned && *order != own_order {
        return Verdict::Apart("its slopes stand in another order");
    }
    Verdict::Joined(op)
}
