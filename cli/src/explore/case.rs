//! One combination of arguments, and what the compiler makes of it.

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::diagnostic::Severity;
use convolve_compiler::frontend::yaml;
use convolve_compiler::graph::{Graph, Shape};

use crate::array::{Op, Padding, Pair};
use crate::field::{Field, fields};

/// A convolution, and a pooling after it or not.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) input: [usize; 3],
    pub(super) filters: u32,
    pub(super) padding: Padding,
    pub(super) kernel: Pair,
    pub(super) stride: Pair,
    pub(super) dilation: Pair,
    pub(super) pool: Option<(Op, Pair)>,
}

/// What comes of a case, or why nothing can.
pub(super) type Found = Result<Sizes, String>;

#[derive(Clone, Debug)]
pub(super) struct Sizes {
    /// Of the convolution's result.
    pub(super) convolution: Shape,
    /// Of the pooling's result, where there is one.
    pub(super) output: Shape,
    pub(super) parameters: usize,
    pub(super) field: Field,
}

impl Case {
    /// Asks the compiler.
    pub(super) fn check(&self) -> Found {
        let Self { input, filters, padding, kernel, stride, dilation, pool } = self;
        let mut text = format!(
            "name: Explore\ninput: {input:?}\nlayers:\n  - conv2d: {{ name: convolution, filters: {filters}, \
             kernel_size: {}, stride: {}, padding: {}, dilation: {} }}\n",
            kernel.yaml(),
            stride.yaml(),
            padding.yaml(),
            dilation.yaml()
        );
        if let Some((op, size)) = pool {
            text += &format!("  - {}: {{ name: pooling, kernel_size: {} }}\n", op.layer(), size.yaml());
        }
        let analysis = analyse(yaml::parse("explore", text.as_bytes()), &Defaults::default(), None);
        match analysis.networks.first() {
            Some(network) => Ok(sizes(&network.graph)),
            None => {
                let errors = analysis.diagnostics.into_iter().filter(|d| d.severity == Severity::Error);
                Err(errors
                    .map(|error| format!("[{}] {}", error.code, error.message))
                    .collect::<Vec<_>>()
                    .join("; "))
            }
        }
    }

    /// The values of its arguments, as the columns of the tables have them.
    pub(super) fn arguments(&self) -> [String; 6] {
        let [height, width, channels] = self.input;
        let pool = self.pool.map_or_else(String::new, |(op, size)| format!("{} {size}", op.name()));
        [
            format!("{height}×{width}×{channels}"),
            self.padding.to_string(),
            self.kernel.to_string(),
            self.stride.to_string(),
            self.dilation.to_string(),
            pool,
        ]
    }
}

fn sizes(graph: &Graph) -> Sizes {
    let shape = |layer: &str| {
        let node = graph.nodes.iter().rev().find(|node| node.layers.last().is_some_and(|name| name == layer));
        node.map(|node| node.shape)
    };
    let convolution = shape("convolution").expect("the convolution is a node");
    Sizes {
        convolution,
        output: shape("pooling").unwrap_or(convolution),
        parameters: graph.parameters.iter().map(|parameter| parameter.elements()).sum(),
        field: *fields(graph).last().expect("the convolution is a node"),
    }
}
