//! The memory of training, and one step in it.

use alloc::vec::Vec;
use core::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::program::{Place, Program, Segment, Step};
use super::share::each_range;
use super::{Pass, Statistics};
use crate::memory::Heap;
use crate::random::mix;
use crate::run::Run;
use crate::simd::Level;
use crate::slot::Slot;
use crate::team::Team;
use crate::threads::Threads;
use crate::weights::{Data, PANEL, pack, unpack};

/// Groups that a batch is parted in at the least, as far as it has images: each is the work of one thread.
const GROUPS: usize = 4;
/// Most images of a group: enough to read the weights of dense layers seldom.
const IMAGES: usize = 32;

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

/// A network in training.
///
/// The images of a batch are parted into groups by their number alone, and sums are added up in the groups' order: the
/// weights are the same bits for any number of threads.
#[derive(Debug)]
pub struct Learner<'p> {
    program: Program<'p>,
    level: Level,
    team: Team,
    weights: Heap,
    totals: Heap,
    groups: Vec<RwLock<Group>>,
    /// Images of the last batch.
    images: usize,
}

/// What one thread computes in.
#[derive(Debug)]
struct Group {
    /// The arenas of the images.
    arenas: Heap,
    rows: Heap,
    sums: Heap,
    loss: f64,
}

/// Images of a group, of so many in a batch.
fn in_group(batch: usize) -> usize {
    batch.div_ceil(GROUPS).min(IMAGES)
}

impl<'p> Learner<'p> {
    /// Memory for batches of at most so many images, on the threads of a pool or on the calling one. The weights are zero.
    #[must_use]
    pub fn new(program: Program<'p>, batch: usize, level: Level, threads: Option<&Threads>) -> Self {
        let images = in_group(batch);
        let group = || {
            RwLock::new(Group {
                arenas: Heap::zeroed(images * arena(&program)),
                rows: Heap::zeroed(images * program.rows_arena),
                sums: Heap::zeroed(program.sums),
                loss: 0.0,
            })
        };
        Self {
            level,
            team: threads.map_or(Team::ALONE, |threads| Team::new(threads, 0)),
            weights: Heap::zeroed(program.weights),
            totals: Heap::zeroed(program.sums),
            groups: (0..batch.div_ceil(images.max(1))).map(|_| group()).collect(),
            images: 0,
            program,
        }
    }

    /// The program that it runs.
    #[must_use]
    pub const fn program(&self) -> &Program<'p> {
        &self.program
    }

    /// Sets the weights: one tensor for each of the program's, of its size.
    pub fn load(&mut self, tensors: &[Data<'_>]) {
        pack(self.program.loads, tensors, self.weights.as_mut_slice());
    }

    /// The tensors of the weights as they are.
    #[must_use]
    pub fn tensors(&self) -> Vec<Vec<f32>> {
        let size = |shape: &[usize]| shape.iter().product();
        let mut tensors: Vec<Vec<f32>> =
            self.program.tensors.iter().map(|tensor| alloc::vec![0.0; size(tensor.shape)]).collect();
        unpack(self.program.loads, self.weights.as_slice(), |tensor, element, value| {
            tensors[tensor][element] = value;
        });
        tensors
    }

    /// The weights that a checkpoint keeps, as they are packed.
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights.as_slice()[..self.program.kept]
    }

    /// Those weights, to set.
    pub fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights.as_mut_slice()[..self.program.kept]
    }

    /// The gradients that the last step found, each where its weight lies.
    #[must_use]
    pub fn gradients(&self) -> &[f32] {
        &self.totals.as_slice()[..self.program.trained]
    }

    /// Computes the gradients of the sum of the losses of a batch, and gives that sum. `inputs` holds all images' floats of
    /// each of the network's inputs, `key` chooses the random numbers of the step.
    ///
    /// # Panics
    /// If there are more images than memory, or fewer floats.
    pub fn gradients_of(&mut self, inputs: &[&[f32]], images: usize, key: u64, judge: &impl Judge) -> f64 {
        for derived in self.program.derived {
            derived.make(self.level, &self.team, self.weights.as_mut_slice());
        }
        self.images = images;
        let size = in_group(images).max(1);
        let count = images.div_ceil(size);
        let groups = &self.groups[..count];
        for (index, phase) in self.program.phases.iter().enumerate() {
            let batch = Batch {
                program: &self.program,
                level: self.level,
                weights: self.weights.as_slice(),
                totals: self.totals.as_slice(),
                inputs,
                images,
                key,
            };
            self.team.each(count, &mut [], |at, _| {
                let mut group = write(&groups[at]);
                if index == 0 {
                    group.sums.as_mut_slice().fill(0.0);
                    group.loss = 0.0;
                }
                let images = at * size..images.min((at + 1) * size);
                batch.run(&mut group, &phase.segments, &images, judge);
            });
            let totals = &mut self.totals.as_mut_slice()[phase.sums.clone()];
            each_range(&self.team, [totals], |start, [totals]| {
                totals.fill(0.0);
                for group in groups {
                    let group = read(group);
                    let sums = &group.sums.as_slice()[phase.sums.start + start..][..totals.len()];
                    totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
                }
            });
        }
        groups.iter().map(|group| read(group).loss).sum()
    }

    /// Calls `update` with pieces of the weights that are trained, their gradients, and the same pieces of two slices more:
    /// each as long as the trained weights, or empty. Then lets the running statistics follow the last batch.
    ///
    /// # Panics
    /// If a slice is of another length.
    pub fn update(
        &mut self,
        slots: [&mut [f32]; 2],
        update: impl Fn(&mut [f32], &[f32], [&mut [f32]; 2]) + Sync,
    ) {
        let Program { trained, statistics, .. } = self.program;
        let totals = self.totals.as_slice();
        let weights = self.weights.as_mut_slice();
        let [first, second] = slots;
        each_range(
            &self.team,
            [&mut weights[..trained], first, second],
            |start, [weights, first, second]| {
                let gradients = &totals[start..start + weights.len()];
                update(weights, gradients, [first, second]);
            },
        );
        for statistics in statistics {
            statistics.follow(self.images, totals, weights);
        }
    }
}

