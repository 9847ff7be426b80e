//! Random networks compute what they mean, and random damage to them is survived.
//!
//! `CONVOLVE_CASES` and `CONVOLVE_SEED` choose how many networks are tried, and the first one's seed.

use std::collections::BTreeSet;

use convolve_compiler::analysis::analyse;
use convolve_compiler::check::Defaults;
use convolve_compiler::frontend::yaml;
use convolve_compiler::graph::Graph;
use convolve_compiler::options::{Algorithm, Options};
use convolve_compiler::passes::{PASSES, optimise};
use convolve_compiler::plan::{DECISIONS, Moved, Plan, Tail, plan, verify_plan};
use convolve_compiler::render::{arrange, render};
use convolve_compiler::verify::verify;
use convolve_runtime::run::Run;
use convolve_runtime::simd::Level;
use convolve_runtime::slot::Memory;
use convolve_runtime::team::Team;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::{Data, pack};
use convolve_tests::chosen;
use convolve_tests::interpret::interpret;
use convolve_tests::network;
use convolve_tests::random::{self, Random};

/// A network's outputs.
type Outputs = Vec<Vec<f32>>;

fn seeds(cases: u64) -> std::ops::Range<u64> {
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    };
    let first = number("CONVOLVE_SEED", 0);
    first..first + number("CONVOLVE_CASES", cases)
}

/// What rounding a network's values to one part in a million does to its outputs, at most, for it to be
/// compared: some networks, a norm of almost equal values say, make a matter of chance of every rounding.
const STEADY: f64 = 2e-5;

#[test]
fn networks_compute_what_they_mean() {
    let (mut compared, seeds) = (0, seeds(300));
    for seed in seeds.clone() {
        let network = random::network(seed);
        compared += usize::from(Case::new(network.graph, &network.yaml, seed).is_some_and(|case| {
            case.check();
            true
        }));
    }
    let drawn = usize::try_from(seeds.end - seeds.start).unwrap_or(usize::MAX);
    assert!(compared * 10 >= drawn * 8, "only {compared} of {drawn} networks are steady");
}

/// Decisions that meet too seldom where everything is drawn.
#[test]
fn decisions_get_on_with_each_other() {
    for (graph, yaml) in chosen() {
        Case::new(graph, &yaml, 1).expect("a steady network").check();
    }
}

/// The chosen networks, and their texts.
fn chosen() -> impl Iterator<Item = (Graph, String)> {
    chosen::LAYERS.iter().map(|layers| {
        let yaml = format!("name: Net\ninput: [34, 34, 6]\nlayers:\n  - {layers}\n");
        (network::graph(&yaml).expect("a valid network"), yaml)
    })
}

/// Each layer's split into chunks is tried by one thread, whose result the reference tells, and kept to by many.
#[test]
fn large_networks_give_the_same_bits_on_any_number_of_threads() {
    let pools = [2, 3, 8].map(Threads::new);
    for seed in seeds(40) {
        let network = random::large(seed);
        let Some(case) = Case::new(network.graph, &network.yaml, seed) else { continue };
        let forced = Algorithm::ALL.map(|algorithm| Options::default().forcing(algorithm));
        for options in [Options::default()].into_iter().chain(forced) {
            let mut graph = case.graph.clone();
            _ = optimise(&mut graph, &options);
            let plan = plan(&graph, &options);
            for level in Level::available() {
                let alone = case.expect(&options, level);
                for threads in &pools {
                    let shared = case.run(&plan, level, &Team::new(threads, plan.scratch()));
                    let same = bits(&alone) == bits(&shared);
                    assert!(
                        same,
                        "{threads:?}, seed {seed} on {level}, {options:?}:\n{}\n{plan}",
                        network.yaml
                    );
                }
            }
        }
    }
}

#[test]
fn every_pass_and_decision_finds_something_to_do() {
    let mut done = BTreeSet::new();
    let drawn = seeds(1000).flat_map(|seed| [random::network(seed), random::large(seed)]);
    for mut graph in drawn.map(|network| network.graph).chain(chosen().map(|(graph, _)| graph)) {
        let mut reports = optimise(&mut graph, &Options::default());
        reports.extend(plan(&graph, &Options::default()).reports);
        done.extend(reports.into_iter().filter(|report| report.done).map(|report| report.pass));
    }
    let names: BTreeSet<&str> = switches().collect();
    assert_eq!(done, names);
}

/// The names of all passes and decisions.
fn switches() -> impl Iterator<Item = &'static str> {
    PASSES.iter().map(|pass| pass.name).chain(DECISIONS.iter().copied())
}

/// A network with weights, inputs and what it means.
struct Case<'y> {
    graph: Graph,
    yaml: &'y str,
    seed: u64,
    tensors: Vec<Vec<f32>>,
    inputs: Vec<Vec<f32>>,
    expected: Vec<Vec<f64>>,
}

