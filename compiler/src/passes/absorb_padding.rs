//! Lets a convolution pad its input itself, where the padding is of zeros.
//!
//! Pooling keeps its padding apart: a maximum never takes it, and a mean does not count it.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{PadMode, Sampling};

use super::{Outcome, Pair, Verdict, join};
use crate::graph::{Graph, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    join(graph, judge)
}

fn judge(pair: &Pair<'_>) -> Verdict {
    let Op::Pad { top, left, mode } = pair.earlier.op else { return Verdict::Unrelated };
    let mut op = pair.later.op.clone();
    let (rows, columns, before, sampling) = match &mut op {
        Op::Conv(conv) => (&mut conv.rows, &mut conv.columns, conv.before, conv.sampling),
        Op::Depthwise(op) => (&mut op.rows, &mut op.columns, op.before, Sampling::Direct),
        _ => return Verdict::Unrelated,
    };
    if pair.position > 0 {
        return Verdict::Unrelated;
    }
    if mode != PadMode::Constant(0.0) {
        return Verdict::Apart("it does not pad with zeros");
    }
    if sampling != Sampling::Direct {
        return Verdict::Apart("the convolution's own padding is not around its input");
    }
    if before.is_some() {
        return Verdict::Apart("a norm stands between");
    }
    let ([height, width, _], [padded_height, padded_width, _]) =
        (pair.input_shape().extents(), pair.earlier.shape.extents());
    pad(rows, top, padded_height - height);
    pad(columns, left, padded_width - width);
    Verdict::Joined(op)
}

fn pad(axis: &mut Axis, before: usize, total: usize) {
    axis.before += before;
    axis.after += total - before;
}
