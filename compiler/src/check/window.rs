//! Windows that must fit their input: convolution and pooling.

use convolve_runtime::geometry::Axis;

use super::arguments::Padding;
use super::builder::Builder;
use super::expand::Layer;
use super::notation::Notation;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::NodeId;

/// The sizes of a window as the user gave them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    pub(super) padding: Padding,
}

/// "4×4", for messages.
fn by([rows, columns]: [usize; 2]) -> String {
    format!("{rows}×{columns}")
}

impl Window {
    /// The axes of the window over an input of this height and width; one that does not fit is reported.
    pub(super) fn axes(
        &self,
        builder: &mut Builder<'_>,
        layer: &Layer,
        source: NodeId,
        input: [usize; 2],
    ) -> Option<[Axis; 2]> {
        // Each number is at most 2³¹, so no size overflows 64 bits.
        let axes = self.padding.axes(input, self.kernel, self.stride, self.dilation)?;
        let fits = (0..2).all(|i| axes[i].output(input[i]).is_some());
        if fits {
            return Some(axes);
        }
        let mistake = self.misfit(builder, layer, source, input, axes);
        let blamed = self.blamed(input, axes);
        builder.arguments(layer).report(blamed, mistake);
        None
    }

    /// The argument that is to blame: the dilation, where the kernel alone would fit.
    fn blamed(&self, input: [usize; 2], axes: [Axis; 2]) -> &'static str {
        let dense = (0..2).all(|i| Axis { dilation: 1, ..axes[i] }.output(input[i]).is_some());
        if dense { "dilation" } else { "kernel_size" }
    }

    fn misfit(
        &self,
        builder: &mut Builder<'_>,
        layer: &Layer,
        source: NodeId,
        input: [usize; 2],
        axes: [Axis; 2],
    ) -> Diagnostic {
        let extent = axes.map(|axis| axis.extent().unwrap_or(usize::MAX));
        let padded = [0, 1].map(|i| axes[i].padded(input[i]).unwrap_or(usize::MAX));
        let mut message = format!("the {} kernel of `{}`", by(self.kernel), layer.name);
        if self.dilation != [1, 1] {
            message += &format!(", spread to {} by its dilation,", by(extent));
        }
        message += &format!(" does not fit its {} input", by(input));
        if padded != input {
            message += &format!(", {} with the padding", by(padded));
        }
        let place = builder.arguments(layer).place(self.blamed(input, axes));
        let mut mistake = Diagnostic::error(Code::WindowTooLarge, place, message)
            .label(format!("at most {} fits", by(padded)))
            .note(builder.reads(layer, source))
            .note(
                "out = floor((in + before + after − e) / stride) + 1, e = dilation · (kernel_size − 1) + 1",
            );
        if (axes[0], input[0]) == (axes[1], input[1]) {
            mistake = mistake.note(formula("height and width", input[0], &axes[0], extent[0]));
        } else {
            for (i, name) in ["height", "width"].into_iter().enumerate() {
                if axes[i].output(input[i]).is_none() {
                    mistake = mistake.note(formula(name, input[i], &axes[i], extent[i]));
                }
            }
        }
        mistake.help(self.remedies(builder.notation, layer, input, padded, extent))
    }

    /// What would make the window fit.
    fn remedies(
        &self,
        notation: Notation,
        layer: &Layer,
        input: [usize; 2],
        padded: [usize; 2],
        extent: [usize; 2],
    ) -> String {
        let mut ways = vec![notation.argument("padding", "same")];
        if layer.kind.name.starts_with("conv2d") || layer.kind.name.starts_with("depthwise") {
            let cells = [0, 1].map(|i| extent[i].saturating_sub(input[i]).div_ceil(2));
            let value = if cells[0] == cells[1] {
                cells[0].to_string()
            } else {
                format!("[{}, {}]", cells[0], cells[1])
            };
            ways.push(notation.argument("padding", value));
        }
        let fewest = |least: [usize; 2]| least[0].min(least[1]);
        let dilation = fewest([0, 1].map(|i| match self.kernel[i] {
            1 => usize::MAX,
            kernel => (padded[i] - 1) / (kernel - 1),
        }));
        if self.dilation != [1, 1] && dilation >= 1 {
            ways.push(format!("a `dilation` of at most {dilation}"));
        }
        let kernel = fewest([0, 1].map(|i| (padded[i] - 1) / self.dilation[i] + 1));
        ways.push(format!("a `kernel_size` of at most {kernel}"));
        let last = ways.pop().unwrap_or_default();
        format!("use {}, or {last}", ways.join(", "))
    }
}

/// The output-size formula with its numbers.
fn formula(name: &str, input: usize, axis: &Axis, extent: usize) -> String {
    let top = (input + axis.before + axis.after) as i128 - extent as i128;
    let windows = top.div_euclid(axis.stride as i128) + 1;
    format!(
        "{name}: floor(({input} + {} + {} − {extent}) / {}) + 1 = {windows}, but must be at least 1",
        axis.before, axis.after, axis.stride
    )
}