impl<'y> Case<'y> {
    /// `None` if the network is too unsteady to compare.
    fn new(graph: Graph, yaml: &'y str, seed: u64) -> Option<Self> {
        let mut random = Random::new(seed);
        let tensors = network::tensors(&graph.parameters, &mut random);
        let inputs = network::inputs(&graph, &mut random);
        let expected = outputs(&graph, interpret(&graph, &tensors, &inputs, |_| {}));
        let rounded = interpret(&graph, &tensors, &inputs, |array| {
            let step = 1e-6 * scale(&array.data);
            array.data.iter_mut().for_each(|x| *x += step * f64::from(random.real()));
        });
        let rounded = outputs(&graph, rounded);
        let steady = expected.iter().zip(&rounded).all(|(a, b)| {
            let limit = STEADY * scale(a);
            a.iter().zip(b).all(|(a, b)| (a - b).abs() <= limit)
        });
        steady.then_some(Self { graph, yaml, seed, tensors, inputs, expected })
    }

    fn check(&self) {
        verify(&self.graph).unwrap_or_else(|why| panic!("{why}: seed {}:\n{}", self.seed, self.yaml));
        let mut switched = vec![Options::plain()];
        switched.extend(switches().map(|name| Options::default().without(name)));
        switched.extend(Algorithm::ALL.map(|algorithm| Options::default().forcing(algorithm)));
        let best = Level::detect();
        for level in Level::available() {
            self.expect(&Options::default(), level);
        }
        for options in &switched {
            self.expect(options, best);
        }
    }

    /// Compiles with these options, runs on this level and one thread, and compares.
    fn expect(&self, options: &Options, level: Level) -> Outputs {
        let Self { yaml, seed, .. } = self;
        let mut graph = self.graph.clone();
        _ = optimise(&mut graph, options);
        let at = || format!("seed {seed} on {level}, {options:?}:\n{yaml}\n{graph}");
        verify(&graph).unwrap_or_else(|why| panic!("{why}: {}", at()));
        let plan = plan(&graph, options);
        verify_plan(&plan).unwrap_or_else(|why| panic!("{why}: {}", at()));
        assert!(plan.bound <= plan.arena, "{}", at());
        let found = self.run(&plan, level, &Team::ALONE);
        self.compare(&found, &at);
        if let Some(tail) = &plan.tail {
            self.compare(&self.run_batch(&plan, tail, level), &at);
        }
        found
    }

    fn compare(&self, found: &Outputs, at: &dyn Fn() -> String) {
        for (output, (found, expected)) in found.iter().zip(&self.expected).enumerate() {
            let limit = 1e-4 * scale(expected);
            let near = |(&a, b): (&f32, &f64)| (f64::from(a) - b).abs() <= limit;
            let far = found.iter().zip(expected).position(|pair| !near(pair));
            if let Some(i) = far {
                panic!("output {output}[{i}] is {}, should be {}: {}", found[i], expected[i], at());
            }
        }
    }

    /// The outputs of one image of a batch whose other images are not numbers.
    fn run_batch(&self, plan: &Plan<'_>, tail: &Tail, level: Level) -> Outputs {
        let weights = self.pack(plan);
        let images = tail.images;
        let own = usize::try_from(self.seed).unwrap_or(0) % images;
        let (mut arena, mut batch) = (vec![f32::NAN; plan.arena], vec![f32::NAN; tail.floats]);
        let inputs: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut run = Run::new(level, &weights, &inputs, &mut arena);
        plan.steps[..tail.first].iter().for_each(|step| step.kernel.run(&mut run));
        for Moved { from, to, .. } in &tail.inputs {
            let memory = match from.memory {
                Memory::Arena | Memory::Shared => &*run.arena,
                Memory::Input(index) => inputs[index],
            };
            batch[to.pixel(own)].copy_from_slice(&memory[from.offset..][..from.len()]);
        }
        let mut run = Run::new(level, &weights, &[], &mut batch);
        tail.steps.iter().for_each(|step| step.kernel.run(&mut run));
        tail.outputs.iter().map(|slot| batch[slot.pixel(own)].to_vec()).collect()
    }

    /// Runs in memory that holds nothing, then what would spoil any result, then its own remains: all the same.
    fn run(&self, plan: &Plan<'_>, level: Level, team: &Team) -> Outputs {
        let inputs: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        let weights = self.pack(plan);
        let run = |arena: &mut [f32]| -> Outputs {
            let mut run = Run { level, team, weights: &weights, inputs: &inputs, arena, shared: &mut [] };
            plan.steps.iter().for_each(|step| step.kernel.run(&mut run));
            plan.outputs.iter().map(|slot| run.arena[slot.offset..][..slot.len()].to_vec()).collect()
        };
        let mut arena = vec![0.0; plan.arena];
        let first = run(&mut arena);
        let again = run(&mut arena);
        let [spoiled, flooded] = [f32::NAN, 3e38].map(|value| run(&mut vec![value; plan.arena]));
        for (other, memory) in [(again, "used"), (spoiled, "undefined"), (flooded, "huge")] {
            let Self { yaml, seed, graph, .. } = self;
            assert_eq!(
                bits(&first),
                bits(&other),
                "seed {seed} on {level}, {memory} memory:\n{yaml}\n{graph}\n{plan}"
            );
        }
        first
    }
}

