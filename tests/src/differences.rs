//! The gradients that training finds, beside what the f64 interpreter says of small steps.

use convolve_compiler::graph::{Graph, NodeId, Op};
use convolve_compiler::train::{Training, prepare};
use convolve_runtime::kernels::Activation;
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use convolve_runtime::train::{Images, Learner, Program};
use convolve_runtime::weights::{Data, Parameter, pack, unpack};

use crate::interpret::interpret_training;
use crate::network;
use crate::random::Random;
use crate::reference::Array;

/// A network, its weights, and a batch whose loss is a random linear function of what goes into the network's last
/// function, or of the output where a loss does not differentiate through that.
#[derive(Clone, Debug)]
pub struct Case {
    /// As the checker gives it.
    pub graph: Graph,
    /// The parameters in the graph's order.
    pub tensors: Vec<Vec<f32>>,
    /// The inputs of each image.
    pub batch: Vec<Vec<Vec<f32>>>,
    /// What each element of the output of each image is multiplied by.
    pub factors: Vec<Vec<f32>>,
}

/// What a test may come to in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The gradients are right.
    Right,
    /// What rounding does to the gradients makes a comparison senseless.
    Unsteady,
}

/// Steps for differences, relative to the largest change of a weight. A kink that lies within the first may lie outside
/// the next.
const STEPS: [f64; 3] = [1e-6, 1e-7, 1e-8];

/// How far a derivative may be from the difference, relative to the gradient's length.
const NEAR: f64 = 2e-3;

impl Case {
    /// Random numbers for a network, of which only the first output counts and whose dropout drops nothing.
    #[must_use]
    pub fn new(mut graph: Graph, images: usize, seed: u64) -> Self {
        graph.outputs.truncate(1);
        for node in &mut graph.nodes {
            if let Op::Dropout { rate } = &mut node.op {
                *rate = 0.0;
            }
        }
        let mut random = Random::new(seed);
        let tensors = network::tensors(&graph.parameters, &mut random);
        let batch = (0..images).map(|_| network::inputs(&graph, &mut random)).collect();
        let len = graph.nodes[judged(&graph)].shape.elements();
        let factors = (0..images).map(|_| (0..len).map(|_| random.real()).collect()).collect();
        Self { graph, tensors, batch, factors }
    }

    /// The gradient of the loss with respect to each element of each tensor, as a learner finds it, and the loss.
    ///
    /// Tried in new memory, and with gaps between the images in memory that a batch of what is no number has been computed
    /// in: the same bits, of which those between the tensors are zero.
    ///
    /// # Panics
    /// If they are not, or the network is refused.
    #[must_use]
    pub fn gradients(&self, level: Level) -> (f64, Vec<Vec<f64>>) {
        self.learn(level, None, |learner| {
            assert_eq!(learner.tensors(), self.tensors, "{}", self.graph);
            let loss = self.step(learner);
            let found = learner.gradients().to_vec();
            let nothing: Vec<Vec<f32>> =
                self.inputs().iter().map(|floats| vec![f32::NAN; floats.len()]).collect();
            let spoiled = |_: usize, _: &[f32], gradient: &mut [f32]| {
                gradient.fill(f32::NAN);
                f64::NAN
            };
            let count = self.batch.len();
            let error = learner.gradients_of(&images(&nothing, count), count, 1, &spoiled);
            assert!(error.is_err(), "a loss that is no number is reported");
            _ = self.step_with_gaps(learner);
            let again = learner.gradients();
            assert!(
                bits(&found) == bits(again),
                "memory was not written before it was read:\n{}",
                self.graph
            );
            (loss, unpacked(learner.program(), &found))
        })
    }

