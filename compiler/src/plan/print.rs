//! The printed form of a plan: one line a step, the same on every run.

use core::fmt::{self, Display, Formatter};

use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::weights::Load;

use super::{Moved, Plan, Step, Tail};
use crate::graph::words;

impl Display for Plan<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { arena, bound, weights, .. } = self;
        writeln!(f, "{}: arena {arena} floats (bound {bound}), weights {weights} floats", self.graph.name)?;
        self.write_steps(f, &self.steps, 0)?;
        for ((name, _), slot) in self.graph.outputs.iter().zip(&self.outputs) {
            writeln!(f, "output {name} = {}", Place(slot))?;
        }
        if let Some(Tail { images, first, inputs, steps, outputs, floats }) = &self.tail {
            writeln!(f, "tail of {images} images: {floats} floats")?;
            for Moved { from, to, .. } in inputs {
                writeln!(f, "    {} of each image -> {}", Place(from), Place(to))?;
            }
            self.write_steps(f, steps, *first)?;
            for ((name, _), slot) in self.graph.outputs.iter().zip(outputs) {
                writeln!(f, "output {name} = {}", Place(slot))?;
            }
        }
        for load in &self.loads {
            let (kind, weight) = match load {
                Load::Panels(panels) => ("panels", panels.weight),
                Load::Phases { kernel, .. } => ("panels of phases", kernel.weight),
                Load::Halves(panels) => ("bf16 panels", panels.weight),
                Load::Winograd { kernel, .. } => ("winograd panels", kernel.weight),
                Load::Depthwise(depthwise) => ("depthwise", depthwise.weight),
                Load::Vector { weight, .. } => ("vector", *weight),
                Load::Affine { fold, .. } => ("affine", fold.weight),
            };
            let name = &self.graph.parameters[weight].name;
            writeln!(f, "load {kind} {name} at {}, {} floats", load.at(), load.len())?;
        }
        Ok(())
    }
}

impl Plan<'_> {
    /// A line for each step, numbered from `first` on.
    fn write_steps(&self, f: &mut Formatter<'_>, steps: &[Step], first: usize) -> fmt::Result {
        for (index, step) in steps.iter().enumerate() {
            let kernel = &step.kernel;
            let reads: Vec<String> = kernel.reads().iter().map(Place::string).collect();
            write!(f, "{:3} {} {} -> ", first + index, kernel.name(), reads.join(", "))?;
            if kernel.in_place() == Some(0) {
                write!(f, "in place")?;
            } else {
                let written: Vec<String> =
                    kernel.besides().iter().chain([&kernel.output()]).map(Place::string).collect();
                write!(f, "{}", written.join(", "))?;
            }
            if let Some(scratch) = kernel.scratch() {
                write!(f, ", scratch {}", Place(&scratch))?;
            }
            let nodes = step.nodes(self.graph).into_iter().map(|id| &self.graph.nodes[id]);
            let layers = nodes.map(|node| format!("{}: {}", node.title(), words(&node.op, node.shape)));
            writeln!(f, "  # {}", layers.collect::<Vec<_>>().join("; "))?;
        }
        Ok(())
    }
}

/// Where a slot lies: `@offset size`, with the pitch if it is a view.
struct Place<'a>(&'a Slot);

impl Place<'_> {
    fn string(slot: &Slot) -> String {
        Place(slot).to_string()
    }
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Slot { memory, offset, height, width, channels, pitch } = *self.0;
        match memory {
            Memory::Arena => write!(f, "@{offset}")?,
            Memory::Shared => write!(f, "shared @{offset}")?,
            Memory::Input(index) => write!(f, "input {index} @{offset}")?,
        }
        write!(f, " {height}×{width}×{channels}")?;
        if pitch == channels { Ok(()) } else { write!(f, "/{pitch}") }
    }
}
