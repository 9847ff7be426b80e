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

/// Sub-networks that a random network may use; what stands for the activation is a value like any other.
const BLOCKS: &str = "
blocks:
  twice:
    params: [filters, { act: relu }]
    layers:
      - conv2d: { filters: $filters, kernel_size: 3, padding: same, activation: $act }
      - conv2d: { filters: $filters, kernel_size: 3, padding: same, bias: false }
      - batch_norm
  shortcut:
    layers:
      - depthwise_conv2d: { name: a.conv, kernel_size: 3, padding: same }
      - relu
      - add: { from: [input, relu_1] }
  residual:
    params: [filters]
    layers:
      - conv2d: { name: conv, filters: $filters, kernel_size: 3, padding: same }
      - batch_norm
      - add: { from: [input, batch_norm_1] }
      - relu
  inverted:
    params: [hidden, filters, stride]
    layers:
      - conv2d: { filters: $hidden, kernel_size: 1, activation: relu6 }
      - depthwise_conv2d: { kernel_size: 3, stride: $stride, padding: 1, activation: relu6 }
      - conv2d: { filters: $filters, kernel_size: 1 }
  excited:
    params: [hidden, filters, stride, act]
    layers:
      - conv2d: { filters: $hidden, kernel_size: 1, activation: $act }
      - depthwise_conv2d: { name: deep, kernel_size: 3, stride: $stride, padding: 1, activation: $act }
      - global_avg_pool2d
      - dense: { units: 4, activation: relu }
      - dense: { name: gate, units: $hidden, activation: hard_sigmoid }
      - mul: { from: [deep, gate] }
      - conv2d: { filters: $filters, kernel_size: 1 }
  mixed:
    params: [units]
    layers:
      - dense: { units: $units }
      - add: { from: [dense_1, input] }
  narrowed:
    params: [filters]
    layers:
      - twice: { name: in, filters: $filters, act: { elu: { alpha: 0.5 } } }
      - shortcut: { name: body, repeat: 2 }
  encoder:
    params: [filters]
    layers:
      - conv2d: { filters: $filters, kernel_size: 3, padding: same, activation: relu }
      - max_pool2d: { kernel_size: 2 }
  decoder:
    layers:
      - conv2d: { name: skip, filters: 32, kernel_size: 1 }
      - max_pool2d: { kernel_size: 2 }
      - conv2d: { filters: 64, kernel_size: 1 }
      - upsample2d: { name: up, scale_factor: 2 }
      - concat: { from: [up, skip] }
      - conv2d: { filters: 32, kernel_size: 3, padding: same, activation: relu }
";

/// Layers of one source. A capital letter stands for a drawn value: [`value`] says of what kind.
const LAYERS: &[&str] = &[
    "conv2d: { filters: N, kernel_size: K, stride: S, padding: P, dilation: D, bias: B, activation: A }",
    "conv2d: { filters: N, kernel_size: K, padding: P, dilation: D, padding_mode: M, activation: A }",
    "conv2d: { filters: N, kernel_size: K, stride: S, padding: P, groups: G, activation: A }",
    "conv2d: { filters: N, kernel_size: K, padding: same, padding_mode: M }",
    "conv2d: { filters: N, kernel_size: 3, padding: same }",
    "conv2d: { filters: N, kernel_size: 3, padding: same, bias: false }",
    "conv2d: { filters: N, kernel_size: 3, activation: A }",
    "conv2d: { filters: N, kernel_size: 1, activation: A }",
    "conv2d: { filters: N, kernel_size: 1, stride: S, groups: G }",
    "depthwise_conv2d: { kernel_size: K, stride: S, padding: P, dilation: D, bias: B, activation: A }",
    "depthwise_conv2d: { kernel_size: K, multiplier: G, padding: P, padding_mode: M }",
    "depthwise_conv2d: { kernel_size: 3, padding: same, multiplier: 2, bias: false }",
    "inverted: { hidden: 48, filters: N, stride: L }",
    "inverted: { hidden: 48, filters: F, stride: 1 }",
    "excited: { hidden: 32, filters: N, stride: L, act: A }",
    "excited: { hidden: 24, filters: F, stride: 1, act: silu }",
    "conv2d_transpose: { filters: N, kernel_size: K, stride: S, padding: P, dilation: D, activation: A }",
    "conv2d_transpose: { filters: N, kernel_size: K, stride: S, output_padding: I, groups: G, bias: B }",
    "conv2d_transpose: { filters: N, kernel_size: K, stride: 2, padding: same, groups: G }",
    "max_pool2d: { kernel_size: 2 }",
    "max_pool2d: { kernel_size: K, stride: S, padding: P, dilation: D, ceil_mode: B }",
    "avg_pool2d: { kernel_size: [2, 3] }",
    "avg_pool2d: { kernel_size: K, stride: S, padding: P, ceil_mode: B, count_include_pad: B }",
    "global_avg_pool2d",
    "global_max_pool2d",
    "adaptive_avg_pool2d: { output_size: K }",
    "adaptive_max_pool2d: { output_size: K }",
    "pad2d: { padding: C, mode: E }",
    "pad2d: { padding: C, value: 0.5 }",
    "pad2d: { padding: C }",
    "crop2d: { cropping: C }",
    "subsample2d: { stride: S }",
    "upsample2d: { scale_factor: S }",
    "upsample2d: { scale_factor: 2 }",
    "upsample2d: { scale_factor: S, mode: bilinear, align_corners: B }",
    "flatten",
    "reshape: { shape: X }",
    "depth_to_space: { block_size: L, order: O }",
    "space_to_depth: { block_size: L, order: O }",
    "dense: { units: N, bias: B, activation: A }",
    "dense: { units: N }",
    "batch_norm",
    "batch_norm",
    "batch_norm: { epsilon: 0.01 }",
    "layer_norm",
    "layer_norm: { epsilon: 0.1 }",
    "instance_norm: { epsilon: 0.01 }",
    "group_norm: { groups: G, epsilon: 0.01 }",
    "dropout: { rate: 0.5 }",
    "twice: { filters: N }",
    "twice: { filters: N, act: A, repeat: 2 }",
    "shortcut",
    "shortcut: { repeat: 3 }",
    "narrowed: { filters: N }",
    "encoder: { filters: N }",
    "decoder",
    "residual: { filters: F }",
    "mixed: { units: F }",
];