    /// What `work` does with a learner that has the network's weights and memory for the batch.
    ///
    /// # Panics
    /// If the network is refused.
    pub fn learn<R>(
        &self,
        level: Level,
        threads: Option<&Threads>,
        work: impl FnOnce(&mut Learner<'_>) -> R,
    ) -> R {
        let prepared = prepare(&self.graph).unwrap_or_else(|why| panic!("{why}"));
        let training = Training::new(&prepared);
        let mut learner = Learner::new(training.program(), self.batch.len(), level, threads);
        load(&mut learner, &self.tensors);
        work(&mut learner)
    }

    /// Lets a learner find the gradients of the batch; gives the loss.
    ///
    /// # Panics
    /// If they are not finite.
    pub fn step(&self, learner: &mut Learner<'_>) -> f64 {
        self.step_of(learner, &images(&self.inputs(), self.batch.len()))
    }

    /// The same with images that do not lie one after the other.
    fn step_with_gaps(&self, learner: &mut Learner<'_>) -> f64 {
        let gapped = |input: usize| {
            let image =
                |image: &Vec<Vec<f32>>| image[input].iter().copied().chain([f32::NAN]).collect::<Vec<_>>();
            self.batch.iter().flat_map(image).collect()
        };
        let inputs: Vec<Vec<f32>> = (0..self.graph.inputs.len()).map(gapped).collect();
        self.step_of(learner, &images(&inputs, self.batch.len()))
    }

    fn step_of(&self, learner: &mut Learner<'_>, images: &[Images<'_>]) -> f64 {
        let judge = |image: usize, output: &[f32], gradient: &mut [f32]| {
            gradient.copy_from_slice(&self.factors[image]);
            output.iter().zip(gradient).map(|(y, c)| f64::from(*y) * f64::from(*c)).sum::<f64>()
        };
        let loss = learner.gradients_of(images, self.batch.len(), 1, &judge);
        loss.unwrap_or_else(|error| panic!("{error}:\n{}", self.graph))
    }

    /// All images of each input.
    #[must_use]
    pub fn inputs(&self) -> Vec<Vec<f32>> {
        let all = |input: usize| self.batch.iter().flat_map(|image| image[input].iter().copied()).collect();
        (0..self.graph.inputs.len()).map(all).collect()
    }

    /// The loss in double precision.
    #[must_use]
    pub fn loss(&self, tensors: Vec<Vec<f64>>, disturb: impl FnMut(&mut Array)) -> f64 {
        let values = interpret_training(&self.graph, tensors, &self.batch, disturb);
        let products = values[judged(&self.graph)]
            .iter()
            .zip(&self.factors)
            .flat_map(|(array, factors)| array.data.iter().zip(factors).map(|(y, c)| y * f64::from(*c)));
        products.sum()
    }

    /// The loss in double precision, of the weights as they are.
    #[must_use]
    pub fn exact_loss(&self) -> f64 {
        self.loss(self.weights(), |_| {})
    }

    /// The weights as they are.
    #[must_use]
    pub fn weights(&self) -> Vec<Vec<f64>> {
        self.tensors.iter().map(|tensor| tensor.iter().copied().map(f64::from).collect()).collect()
    }

    /// The network's output for each image in double precision.
    #[must_use]
    pub fn outputs(&self, tensors: Vec<Vec<f64>>) -> Vec<Array> {
        let mut values = interpret_training(&self.graph, tensors, &self.batch, |_| {});
        values.swap_remove(self.graph.outputs[0].1)
    }

    /// Compares the gradients with differences along random directions, in all tensors at once if they agree, and tensor by
    /// tensor to find out where they do not; and those of other levels with them.
    ///
    /// # Errors
    /// Which gradients are wrong.
    pub fn check(&self, levels: impl Iterator<Item = Level>, seed: u64) -> Result<Verdict, String> {
        let (_, gradients) = self.gradients(Level::detect());
        let mut random = Random::new(!seed);
        let all: Vec<usize> = (0..gradients.len()).collect();
        let mut faults = Vec::new();
        if !(0..2).all(|_| self.agrees(&gradients, &all, &mut random)) {
            let wrong = all.iter().filter(|&&tensor| !self.agrees(&gradients, &[tensor], &mut random));
            let names: Vec<&str> = wrong.map(|&tensor| self.graph.parameters[tensor].name.as_str()).collect();
            faults.push(format!("the gradients of {names:?} are wrong"));
        }
        for level in levels.filter(|level| *level != Level::detect()) {
            let differing = self.differing(&gradients, &self.gradients(level).1);
            faults.extend(differing.map(|name| format!("the gradient of {name} differs on {level}")));
        }
        if faults.is_empty() {
            return Ok(Verdict::Right);
        }
        if self.is_unsteady(&mut random) {
            return Ok(Verdict::Unsteady);
        }
        Err(faults.join(", "))
    }

