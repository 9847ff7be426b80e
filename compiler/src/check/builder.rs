//! The graph under construction, and what messages need to know of it.

use convolve_runtime::weights::{Initial, Order, ParameterId, Stored};

use super::arguments::Arguments;
use super::expand::{Layer, Source, Tensor};
use super::notation::Notation;
use super::settings::Settings;
use super::values::LARGEST;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Graph, Node, NodeId, Op, Parameter, Shape};

/// What checking a layer gives: its node, or `None` when a mistake in it, or above it, is reported.
pub(super) type Checked = Option<NodeId>;

/// Checks layers one by one and adds their nodes.
pub(super) struct Builder<'a> {
    pub(super) graph: Graph,
    pub(super) notation: Notation,
    /// How dense layers store their kernels.
    pub(super) storage: Stored,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    /// Of each node, the layer kind that messages call it by.
    kinds: Vec<&'static str>,
    /// Of each node, the order in which the weights file knows its elements, where it differs.
    orders: Vec<Vec<Order>>,
    inputs: Vec<Checked>,
    layers: Vec<Checked>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        name: String,
        settings: Settings,
        notation: Notation,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let graph = Graph {
            name,
            nodes: vec![],
            inputs: vec![],
            outputs: vec![],
            parameters: vec![],
            layout: settings.layout,
            precision: settings.precision,
            train: settings.train,
            trace: settings.trace,
        };
        Self {
            graph,
            notation,
            storage: settings.storage,
            diagnostics,
            kinds: vec![],
            orders: vec![],
            inputs: vec![],
            layers: vec![],
        }
    }

    /// Adds the next input; without a shape its readers are not checked.
    pub(super) fn input(&mut self, name: &str, shape: Option<Shape>) {
        let index = self.graph.inputs.len();
        self.graph.inputs.push(name.to_owned());
        let node = shape.map(|shape| self.push(name, "input", Op::Input(index), vec![], shape, vec![]));
        self.inputs.push(node);
    }

    /// Checks the next layer.
    pub(super) fn layer(&mut self, layer: &Layer) {
        let before = self.diagnostics.len();
        let checked = (layer.kind.build)(self, layer);
        self.layers.push(checked);
        // Whatever is wrong with a layer, the user wants to know what comes in; more telling notes go first.
        if let Some(source) = self.source(layer) {
            let reads = self.reads(layer, source);
            for mistake in &mut self.diagnostics[before..] {
                if mistake.notes.is_empty() {
                    mistake.notes.push(reads.clone());
                }
            }
        }
    }

    /// The node of a tensor.
    pub(super) fn node(&self, tensor: Tensor) -> Checked {
        match tensor {
            Tensor::Input(index) => self.inputs[index],
            Tensor::Layer(index) => self.layers[index],
            Tensor::Unknown => None,
        }
    }

    /// The arguments of a layer.
    pub(super) fn arguments<'b>(&'b mut self, layer: &'b Layer) -> Arguments<'b> {
        Arguments { layer, notation: self.notation, diagnostics: self.diagnostics }
    }

    /// The nodes that a layer reads; `None` if one of them is in error.
    pub(super) fn sources(&self, layer: &Layer) -> Option<Vec<NodeId>> {
        layer.sources.iter().map(|Source { of, .. }| self.node(*of)).collect()
    }

    /// The node that a layer of one source reads.
    pub(super) fn source(&self, layer: &Layer) -> Checked {
        self.node(layer.sources.first()?.of)
    }

    /// The map that a layer reads: its node, height, width and channels. A vector is reported.
    pub(super) fn map(&mut self, layer: &Layer) -> Option<(NodeId, [usize; 3])> {
        let source = self.source(layer)?;
        match self.graph.nodes[source].shape {
            Shape::Map { height, width, channels } => Some((source, [height, width, channels])),
            Shape::Vector(length) => {
                let kind = layer.kind.name;
                let message = format!(
                    "`{kind}` reads a map of height × width × channels, but gets a vector of {length}"
                );
                let mistake = Diagnostic::error(Code::NeedsMap, layer.kind_place, message)
                    .label("cannot read a vector")
                    .note(self.reads(layer, source))
                    .help(format!(
                        "put a `reshape` with {} before it",
                        self.notation.argument("shape", format_args!("[1, 1, {length}]"))
                    ));
                self.diagnostics.push(mistake);
                None
            }
        }
    }

    /// The shape of a node.
    pub(super) fn shape(&self, node: NodeId) -> Shape {
        self.graph.nodes[node].shape
    }

    /// The order in which the weights file knows a node's elements; empty where it is that of memory.
    pub(super) fn order(&self, node: NodeId) -> &[Order] {
        &self.orders[node]
    }

    /// Notes the order of a node's elements.
    pub(super) fn set_order(&mut self, node: NodeId, order: Vec<Order>) {
        self.orders[node] = order;
    }

    /// A tensor of the weights file, `<layer>.<suffix>`.
    pub(super) fn parameter(
        &mut self,
        layer: &str,
        suffix: &str,
        shape: &[usize],
        initial: Initial,
    ) -> ParameterId {
        let name = format!("{layer}.{suffix}");
        self.graph.parameters.push(Parameter { name, shape: shape.to_vec(), initial });
        self.graph.parameters.len() - 1
    }

    /// Adds a node of a layer; a tensor beyond the limit is reported.
    pub(super) fn add(&mut self, layer: &Layer, op: Op, inputs: Vec<NodeId>, shape: Shape) -> Checked {
        let [height, width, channels] = shape.extents();
        let elements = [width, channels].iter().try_fold(height, |all, n| all.checked_mul(*n));
        if elements.is_none_or(|elements| elements > LARGEST) {
            let message = format!("the output of `{}`, {shape}, has more than 2³¹ elements", layer.name);
            let mut mistake =
                Diagnostic::error(Code::TooManyElements, layer.kind_place, message).label("too large");
            if let Some(source) = inputs.first() {
                mistake = mistake.note(self.reads(layer, *source));
            }
            self.diagnostics.push(mistake);
            return None;
        }
        Some(self.push(&layer.name, layer.kind.name, op, inputs, shape, vec![]))
    }

    fn push(
        &mut self,
        name: &str,
        kind: &'static str,
        op: Op,
        inputs: Vec<NodeId>,
        shape: Shape,
        order: Vec<Order>,
    ) -> NodeId {
        self.graph.nodes.push(Node { layers: vec![name.to_owned()], op, inputs, shape });
        self.kinds.push(kind);
        self.orders.push(order);
        self.graph.nodes.len() - 1
    }

    /// "`p2` (max_pool2d)".
    pub(super) fn named(&self, node: NodeId) -> String {
        let name = &self.graph.nodes[node].layers[0];
        match self.kinds[node] {
            "input" => format!("the input `{name}`"),
            kind => format!("`{name}` ({kind})"),
        }
    }

    /// What a layer reads, and from where.
    pub(super) fn reads(&self, layer: &Layer, source: NodeId) -> String {
        format!(
            "`{}` ({}) reads {} from {}",
            layer.name,
            layer.kind.name,
            self.shape(source),
            self.named(source)
        )
    }

    /// How a tensor came to its shape: the layers above it, newest first, until one that keeps no shape in doubt.
    pub(super) fn origin(&self, node: NodeId) -> String {
        const STEPS: usize = 6;
        let mut chain = String::new();
        let mut at = node;
        for step in 0..STEPS {
            let shown = &self.graph.nodes[at].layers[0];
            // The inner nodes of one layer count as one step.
            let next = self.graph.nodes[at].inputs.first().copied();
            let arrow = if step == 0 { "" } else { " ← " };
            chain.push_str(&format!("{arrow}{} {}", self.named(at), self.shape(at)));
            let mut above = next;
            while let Some(node) = above.filter(|node| self.graph.nodes[*node].layers[0] == *shown) {
                above = self.graph.nodes[node].inputs.first().copied();
            }
            match above {
                Some(above) => at = above,
                None => return chain,
            }
        }
        chain + " ← …"
    }
}
