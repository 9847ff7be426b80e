//! The images of a step, group by group.

use core::ops::Range;

use super::Pass;
use super::program::{Place, Program, Segment, Step};
use crate::memory::Heap;
use crate::random::mix;
use crate::run::Run;
use crate::simd::Level;
use crate::slot::Slot;
use crate::team::Team;
use crate::weights::PANEL;

/// The loss of an image: takes its index in the batch and what the program's head is applied to, writes the gradient with
/// respect to that, and gives the loss's value.
pub trait Judge: Sync {
    /// Judges one image.
    fn judge(&self, image: usize, output: &[f32], gradient: &mut [f32]) -> f64;
}

impl<F: Fn(usize, &[f32], &mut [f32]) -> f64 + Sync> Judge for F {
    fn judge(&self, image: usize, output: &[f32], gradient: &mut [f32]) -> f64 {
        self(image, output, gradient)
    }
}

/// The images of an input.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Their floats.
    pub floats: &'a [f32],
    /// Floats from one image to the next.
    pub step: usize,
}

/// What one thread computes in.
#[derive(Debug)]
pub(super) struct Group {
    /// The arenas of the images.
    pub(super) arenas: Heap,
    pub(super) shared: Heap,
    pub(super) rows: Heap,
    pub(super) sums: Heap,
    pub(super) loss: f64,
}

/// Floats from one image's arena to the next: an odd number of cache lines, so that images do not fall into one set of a
/// cache.
pub(super) const fn arena(program: &Program<'_>) -> usize {
    program.arena.next_multiple_of(PANEL) | PANEL
}

/// What all images of a step have in common.
pub(super) struct Batch<'a, 'p> {
    pub(super) program: &'a Program<'p>,
    pub(super) level: Level,
    pub(super) weights: &'a [f32],
    pub(super) totals: &'a [f32],
    pub(super) inputs: &'a [Images<'a>],
    pub(super) images: usize,
    /// Images of a group; the last may have fewer.
    pub(super) group: usize,
    pub(super) key: u64,
}

/// Most inputs of a network: so that those of an image can be listed without allocation.
const INPUTS: usize = 8;

impl<'p> Batch<'_, 'p> {
    /// Runs some segments for the images of a group.
    pub(super) fn run(
        &self,
        group: &mut Group,
        segments: &Range<usize>,
        images: &Range<usize>,
        judge: &impl Judge,
    ) {
        for segment in &self.program.segments[segments.clone()] {
            match segment {
                Segment::Each(steps) => {
                    for image in images.clone() {
                        self.each(group, steps, images, image);
                    }
                }
                Segment::All(rows) => self.all(group, rows, images),
                Segment::Loss => {
                    for image in images.clone() {
                        group.loss += self.loss(group, images, image, judge);
                    }
                }
            }
        }
    }

    /// The index of an image in its group.
    const fn in_group(&self, image: usize) -> usize {
        image % self.group
    }

    /// Runs some steps on the rows of some images of a group.
    fn all(&self, group: &mut Group, rows: &Range<usize>, images: &Range<usize>) {
        let mut pass = Pass {
            run: Run::new(self.level, self.weights, &[], group.rows.as_mut_slice()),
            sums: group.sums.as_mut_slice(),
            totals: self.totals,
            images: self.images,
            key: mix(self.key ^ mix(images.start as u64)),
        };
        let images = self.in_group(images.start)..self.in_group(images.end - 1) + 1;
        for step in &self.program.rows[rows.clone()] {
            step.run(&mut pass, self.group, &images);
        }
    }

    /// Runs some steps for one image.
    fn each(&self, group: &mut Group, steps: &Range<usize>, images: &Range<usize>, image: usize) {
        self.each_and(group, steps, images, image, |_, _| {});
    }

    /// As [`each`](Self::each), and calls `after` with the index of each step and what it leaves.
    fn each_and(
        &self,
        group: &mut Group,
        steps: &Range<usize>,
        images: &Range<usize>,
        image: usize,
        mut after: impl FnMut(usize, &Run<'_>),
    ) {
        let mut inputs: [&[f32]; INPUTS] = [&[]; INPUTS];
        for ((own, all), &floats) in inputs.iter_mut().zip(self.inputs).zip(self.program.inputs) {
            *own = &all.floats[image * all.step..][..floats];
        }
        let (at, arena) = (image - images.start, arena(self.program));
        let rows = group.rows.as_mut_slice();
        let row = |slot: &Slot| slot.offset * self.group + self.in_group(image) * slot.len();
        let mut pass = Pass {
            run: Run {
                level: self.level,
                team: &Team::ALONE,
                weights: self.weights,
                inputs: &inputs,
                arena: &mut group.arenas.as_mut_slice()[at * arena..][..arena],
                shared: group.shared.as_mut_slice(),
            },
            sums: group.sums.as_mut_slice(),
            totals: self.totals,
            images: self.images,
            key: mix(self.key ^ mix(image as u64)),
        };
        for index in steps.clone() {
            match &self.program.steps[index] {
                Step::Gather { from, to } => {
                    let [from] = pass.run.read([from]);
                    rows[row(to)..][..to.len()].copy_from_slice(from);
                }
                Step::Scatter { from, to } => {
                    pass.run.in_place(to).copy_from_slice(&rows[row(from)..][..from.len()]);
                }
                step => step.run(&mut pass),
            }
            after(index, &pass.run);
        }
    }

    /// The first layer, on the way to the loss, whose output is not finite for an image.
    pub(super) fn first_fault(&self, group: &mut Group, images: &Range<usize>) -> Option<&'p str> {
        let mut first: Option<usize> = None;
        for segment in self.program.segments {
            match segment {
                Segment::Loss => break,
                Segment::Each(steps) => {
                    for image in images.clone() {
                        self.each_and(group, steps, images, image, |index, run| {
                            let output = self.program.steps[index].output();
                            let finite = output.is_none_or(|slot| {
                                let [floats] = run.read([slot]);
                                let mut pixels = floats.chunks(slot.pitch);
                                pixels.all(|pixel| pixel.iter().take(slot.channels).all(|x| x.is_finite()))
                            });
                            if !finite {
                                first = Some(first.map_or(index, |first| first.min(index)));
                            }
                        });
                    }
                }
                Segment::All(rows) => self.all(group, rows, images),
            }
            if let Some(index) = first {
                return self.program.layers.get(index).copied();
            }
        }
        None
    }

    /// The loss of an image, whose gradient is written.
    fn loss(&self, group: &mut Group, images: &Range<usize>, image: usize, judge: &impl Judge) -> f64 {
        let (at, arena) = (image - images.start, arena(self.program));
        let Program { output, gradient, .. } = self.program;
        let own = |place: &Place| match place {
            Place::Image(slot) => *slot,
            Place::Row(slot) => {
                let offset = slot.offset * self.group + self.in_group(image) * slot.len();
                Slot { offset, ..*slot }
            }
        };
        let floats = match output {
            Place::Image(_) => &mut group.arenas.as_mut_slice()[at * arena..][..arena],
            Place::Row(_) => group.rows.as_mut_slice(),
        };
        let mut run = Run::new(self.level, self.weights, &[], floats);
        let (output, gradient) = (own(output), own(gradient));
        let ([output], gradient) = run.operands([&output], &gradient);
        judge.judge(image, output, gradient)
    }
}