    /// The first parameter whose gradients differ.
    #[must_use]
    pub fn differing(&self, gradients: &[Vec<f64>], others: &[Vec<f64>]) -> Option<&str> {
        let differs = |&tensor: &usize| {
            let limit = NEAR * Self::length(gradients, tensor);
            gradients[tensor].iter().zip(&others[tensor]).any(|(a, b)| (a - b).abs() > limit)
        };
        let tensor = (0..gradients.len()).find(differs)?;
        Some(&self.graph.parameters[tensor].name)
    }

    /// Whether the derivative along a random direction in these tensors is the difference along it. Each has about the
    /// same share in it.
    #[must_use]
    pub fn agrees(&self, gradients: &[Vec<f64>], tensors: &[usize], random: &mut Random) -> bool {
        let direction = self.direction(gradients, tensors, random);
        let expected = along(gradients, &direction);
        let limit = NEAR * (tensors.len() as f64).sqrt();
        STEPS.iter().any(|step| (self.slope(&direction, *step, None) - expected).abs() <= limit)
    }

    /// Whether the derivative with respect to one element is the difference.
    #[must_use]
    pub fn agrees_at(&self, gradients: &[Vec<f64>], tensor: usize, element: usize) -> bool {
        let mut direction: Vec<Vec<f64>> =
            self.tensors.iter().map(|tensor| vec![0.0; tensor.len()]).collect();
        direction[tensor][element] = 1.0;
        let limit = NEAR * Self::length(gradients, tensor);
        let expected = gradients[tensor][element];
        STEPS.iter().any(|step| (self.slope(&direction, *step, None) - expected).abs() <= limit)
    }

    /// Whether rounding all values to one part in a million changes the slope along a direction too much.
    fn is_unsteady(&self, random: &mut Random) -> bool {
        let (_, gradients) = self.gradients(Level::detect());
        let all: Vec<usize> = (0..gradients.len()).collect();
        let limit = 0.2 * NEAR * (all.len() as f64).sqrt();
        (0..3).any(|_| {
            let direction = self.direction(&gradients, &all, random);
            let plain = self.slope(&direction, STEPS[1], None);
            let disturbed = self.slope(&direction, STEPS[1], Some(random.bits()));
            (plain - disturbed).abs() > limit
        })
    }

    /// A random direction, scaled so that each tensor's derivative along it is about one.
    #[must_use]
    pub fn direction(&self, gradients: &[Vec<f64>], tensors: &[usize], random: &mut Random) -> Vec<Vec<f64>> {
        let mut direction: Vec<Vec<f64>> =
            self.tensors.iter().map(|tensor| vec![0.0; tensor.len()]).collect();
        for &tensor in tensors {
            let scale = 1.0 / Self::length(gradients, tensor);
            direction[tensor].fill_with(|| if random.below(2) == 0 { scale } else { -scale });
        }
        direction
    }

    /// The length of a tensor's gradient, but not much less than that of another's, which rounding comes with.
    fn length(gradients: &[Vec<f64>], tensor: usize) -> f64 {
        let length = |gradient: &Vec<f64>| gradient.iter().map(|x| x * x).sum::<f64>().sqrt();
        let most = gradients.iter().map(length).fold(1e-3, f64::max);
        length(&gradients[tensor]).max(1e-3 * most)
    }

    /// The central difference of the loss, whose values a disturbance rounds to one part in a million.
    fn slope(&self, direction: &[Vec<f64>], step: f64, disturbance: Option<u64>) -> f64 {
        difference(&self.tensors, direction, step, |tensors| {
            let mut random = disturbance.map(Random::new);
            self.loss(tensors, |array| {
                let Some(random) = &mut random else { return };
                let step = 1e-6 * array.data.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
                array.data.iter_mut().for_each(|x| *x += step * f64::from(random.real()));
            })
        })
    }
}

