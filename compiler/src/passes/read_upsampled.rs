//! Lets a convolution read its input as if it were enlarged, by nearest-neighbour repetition.

use convolve_runtime::kernels::{ResizeMode, Sampling};

use super::{Outcome, Pair, Verdict, join};
use crate::graph::{Graph, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    join(graph, judge)
}

fn judge(pair: &Pair<'_>) -> Verdict {
    let (Op::Resize(mode), Op::Conv(conv)) = (&pair.earlier.op, &pair.later.op) else {
        return Verdict::Unrelated;
    };
    if pair.position > 0 {
        return Verdict::Unrelated;
    }
    if *mode != ResizeMode::Nearest {
        return Verdict::Apart("it interpolates");
    }
    if conv.sampling != Sampling::Direct || [conv.rows.stride, conv.columns.stride] != [1, 1] {
        return Verdict::Apart("the convolution is strided, transposed or reads enlarged already");
    }
    let ([height, width, _], [rows, columns, _]) =
        (pair.input_shape().extents(), pair.earlier.shape.extents());
    let sampling = Sampling::Upsampled([rows / height, columns / width]);
    Verdict::Joined(Op::Conv(crate::graph::Conv { sampling, ..conv.clone() }))
}
