//! `convolve bench`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use convolve_compiler::check::parameters;
use convolve_compiler::execute::Executor;
use convolve_compiler::graph::{Graph, Op};
use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::{Plan, Step, macs, plan};
use convolve_runtime::measure::peak;
use convolve_runtime::simd::Level;
use convolve_runtime::threads::Threads;
use convolve_runtime::weights::Data;
use serde_json::json;

use crate::args::{BenchArgs, Format};
use crate::failure::Result;
use crate::progress::Progress;
use crate::table::{kernel, table};
use crate::{output, weights};

/// What random weights and inputs are made of.
const SEED: u64 = 1;
/// Rounds, and how long they may take, where the user does not say.
const FEWEST: usize = 5;
const PATIENCE: Duration = Duration::from_secs(2);

/// What was measured.
struct Times {
    level: Level,
    threads: usize,
    /// Multiply–adds a second that a core comes to.
    peak: f64,
    /// Predictions that were timed, once as a whole and once by steps.
    rounds: usize,
    /// Median and least seconds of a prediction.
    prediction: [f64; 2],
    /// Median seconds of each step.
    steps: Vec<f64>,
}

/// Times a network's kernels, and prints a table of them.
pub(crate) fn bench(args: &BenchArgs) -> Result<()> {
    let progress = Progress::new(args.format, "compiling");
    let (mut graph, weights) = weights::read(&args.network)?;
    let level = args.network.level.unwrap_or_else(Level::detect);
    let options = Options::default().for_lanes(level.lanes());
    optimise(&mut graph, &options);
    let plan = plan(&graph, &options);
    let random = parameters(&graph);
    let data = match &weights {
        Some(weights) => weights.data(),
        None => random.iter().enumerate().map(|(index, tensor)| tensor.initial(SEED, index)).collect(),
    };
    let times = measure(&plan, &data, args, level, &progress);
    drop(progress);
    output::print(&match args.format {
        Format::Text => text(&plan, &times),
        Format::Json => format!("{:#}\n", object(&plan, &times)),
    })
}

/// Runs the plan, in turn as a whole and by steps.
fn measure(plan: &Plan<'_>, data: &[Data<'_>], args: &BenchArgs, level: Level, progress: &Progress) -> Times {
    let inputs = inputs(plan.graph);
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let threads = Threads::new(args.network.threads.into());
    let mut executor = Executor::new(plan, data, level).with_threads(&threads);
    // The first run touches memory that no later one waits for.
    executor.run(&inputs);
    let before = peak(level);
    progress.parts("timing", args.rounds.map(|rounds| rounds as usize));
    let mut whole = Vec::new();
    let mut steps = vec![Vec::new(); plan.steps.len()];
    let start = Instant::now();
    let more = |done: usize| match args.rounds {
        Some(rounds) => done < rounds as usize,
        None => done < FEWEST || start.elapsed() < PATIENCE,
    };
    while more(whole.len()) {
        let start = Instant::now();
        executor.run(&inputs);
        whole.push(start.elapsed().as_secs_f64());
        let mut last = Instant::now();
        executor.run_with(&inputs, |step, _| {
            let now = Instant::now();
            steps[step].push((now - last).as_secs_f64());
            last = now;
        });
        progress.step();
    }
    Times {
        level,
        threads: threads.count(),
        peak: before.max(peak(level)),
        rounds: whole.len(),
        prediction: [median(&mut whole), whole[0]],
        steps: steps.iter_mut().map(|times| median(times)).collect(),
    }
}

/// Normally distributed numbers for each input.
fn inputs(graph: &Graph) -> Vec<Vec<f32>> {
    let inputs = graph.nodes.iter().filter(|node| matches!(node.op, Op::Input(_)));
    inputs
        .zip(SEED..)
        .map(|(node, key)| {
            let data = Data::Normal { key, std: 1.0 };
            (0..node.shape.elements()).map(|index| data.get(index)).collect()
        })
        .collect()
}