/// The derivative along a direction.
#[must_use]
pub fn along(gradients: &[Vec<f64>], direction: &[Vec<f64>]) -> f64 {
    gradients.iter().zip(direction).flat_map(|(g, d)| g.iter().zip(d).map(|(g, d)| g * d)).sum()
}

/// The central difference of a loss along a direction, whose largest change of a weight is `step`.
#[must_use]
pub fn difference(
    tensors: &[Vec<f32>],
    direction: &[Vec<f64>],
    step: f64,
    loss: impl Fn(Vec<Vec<f64>>) -> f64,
) -> f64 {
    let step = step / direction.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
    let at = |step: f64| {
        let moved = tensors.iter().zip(direction).map(|(tensor, direction)| {
            tensor.iter().zip(direction).map(|(x, d)| f64::from(*x) + step * d).collect()
        });
        loss(moved.collect())
    };
    (at(step) - at(-step)) / (2.0 * step)
}

/// The node whose value the loss judges.
fn judged(graph: &Graph) -> NodeId {
    let output = graph.outputs[0].1;
    match graph.nodes[output].op {
        Op::Softmax { .. } | Op::Activate { activation: Activation::Sigmoid, .. } => {
            graph.nodes[output].inputs[0]
        }
        _ => output,
    }
}

/// So many images of each input.
#[must_use]
pub fn images(inputs: &[Vec<f32>], count: usize) -> Vec<Images<'_>> {
    inputs.iter().map(|floats| Images { floats, step: floats.len() / count }).collect()
}

/// The tensors of packed gradients, between which there are zeros.
///
/// # Panics
/// If there is something else.
#[must_use]
pub fn unpacked(program: &Program<'_>, gradients: &[f32]) -> Vec<Vec<f64>> {
    let mut packed = vec![0.0; program.kept];
    packed[..gradients.len()].copy_from_slice(gradients);
    let elements = |tensor: &Parameter<'_>| tensor.shape.iter().product();
    let mut found: Vec<Vec<f32>> = program.tensors.iter().map(|tensor| vec![0.0; elements(tensor)]).collect();
    unpack(program.loads, &packed, |tensor, element, value| found[tensor][element] = value);
    let mut again = vec![f32::NAN; program.kept];
    let bytes = bytes(&found);
    pack(program.loads, &data(&bytes), &mut again);
    assert_eq!(packed, again, "something lies between the gradients");
    found.iter().map(|tensor| tensor.iter().copied().map(f64::from).collect()).collect()
}

/// Sets a learner's weights.
pub fn load(learner: &mut Learner<'_>, tensors: &[Vec<f32>]) {
    let bytes = bytes(tensors);
    learner.load(&data(&bytes));
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|x| x.to_bits()).collect()
}

fn bytes(tensors: &[Vec<f32>]) -> Vec<Vec<u8>> {
    tensors.iter().map(|tensor| tensor.iter().flat_map(|x| x.to_le_bytes()).collect()).collect()
}

fn data(bytes: &[Vec<u8>]) -> Vec<Data<'_>> {
    bytes.iter().map(|bytes| Data::F32(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_gradient_is_found() {
        let layers =
            "conv2d: { filters: 4, kernel_size: 3, activation: tanh }\n  - flatten\n  - dense: { units: 3 }";
        let yaml = format!("name: Net\ninput: [5, 5, 2]\nlayers:\n  - {layers}\n");
        let case = Case::new(network::graph(&yaml).expect("a network"), 2, 1);
        let (_, right) = case.gradients(Level::detect());
        let all: Vec<usize> = (0..right.len()).collect();
        for tensor in all.clone() {
            let mut wrong = right.clone();
            wrong[tensor].iter_mut().for_each(|gradient| *gradient *= 1.05);
            let mut random = Random::new(1);
            assert!((0..8).all(|_| case.agrees(&right, &all, &mut random)));
            assert!(!(0..8).all(|_| case.agrees(&wrong, &all, &mut random)));
            assert!(!(0..8).all(|_| case.agrees(&wrong, &[tensor], &mut random)));
            assert_eq!(case.differing(&right, &wrong), Some(case.graph.parameters[tensor].name.as_str()));
        }
    }
}
