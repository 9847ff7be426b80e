//! The memory of training, and one step in it.

use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::batch::{Batch, Group, Images, Judge, arena};
use super::program::Program;
use super::share::{each_piece, each_range};
use super::{DenseWeights, NotFinite, Statistics};
use crate::memory::Heap;
use crate::simd::Level;
use crate::team::Team;
use crate::threads::Threads;
use crate::weights::{Data, pack, unpack};

/// Groups that a batch is parted in at the least, as far as it has images: each is the work of one thread.
const GROUPS: usize = 4;
/// Most images of a group: enough to read the weights of dense layers seldom.
const IMAGES: usize = 32;

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

/// Images of a group that are computed before the next begin, where nothing but sums depends on all of them: so few that
/// what the way back reads of them is still near.
const CHUNK: usize = 8;

/// Images of a group whose values must be kept at once.
fn at_once(program: &Program<'_>, group: usize) -> usize {
    if program.phases.len() > 1 { group } else { group.min(CHUNK) }
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
        let kept = at_once(&program, images);
        // A smaller batch may have more groups, of fewer images.
        let groups = batch.div_ceil(images.max(1)).max(GROUPS.min(batch));
        let group = || {
            RwLock::new(Group {
                arenas: Heap::zeroed(kept * arena(&program)),
                shared: Heap::zeroed(program.shared),
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
            groups: (0..groups).map(|_| group()).collect(),
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
        self.tensors_of(self.weights())
    }

    /// The tensors of weights as [`weights`](Self::weights) gives them.
    #[must_use]
    pub fn tensors_of(&self, weights: &[f32]) -> Vec<Vec<f32>> {
        let size = |shape: &[usize]| shape.iter().product();
        let mut tensors: Vec<Vec<f32>> =
            self.program.tensors.iter().map(|tensor| alloc::vec![0.0; size(tensor.shape)]).collect();
        unpack(self.program.loads, weights, |tensor, element, value| {
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

    /// Calls `write` once with each piece of so many floats, and its index, on the threads of the learner.
    ///
    /// # Panics
    /// If the floats are not whole pieces.
    pub fn each_piece(&self, floats: &mut [f32], piece: usize, write: impl Fn(usize, &mut [f32]) + Sync) {
        each_piece(&self.team, floats, piece, write);
    }

    /// Computes the gradients of the sum of the losses of a batch, and gives that sum; where a loss or a gradient is not
    /// finite, the layer that it comes from. `inputs` are the images of each of the network's inputs, `key` chooses the
    /// random numbers of the step.
    ///
    /// # Errors
    /// If a loss or a gradient is not finite.
    ///
    /// # Panics
    /// If there are more images than memory, or fewer floats.
    pub fn gradients_of(
        &mut self,
        inputs: &[Images<'_>],
        images: usize,
        key: u64,
        judge: &impl Judge,
    ) -> Result<f64, NotFinite<'p>> {
        for derived in self.program.derived {
            derived.make(self.level, &self.team, self.weights.as_mut_slice());
        }
        self.images = images;
        let count = images.div_ceil(in_group(images).max(1));
        let groups = &self.groups[..count];
        let finite = AtomicBool::new(true);
        for (index, phase) in self.program.phases.iter().enumerate() {
            let batch = self.batch(inputs, images, key);
            self.team.each(count, &mut [], |at, _| {
                let mut group = write(&groups[at]);
                if index == 0 {
                    let sums = group.sums.as_mut_slice();
                    added(&self.program, 0..self.program.sums).for_each(|range| sums[range].fill(0.0));
                    group.loss = 0.0;
                }
                for chunk in self.chunks(at, images) {
                    batch.run(&mut group, &phase.segments, &chunk, judge);
                }
            });
            for range in added(&self.program, phase.sums.clone()) {
                let totals = &mut self.totals.as_mut_slice()[range.clone()];
                each_range(&self.team, [totals], |start, [totals]| {
                    totals.fill(0.0);
                    for group in groups {
                        let group = read(group);
                        let sums = &group.sums.as_slice()[range.start + start..][..totals.len()];
                        totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
                    }
                    if !totals.iter().all(|total| total.is_finite()) {
                        finite.store(false, Ordering::Relaxed);
                    }
                });
            }
        }
        let size = in_group(images);
        for dense in self.program.dense {
            let is_finite = dense.sum(self.level, &self.team, self.totals.as_mut_slice(), |add| {
                for (index, group) in groups.iter().enumerate() {
                    add(read(group).rows.as_slice(), size, size.min(images - index * size));
                }
            });
            finite.fetch_and(is_finite, Ordering::Relaxed);
        }
        for restored in self.program.restored {
            restored.make(self.level, &self.team, self.totals.as_mut_slice());
        }
        let loss: f64 = groups.iter().map(|group| read(group).loss).sum();
        if finite.into_inner() && loss.is_finite() {
            return Ok(loss);
        }
        Err(self.culprit(inputs, images, key, loss))
    }

    /// What the images of a step have in common.
    fn batch<'a>(&'a self, inputs: &'a [Images<'a>], images: usize, key: u64) -> Batch<'a, 'p> {
        Batch {
            program: &self.program,
            level: self.level,
            weights: self.weights.as_slice(),
            totals: self.totals.as_slice(),
            inputs,
            images,
            group: in_group(images),
            key,
        }
    }

    /// The images of a group, of so many in all, as they are computed at once; none of a group that is not needed.
    fn chunks(&self, group: usize, images: usize) -> impl Iterator<Item = Range<usize>> {
        let size = in_group(images);
        let (end, most) = (images.min((group + 1) * size), at_once(&self.program, size));
        (group * size..end).step_by(most.max(1)).map(move |start| start..end.min(start + most))
    }

    /// What was not finite in the last step: the first layer whose output is not, or else the loss, or the first parameter
    /// whose gradient is not.
    fn culprit(&self, inputs: &[Images<'_>], images: usize, key: u64, loss: f64) -> NotFinite<'p> {
        let batch = self.batch(inputs, images, key);
        for (at, group) in self.groups.iter().enumerate() {
            for chunk in self.chunks(at, images) {
                if let Some(layer) = batch.first_fault(&mut write(group), &chunk) {
                    return NotFinite::Output { layer };
                }
            }
        }
        if !loss.is_finite() {
            return NotFinite::Loss;
        }
        let gradient = self.gradients().iter().position(|gradient| !gradient.is_finite());
        match gradient.and_then(|float| self.program.tensor_at(float)) {
            Some(tensor) => NotFinite::Gradient { tensor },
            None => NotFinite::Loss,
        }
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

/// The parts of a range of sums that groups add to: all but what is summed over rows in the end.
fn added<'p>(program: &Program<'p>, sums: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'p> {
    let dense = program.dense.iter().map(DenseWeights::range);
    let mut start = sums.start;
    let end = sums.end;
    dense.chain(core::iter::once(end..end)).filter_map(move |dense| {
        let part = start..dense.start.min(end);
        start = start.max(dense.end);
        (!part.is_empty()).then_some(part)
    })
}

fn write(group: &RwLock<Group>) -> RwLockWriteGuard<'_, Group> {
    group.write().unwrap_or_else(PoisonError::into_inner)
}

fn read(group: &RwLock<Group>) -> RwLockReadGuard<'_, Group> {
    group.read().unwrap_or_else(PoisonError::into_inner)
}