/// Activations, as values; as layers the same.
const ACTIVATIONS: &[&str] = &[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "{ leaky_relu: { negative_slope: 0.2 } }",
    "prelu",
    "elu",
    "{ elu: { alpha: 0.3 } }",
    "selu",
    "{ celu: { alpha: 0.7 } }",
    "gelu",
    "{ gelu: { approximate: true } }",
    "silu",
    "mish",
    "sigmoid",
    "hard_sigmoid",
    "hard_swish",
    "tanh",
    "softplus",
    "softsign",
    "softmax",
    "log_softmax",
    "exp",
    "{ clip: { min: -0.3, max: 0.4 } }",
];

/// Layers of several sources.
const MERGES: &[&str] = &["add", "add", "sub", "mul", "maximum", "concat", "concat"];

/// Numbers of channels, around the lanes of every vector.
const CHANNELS: &[usize] = &[1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40];

/// Elements that a tensor of a random network may have: the reference is slow.
const MOST_ELEMENTS: usize = 1 << 12;

/// As many for a large one, of few layers.
const MANY_ELEMENTS: usize = 1 << 16;

/// A random network of this seed.
///
/// # Panics
/// If the checker refuses what it accepted before.
#[must_use]
pub fn network(seed: u64) -> Network {
    let mut random = Random::new(seed);
    let extents = [random.below(10) + 1, random.below(10) + 1];
    draw(random, seed, extents, 12, MOST_ELEMENTS)
}

/// A random network of this seed with layers so large that threads share them.
///
/// # Panics
/// As [`network()`].
#[must_use]
pub fn large(seed: u64) -> Network {
    let mut random = Random::new(seed);
    let extents = [random.below(50) + 6, random.below(50) + 6];
    draw(random, seed, extents, 4, MANY_ELEMENTS)
}

/// A network of a map of this height and width and of so many layers and elements at most.
fn draw(mut random: Random, seed: u64, [height, width]: [usize; 2], most: usize, elements: usize) -> Network {
    let layout = random.pick(&["keras", "pytorch"]);
    let channels = random.pick(CHANNELS);
    let mut text = format!("name: Random{seed}\nweights: {{ layout: {layout} }}\n");
    let mut shapes = vec![("image".to_owned(), Shape::Map { height, width, channels })];
    text += &format!("input: {{ image: [{height}, {width}, {channels}]");
    match random.below(6) {
        0 => shapes.push(("extra".to_owned(), Shape::Vector(channels))),
        1 => shapes.push(("extra".to_owned(), Shape::Map { height: 1, width: 1, channels })),
        2 => shapes.push(("extra".to_owned(), Shape::Map { height, width, channels: random.pick(CHANNELS) })),
        _ => {}
    }
    if let Some((name, shape)) = shapes.get(1) {
        text += &format!(", {name}: {:?}", shape.dimensions());
    }
    text += &format!(" }}{BLOCKS}layers:\n");
    let inputs = shapes.len();
    let wanted = inputs + random.below(most) + 1;
    // Some drawn layers do not fit; the limit only matters where hardly any does.
    for _ in 0..40 * wanted {
        if shapes.len() == wanted {
            break;
        }
        let (name, line) = layer(&mut random, &shapes, inputs);
        let longer = format!("{text}  - {line}\n");
        if let Ok(graph) = network::graph(&longer)
            && graph.nodes[inputs..].iter().all(|node| node.shape.elements() <= elements)
        {
            let shape = graph.nodes[graph.outputs[0].1].shape;
            text = longer;
            shapes.push((name, shape));
        }
    }
    let last = &shapes[shapes.len() - 1].0;
    let other = &shapes[random.below(shapes.len())].0;
    text += &match random.below(4) {
        0 if other != last => format!("output: [{last}, {other}]\n"),
        1 => format!("output: {last}\n"),
        _ => String::new(),
    };
    let graph = network::graph(&text).unwrap_or_else(|errors| panic!("{errors:?} in\n{text}"));
    Network { yaml: text, graph }
}