/// Sorts them and gives the middle one.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The layers that a step computes.
fn layers(plan: &Plan<'_>, step: &Step) -> Vec<String> {
    step.nodes(plan.graph).into_iter().flat_map(|id| plan.graph.nodes[id].layers.clone()).collect()
}

/// Multiply–adds of a direct convolution.
fn step_macs(plan: &Plan<'_>, step: &Step) -> f64 {
    let nodes = step.nodes(plan.graph);
    nodes.into_iter().map(|id| macs(plan.graph, &plan.graph.nodes[id])).sum::<u64>() as f64
}

/// Seconds by the planner's count.
fn predicted(plan: &Plan<'_>, step: &Step, times: &Times) -> f64 {
    step.cycles * plan.peak / times.peak
}

fn text(plan: &Plan<'_>, times: &Times) -> String {
    let sum: f64 = times.steps.iter().sum();
    let micros = |seconds: f64| format!("{:.1}", seconds * 1e6);
    // Nothing is said of the rate of what does not multiply.
    let rates = |macs: f64, seconds: f64| {
        let rate = macs / seconds;
        match macs > 0.0 {
            true => [format!("{:.1}", 2e-9 * rate), format!("{:.0} %", 100.0 * rate / times.peak)],
            false => [String::new(), String::new()],
        }
    };
    let heading =
        ["step", "layers", "kernel", "output", "time µs", "share", "GFLOP/s", "of peak", "predicted µs"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (index, (step, &seconds)) in plan.steps.iter().zip(&times.steps).enumerate() {
        let node = &plan.graph.nodes[step.node];
        let [rate, share] = rates(step_macs(plan, step), seconds);
        rows.push(vec![
            index.to_string(),
            layers(plan, step).join("+"),
            kernel(&step.kernel),
            node.shape.to_string(),
            micros(seconds),
            format!("{:.1} %", 100.0 * seconds / sum),
            rate,
            share,
            micros(predicted(plan, step, times)),
        ]);
    }
    let macs: f64 = plan.steps.iter().map(|step| step_macs(plan, step)).sum();
    let [rate, share] = rates(macs, sum);
    let count = plan.steps.iter().map(|step| predicted(plan, step, times)).sum();
    let total = ["", "total", "", "", &micros(sum), "100.0 %", &rate, &share, &micros(count)];
    rows.push(total.map(str::to_owned).to_vec());

    let [median, least] = times.prediction;
    let [rate, share] = rates(macs, median);
    let mut text = format!(
        "{}, {}, {}, {} rounds; peak of a core {:.1} GFLOP/s\n\n{}",
        plan.graph.name,
        times.level,
        if times.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", times.threads) },
        times.rounds,
        2e-9 * times.peak,
        table(&rows, &[0, 4, 5, 6, 7, 8]),
    );
    _ = write!(text, "\nprediction    {} µs, the fastest {} µs", micros(median), micros(least));
    _ = match macs > 0.0 {
        true => writeln!(text, "; {rate} GFLOP/s, {share} of peak"),
        false => writeln!(text),
    };
    text
}

fn object(plan: &Plan<'_>, times: &Times) -> serde_json::Value {
    let steps = plan.steps.iter().zip(&times.steps).map(|(step, seconds)| {
        let node = &plan.graph.nodes[step.node];
        json!({
            "layers": layers(plan, step),
            "kernel": kernel(&step.kernel),
            "output": node.shape.dimensions(),
            "macs": step_macs(plan, step),
            "seconds": seconds,
            "cycles": step.cycles,
            "predicted": predicted(plan, step, times),
        })
    });
    let [median, least] = times.prediction;
    json!({
        "network": plan.graph.name,
        "level": times.level.name(),
        "threads": times.threads,
        "rounds": times.rounds,
        "peak_macs_per_second": times.peak,
        "median": median,
        "least": least,
        "steps": steps.collect::<Vec<_>>(),
    })
}
