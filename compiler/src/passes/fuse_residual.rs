//! Lets a convolution or dense layer add the other operand of a sum to its result before writing it.

use convolve_runtime::kernels::{Activation, BinaryOp};

use super::{Outcome, Pair, Verdict, join};
use crate::graph::{Graph, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    join(graph, judge)
}

fn judge(pair: &Pair<'_>) -> Verdict {
    let Op::Binary(BinaryOp::Add, activation) = pair.later.op else { return Verdict::Unrelated };
    let mut op = pair.earlier.op.clone();
    let (own, pooled) = match &mut op {
        Op::Conv(conv) => (&mut conv.activation, conv.pool.is_some()),
        Op::Dense(dense) => (&mut dense.activation, false),
        _ => return Verdict::Unrelated,
    };
    if *own != Activation::Linear || pooled {
        return Verdict::Apart("an activation or pooling stands between");
    }
    if pair.earlier.inputs.len() > 1 {
        return Verdict::Apart("it adds something already");
    }
    if pair.later.inputs.iter().any(|&id| pair.graph.nodes[id].shape != pair.later.shape) {
        return Verdict::Apart("one operand stands for all pixels");
    }
    *own = activation;
    Verdict::Joined(op)
}