/// The name of a layer below those of these names and shapes, of which the first are inputs, and its line.
fn layer(random: &mut Random, shapes: &[(String, Shape)], inputs: usize) -> (String, String) {
    let last = shapes.len() - 1;
    let source = if random.below(3) == 0 { random.below(shapes.len()) } else { last };
    let (from, shape) = &shapes[source];
    let mut arguments = Vec::new();
    let (kind, given) = if random.below(4) == 0 {
        let kind = random.pick(MERGES);
        let pixels = |shape: Shape| shape.extents()[..2].to_vec();
        let fits = |other: &&(String, Shape)| match kind {
            "concat" => pixels(other.1) == pixels(*shape),
            _ => other.1.channels() == shape.channels(),
        };
        let others: Vec<&(String, Shape)> = shapes.iter().filter(fits).collect();
        let mut sources = vec![from.as_str(), &random.pick(&others).0];
        if kind != "sub" && random.below(4) == 0 {
            sources.push(&random.pick(&others).0);
        }
        arguments.push(format!("from: [{}]", sources.join(", ")));
        (kind.to_owned(), String::new())
    } else {
        if source != last || last < inputs || random.below(2) == 0 {
            arguments.push(format!("from: {from}"));
        }
        let template = match random.below(6) {
            0 => random.pick(ACTIVATIONS).trim_start_matches("{ ").replace(" } }", " }"),
            _ => random.pick(LAYERS).to_owned(),
        };
        let (kind, given) = template.split_once(": { ").unwrap_or((&template, ""));
        let given = given.trim_end_matches(" }").chars();
        let drawn = given.map(|letter| value(letter, *shape, random).unwrap_or_else(|| letter.to_string()));
        (kind.to_owned(), drawn.collect())
    };
    let counted = |name: &&(String, Shape)| {
        name.0.strip_prefix(&format!("{kind}_")).is_some_and(|n| n.parse::<usize>().is_ok())
    };
    let name = match random.below(4) {
        // The name of a layer without one.
        0 => format!("{kind}_{}", shapes.iter().filter(counted).count() + 1),
        1 => format!("part{}.{kind}", shapes.len()),
        _ => format!("l{}", shapes.len()),
    };
    if !name.starts_with(&format!("{kind}_")) {
        arguments.insert(0, format!("name: {name}"));
    }
    if !given.is_empty() {
        arguments.push(given);
    }
    let line = match arguments.join(", ") {
        none if none.is_empty() => kind,
        arguments => format!("{kind}: {{ {arguments} }}"),
    };
    (name, line)
}

/// A value for a capital letter of [`LAYERS`], which is often, not always, one that fits.
fn value(letter: char, shape: Shape, random: &mut Random) -> Option<String> {
    let words: &[&str] = match letter {
        'A' => ACTIVATIONS,
        'B' => &["true", "false"],
        'C' => &["0", "1", "2", "[1, 0]", "[0, 1, 1, 0]", "[2, 0, 1, 3]"],
        'D' => &["1", "1", "2", "3", "[2, 1]", "[1, 4]"],
        'E' => &["constant", "reflect", "symmetric", "edge", "wrap"],
        'G' => &["1", "2", "3", "4", "5", "8"],
        'I' => &["0", "1", "[1, 0]", "[0, 2]"],
        'K' => &["1", "2", "3", "4", "5", "7", "[3, 2]", "[1, 5]", "[2, 1]"],
        'L' => &["1", "2", "3"],
        'M' => &["zeros", "reflect", "replicate", "circular"],
        'O' => &["dcr", "crd"],
        'P' => &["valid", "same", "same_lower", "0", "1", "2", "[1, 0]", "[0, 1, 2, 0]"],
        'S' => &["1", "1", "2", "3", "[1, 2]", "[2, 1]"],
        'F' => return Some(shape.channels().to_string()),
        'N' => return Some(random.pick(CHANNELS).to_string()),
        'X' => {
            let [height, width, channels] = shape.extents();
            let length = shape.elements();
            let shapes = [
                vec![length],
                vec![1, 1, length],
                vec![width, height, channels],
                vec![1, height * width, channels],
                vec![channels, height, width],
            ];
            return Some(format!("{:?}", shapes[random.below(shapes.len())]));
        }
        _ => return None,
    };
    Some(random.pick(words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use convolve_compiler::check::LAYERS as KINDS;

    #[test]
    fn every_layer_and_argument_is_drawn() {
        let texts: String = (0..400).map(|seed| network(seed).yaml.replace(BLOCKS, "\n")).collect();
        for kind in KINDS {
            let found: Vec<&str> = texts.lines().filter(|line| line.contains(kind.name)).collect();
            assert!(!found.is_empty(), "{} is never drawn", kind.name);
            for argument in kind.arguments {
                let given = format!("{}: ", argument.name);
                assert!(found.iter().any(|line| line.contains(&given)), "{given}of {}", kind.name);
            }
        }
    }
}