impl Statistics {
    /// Takes a step towards the statistics of a batch.
    fn follow(&self, images: usize, totals: &[f32], weights: &mut [f32]) {
        let count = (images * self.pixels) as f32;
        let cells = if self.unbiased && count > 1.0 { count - 1.0 } else { count };
        for channel in 0..self.channels {
            let mean = totals[self.sum + channel] / count;
            let variance = totals[self.squares + channel] / cells;
            for (at, value) in [(self.mean, mean), (self.variance, variance)] {
                let kept = &mut weights[at + channel];
                *kept += self.rate * (value - *kept);
            }
        }
    }
}

/// Floats from one image's arena to the next: an odd number of cache lines, so that images do not fall into one set of a
/// cache.
const fn arena(program: &Program<'_>) -> usize {
    program.arena.next_multiple_of(PANEL) | PANEL
}

fn write(group: &RwLock<Group>) -> RwLockWriteGuard<'_, Group> {
    group.write().unwrap_or_else(PoisonError::into_inner)
}

fn read(group: &RwLock<Group>) -> RwLockReadGuard<'_, Group> {
    group.read().unwrap_or_else(PoisonError::into_inner)
}

/// What all images of a step have in common.
struct Batch<'a> {
    program: &'a Program<'a>,
    level: Level,
    weights: &'a [f32],
    totals: &'a [f32],
    inputs: &'a [&'a [f32]],
    images: usize,
    key: u64,
}

/// Most inputs of a network: so that those of an image can be listed without allocation.
const INPUTS: usize = 8;

impl Batch<'_> {
    /// Runs some segments for the images of a group.
    fn run(&self, group: &mut Group, segments: &Range<usize>, images: &Range<usize>, judge: &impl Judge) {
        for segment in &self.program.segments[segments.clone()] {
            match segment {
                Segment::Each(steps) => {
                    for image in images.clone() {
                        self.each(group, steps, images, image);
                    }
                }
                Segment::All(rows) => {
                    let mut pass = Pass {
                        run: Run {
                            level: self.level,
                            team: &Team::ALONE,
                            weights: self.weights,
                            inputs: &[],
                            arena: group.rows.as_mut_slice(),
                        },
                        sums: group.sums.as_mut_slice(),
                        totals: self.totals,
                        images: self.images,
                        key: mix(self.key ^ mix(images.start as u64)),
                    };
                    for step in &self.program.rows[rows.clone()] {
                        step.run(&mut pass, images.len());
                    }
                }
                Segment::Loss => {
                    for image in images.clone() {
                        group.loss += self.loss(group, images, image, judge);
                    }
                }
            }
        }
    }

    /// Runs some steps for one image.
    fn each(&self, group: &mut Group, steps: &Range<usize>, images: &Range<usize>, image: usize) {
        let mut inputs: [&[f32]; INPUTS] = [&[]; INPUTS];
        for ((own, all), &floats) in inputs.iter_mut().zip(self.inputs).zip(self.program.inputs) {
            *own = &all[image * floats..][..floats];
        }
        let (at, arena) = (image - images.start, arena(self.program));
        let rows = group.rows.as_mut_slice();
        let row = |slot: &Slot| slot.offset * images.len() + at * slot.len();
        let mut pass = Pass {
            run: Run {
                level: self.level,
                team: &Team::ALONE,
                weights: self.weights,
                inputs: &inputs,
                arena: &mut group.arenas.as_mut_slice()[at * arena..][..arena],
            },
            sums: group.sums.as_mut_slice(),
            totals: self.totals,
            images: self.images,
            key: mix(self.key ^ mix(image as u64)),
        };
        for step in &self.program.steps[steps.clone()] {
            match step {
                Step::Gather { from, to } => {
                    let [from] = pass.run.read([from]);
                    rows[row(to)..][..to.len()].copy_from_slice(from);
                }
                Step::Scatter { from, to } => {
                    pass.run.in_place(to).copy_from_slice(&rows[row(from)..][..from.len()]);
                }
                step => step.run(&mut pass),
            }
        }
    }

    /// The loss of an image, whose gradient is written.
    fn loss(&self, group: &mut Group, images: &Range<usize>, image: usize, judge: &impl Judge) -> f64 {
        let (at, arena) = (image - images.start, arena(self.program));
        let Program { output, gradient, .. } = self.program;
        let own = |place: &Place| match place {
            Place::Image(slot) => *slot,
            Place::Row(slot) => Slot { offset: slot.offset * images.len() + at * slot.len(), ..*slot },
        };
        let floats = match output {
            Place::Image(_) => &mut group.arenas.as_mut_slice()[at * arena..][..arena],
            Place::Row(_) => group.rows.as_mut_slice(),
        };
        let mut run =
            Run { level: self.level, team: &Team::ALONE, weights: self.weights, inputs: &[], arena: floats };
        let (output, gradient) = (own(output), own(gradient));
        let ([output], gradient) = run.operands([&output], &gradient);
        judge.judge(image, output, gradient)
    }
}