impl Case<'_> {
    fn pack(&self, plan: &Plan<'_>) -> Vec<f32> {
        let bytes: Vec<Vec<u8>> =
            self.tensors.iter().map(|tensor| tensor.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let data: Vec<Data<'_>> = bytes.iter().map(|bytes| Data::F32(bytes)).collect();
        let mut weights = vec![f32::NAN; plan.weights];
        pack(&plan.loads, &data, &mut weights);
        weights
    }
}

fn bits(outputs: &Outputs) -> Vec<u32> {
    outputs.iter().flatten().map(|x| x.to_bits()).collect()
}

fn outputs(graph: &Graph, values: Vec<convolve_tests::reference::Array>) -> Vec<Vec<f64>> {
    graph.outputs.iter().map(|&(_, id)| values[id].data.clone()).collect()
}

/// The largest magnitude.
fn scale(values: &[f64]) -> f64 {
    values.iter().fold(1e-6, |scale, x| scale.max(x.abs()))
}

#[test]
fn damaged_specifications_give_diagnostics_or_plans() {
    for seed in seeds(200) {
        let text = random::network(seed).yaml;
        let mut random = Random::new(!seed);
        for _ in 0..20 {
            let damaged = damage(&text, &mut random);
            let start = std::time::Instant::now();
            compile(&damaged);
            let took = start.elapsed().as_secs();
            assert!(took < 20, "seed {seed} took {took} s:\n{}", String::from_utf8_lossy(&damaged));
        }
    }
}

#[test]
fn a_layer_is_an_output_once() {
    let text = "name: Net\ninput: [4]\nlayers:\n  - relu\n  - exp\noutput: [relu_1, exp_1, relu_1]\n";
    assert_eq!(network::graph(text), Err(vec!["`relu_1` is an output twice".to_owned()]));
}

/// Compiles what can be compiled, and renders what is to be said.
fn compile(text: &[u8]) {
    let shown = std::panic::AssertUnwindSafe(|| {
        let analysis = analyse(yaml::parse("net.yaml", text), &Defaults::default(), None);
        assert_eq!(analysis.networks.is_empty(), analysis.has_errors());
        for diagnostic in arrange(analysis.diagnostics, &analysis.source) {
            assert!(render(&diagnostic, &analysis.source).contains(&diagnostic.message));
        }
        for mut network in analysis.networks {
            verify(&network.graph).expect("a graph that holds");
            _ = optimise(&mut network.graph, &Options::default());
            let plan = plan(&network.graph, &Options::default());
            // The check follows every float of the arena.
            if plan.arena < 1 << 18 {
                verify_plan(&plan).expect("a plan that holds");
            }
        }
    });
    if let Err(panic) = std::panic::catch_unwind(shown) {
        eprintln!("{}", String::from_utf8_lossy(text));
        std::panic::resume_unwind(panic);
    }
}

/// The text with one to three mistakes in it.
fn damage(text: &str, random: &mut Random) -> Vec<u8> {
    let mut text = text.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let kinds = [u8::is_ascii_digit, u8::is_ascii_alphabetic];
        let lines: Vec<usize> = (0..text.len()).filter(|&i| i == 0 || text[i - 1] == b'\n').collect();
        let line = random.below(lines.len());
        let line = lines[line]..lines.get(line + 1).copied().unwrap_or(text.len());
        match random.below(6) {
            0 | 1 => {
                let number = word(&text, kinds[0], random);
                let new =
                    random.pick(&["0", "-1", "1", "7", "4096", "2147483648", "99999999999999999999", "1e9"]);
                text.splice(number, new.bytes());
            }
            2 => {
                let old = word(&text, kinds[1], random);
                let other = word(&text, kinds[1], random);
                let new = text[other].to_vec();
                text.splice(old, new);
            }
            3 => _ = text.drain(line),
            4 => {
                let copy = text[line.clone()].to_vec();
                text.splice(line.start..line.start, copy);
            }
            _ => {
                let at = random.below(text.len());
                text[at] = random.pick(b"\0\t\n \"'#$&*-,:<>[]{}|~\xc3\xff");
            }
        }
    }
    text
}

/// A random longest run of such bytes; empty at the end if there is none.
fn word(text: &[u8], is: fn(&u8) -> bool, random: &mut Random) -> std::ops::Range<usize> {
    let starts: Vec<usize> =
        (0..text.len()).filter(|&i| is(&text[i]) && (i == 0 || !is(&text[i - 1]))).collect();
    if starts.is_empty() {
        return text.len()..text.len();
    }
    let start = random.pick(&starts);
    start..start + text[start..].iter().take_while(|byte| is(byte)).count()
}
