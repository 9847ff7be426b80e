//! Pools the rows of a convolution as they are made, so that the full result is never stored.

use convolve_runtime::geometry::Axis;
use convolve_runtime::kernels::{Sampling, Windows};

use super::{Outcome, Pair, Verdict, join};
use crate::graph::{Graph, Op};

pub(super) fn run(graph: &mut Graph) -> Vec<Outcome> {
    join(graph, judge)
}

fn judge(pair: &Pair<'_>) -> Verdict {
    let (Op::Pool { op, windows }, Op::Conv(conv)) = (&pair.later.op, &pair.earlier.op) else {
        return Verdict::Unrelated;
    };
    let Windows::Sliding(rows, columns) = windows else {
        return Verdict::Apart("adaptive windows may overlap");
    };
    if !(is_plain(rows) && is_plain(columns)) {
        return Verdict::Apart("its windows overlap, leave gaps or are padded");
    }
    let ([height, width, _], [pooled_height, pooled_width, _]) =
        (pair.earlier.shape.extents(), pair.later.shape.extents());
    if pooled_height * rows.kernel > height || pooled_width * columns.kernel > width {
        return Verdict::Apart("its last window reaches past the input");
    }
    if pooled_height == 1 {
        return Verdict::Apart("a single row of windows needs the full result");
    }
    if conv.pool.is_some() || conv.sampling == Sampling::Transposed || pair.earlier.inputs.len() > 1 {
        return Verdict::Apart("the convolution is pooled, transposed or adds something");
    }
    Verdict::Joined(Op::Conv(crate::graph::Conv { pool: Some((*op, *windows)), ..conv.clone() }))
}

/// Whether the windows stand side by side.
fn is_plain(axis: &Axis) -> bool {
    axis.kernel == axis.stride && axis.dilation == 1 && (axis.before, axis.after) == (0, 0)
}
