//! Random networks: YAML specifications that the checker accepts, of every layer and argument.
//!
//! Layers are drawn at random and kept if they check, so that this file need not know what fits.

use convolve_compiler::graph::{Graph, Shape};

use crate::network;

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence for this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`.
    pub const fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    /// A number from −1 to 1.
    pub const fn real(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A network.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its specification.
    pub yaml: String,
    /// What the checker made of it.
    pub graph: Graph,
}

/// Layers of one source. `N` stands for a number of channels, `K`, `S`, `D` and `P` for window arguments.
const LAYERS: &[&str] = &[
    "conv2d: { filters: N, kernel_size: K, stride: S, padding: P, dilation: D, activation: A }",
    "conv2d: { filters: N, kernel_size: 1, activation: A }",
    "conv2d: { filters: N, kernel_size: 3, padding: same }",
    "conv2d: { filters: N, kernel_size: K, padding: same, bias: false, activation: A }",
    "conv2d: { filters: N, kernel_size: 3, groups: G, padding: P, stride: S }",
    "conv2d: { filters: N, kernel_size: 3, padding: 1, padding_mode: M }",
    "depthwise_conv2d: { kernel_size: K, stride: S, padding: P, dilation: D, activation: A }",
    "depthwise_conv2d: { kernel_size: 3, padding: same, multiplier: 2, bias: false }",
    "conv2d_transpose: { filters: N, kernel_size: K, stride: S, padding: T, activation: A }",
    "conv2d_transpose: { filters: N, kernel_size: 3, stride: 2, output_padding: 1, groups: G }",
    "max_pool2d: { kernel_size: 2 }",
    "max_pool2d: { kernel_size: K, stride: S, padding: P, ceil_mode: B }",
    "avg_pool2d: { kernel_size: 2 }",
    "avg_pool2d: { kernel_size: K, stride: S, padding: P, ceil_mode: B, count_include_pad: B }",
    "global_avg_pool2d",
    "global_max_pool2d",
    "adaptive_avg_pool2d: { output_size: [2, 3] }",
    "adaptive_max_pool2d: { output_size: 3 }",
    "pad2d: { padding: [0, 1, 1, 0] }",
    "pad2d: { padding: 1, mode: E }",
    "pad2d: { padding: 1, value: 0.5 }",
    "pad2d: { padding: 0 }",
    "crop2d: { cropping: [0, 1, 1, 0] }",
    "subsample2d: { stride: 2 }",
    "upsample2d: { scale_factor: 2 }",
    "upsample2d: { scale_factor: [1, 2] }",
    "upsample2d: { scale_factor: 2, mode: bilinear, align_corners: B }",
    "flatten",
    "depth_to_space: { block_size: 2, order: O }",
    "space_to_depth: { block_size: 2, order: O }",
    "dense: { units: N, activation: A }",
    "dense: { units: N, bias: false }",
    "batch_norm",
    "batch_norm",
    "layer_norm",
    "instance_norm",
    "group_norm: { groups: G }",
    "dropout: { rate: 0.5 }",
    "relu",
    "prelu",
    "sigmoid",
    "elu: { alpha: 0.3 }",
    "leaky_relu",
    "softmax",
    "log_softmax",
];

/// Layers of several sources.
const MERGES: &[&str] = &["add", "add", "sub", "mul", "maximum", "concat", "concat"];

/// A random network of this seed.
///
/// # Panics
/// If the checker refuses what it accepted before.
#[must_use]
pub fn network(seed: u64) -> Network {
    let mut random = Random::new(seed);
    let layout = random.pick(&["keras", "pytorch"]);
    let sides = [random.below(9) + 4, random.below(9) + 4];
    let channels = random.pick(&[1, 3, 8, 17]);
    let mut text = format!("name: Random{seed}\nweights: {{ layout: {layout} }}\n");
    let mut shapes = vec![("image".to_owned(), Shape::Map { height: sides[0], width: sides[1], channels })];
    text += &format!("input: {{ image: [{}, {}, {channels}]", sides[0], sides[1]);
    if random.below(3) == 0 {
        text += &format!(", vector: [{channels}]");
        shapes.push(("vector".to_owned(), Shape::Vector(channels)));
    }
    text += " }\nlayers:\n";
    let wanted = shapes.len() + random.below(14) + 2;
    // Some drawn layers do not fit; the limit only matters where hardly any does.
    for _ in 0..40 * wanted {
        if shapes.len() == wanted {
            break;
        }
        let name = format!("l{}", shapes.len());
        let line = layer(&mut random, &name, &shapes);
        let longer = format!("{text}  - {line}\n");
        if let Ok(graph) = network::graph(&longer) {
            let shape = graph.nodes[graph.outputs[0].1].shape;
            if shape.elements() <= 1 << 14 {
                text = longer;
                shapes.push((name, shape));
            }
        }
    }
    let last = &shapes[shapes.len() - 1].0;
    let other = &shapes[random.below(shapes.len())].0;
    text += &match random.below(4) {
        0 if other != last => format!("output: [{last}, {other}]\n"),
        _ => format!("output: {last}\n"),
    };
    let graph = network::graph(&text).unwrap_or_else(|errors| panic!("{errors:?} in\n{text}"));
    Network { yaml: text, graph }
}

/// A layer, as a line of YAML.
fn layer(random: &mut Random, name: &str, shapes: &[(String, Shape)]) -> String {
    let recent = |random: &mut Random| match random.below(3) {
        0 => shapes[random.below(shapes.len())].clone(),
        _ => shapes[shapes.len() - 1].clone(),
    };
    let (source, shape) = recent(random);
    if random.below(4) == 0 {
        let kind = random.pick(MERGES);
        let fits = |other: &&(String, Shape)| {
            let pixels = |shape: Shape| shape.extents()[..2].to_vec();
            let channels = other.1.channels() == shape.channels();
            if kind == "concat" { pixels(other.1) == pixels(shape) } else { channels }
        };
        let others: Vec<&(String, Shape)> = shapes.iter().filter(fits).collect();
        let second = &random.pick(&others).0;
        return format!("{kind}: {{ name: {name}, from: [{source}, {second}] }}");
    }
    let mut template = random.pick(LAYERS).to_owned();
    if !template.contains('{') {
        template += ": { }";
    }
    let mut line = String::new();
    // Placeholders are single capital letters.
    for letter in template.chars() {
        line += &match letter {
            'N' => random.pick(&["1", "4", "6", "16", "18", "33"]).to_owned(),
            'K' => random.pick(&["1", "2", "3", "[3, 2]", "[1, 5]"]).to_owned(),
            'S' => random.pick(&["1", "1", "2", "[1, 2]", "3"]).to_owned(),
            'D' => random.pick(&["1", "1", "2", "[2, 3]"]).to_owned(),
            'P' => random.pick(&["valid", "same", "same_lower", "1", "[1, 0, 0, 1]"]).to_owned(),
            'T' => random.pick(&["valid", "same", "1"]).to_owned(),
            'G' => random.pick(&["1", "2", "3"]).to_owned(),
            'M' => random.pick(&["reflect", "replicate", "circular"]).to_owned(),
            'E' => random.pick(&["reflect", "symmetric", "edge", "wrap", "constant"]).to_owned(),
            'O' => random.pick(&["dcr", "crd"]).to_owned(),
            'B' => random.pick(&["true", "false"]).to_owned(),
            'A' => random.pick(&["linear", "relu", "prelu", "tanh", "gelu", "softmax", "silu"]).to_owned(),
            other => other.to_string(),
        };
    }
    line.replacen('{', &format!("{{ name: {name}, from: {source},"), 1).replace(", }", " }")
}
