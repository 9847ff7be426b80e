//! What is recorded while a graph is differentiated: steps in order, and the memory that they touch.

use convolve_runtime::slot::{Memory, Slot};
use convolve_runtime::train::{DenseWeights, Phase, Place, Rows, Segment, Step};

use crate::graph::Shape;
use crate::plan::arena::{self, Buffer};

/// Which memory a value lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// The arena of one image.
    Image,
    /// Among the vectors of all images of a group.
    Rows,
}

/// A tensor: of the network, or the gradient of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) space: Space,
    /// Index of its memory; `None` for an input of the network.
    buffer: Option<usize>,
    pub(super) slot: Slot,
}

impl Value {
    /// The network's input of this index.
    pub(super) fn input(index: usize, shape: Shape) -> Self {
        Self { space: Space::Image, buffer: None, slot: Slot::input(index, shape.extents()) }
    }

    /// The same floats under another shape.
    pub(super) fn reshaped(self, shape: Shape) -> Self {
        let [height, width, channels] = shape.extents();
        Self { slot: Slot { height, width, channels, pitch: channels, ..self.slot }, ..self }
    }

    /// Some of its channels.
    pub(super) fn channels(self, first: usize, channels: usize) -> Self {
        Self { slot: Slot { offset: self.slot.offset + first, channels, ..self.slot }, ..self }
    }

    pub(super) fn place(self) -> Place {
        match self.space {
            Space::Image => Place::Image(self.slot),
            Space::Rows => Place::Row(self.slot),
        }
    }
}

/// Steps and memory.
///
/// A graph is recorded twice: first to learn how long each value is needed, then with the offsets that follow from it.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) steps: Vec<Step>,
    /// The node of each step.
    pub(super) nodes: Vec<usize>,
    pub(super) rows: Vec<Rows>,
    pub(super) dense: Vec<DenseWeights>,
    pub(super) segments: Vec<Segment>,
    pub(super) phases: Vec<Phase>,
    /// The values of both spaces.
    spaces: [Vec<Buffer>; 2],
    /// The rows that are needed to the end.
    kept: Vec<usize>,
    /// The segments that touch the images' values, first and last.
    touched: Vec<(usize, usize)>,
    /// Where the values lie, once that is known.
    places: [Vec<(Memory, usize)>; 2],
    /// Steps so far.
    clock: usize,
}

impl Tape {
    /// A tape with the places that follow from what this one has recorded, and the floats of an image's arena, of the
    /// memory that images use in turn, and of an image's rows.
    ///
    /// An image's value that is needed while other images are computed has a place of its own; for one that is not, a
    /// place for all images is enough, which then stays near.
    pub(super) fn placed(&self) -> (Self, [usize; 3]) {
        let [images, rows] = &self.spaces;
        let memory =
            |&(first, last): &(usize, usize)| if first == last { Memory::Shared } else { Memory::Arena };
        let memories: Vec<Memory> = self.touched.iter().map(memory).collect();
        let [arena, shared] = [Memory::Arena, Memory::Shared].map(|own| {
            let buffers = images.iter().zip(&memories).filter(|(_, memory)| **memory == own);
            arena::pack(&buffers.map(|(buffer, _)| *buffer).collect::<Vec<_>>())
        });
        let rows = arena::pack(&self.whole_segments(rows));
        let mut offsets = [arena.offsets.iter(), shared.offsets.iter()];
        let image = |memory: &Memory| {
            let own = &mut offsets[usize::from(*memory == Memory::Shared)];
            (*memory, own.next().copied().unwrap_or_default())
        };
        let image_places = memories.iter().map(image).collect();
        let row_places = rows.offsets.iter().map(|&offset| (Memory::Arena, offset)).collect();
        let places = [image_places, row_places];
        (Self { places, ..Self::default() }, [arena.arena, shared.arena, rows.arena])
    }

    /// Buffers of the rows, each kept for all of a segment that goes through one image after the other: what the last step
    /// for an image writes, it writes before the first step for the next one reads.
    fn whole_segments(&self, rows: &[Buffer]) -> Vec<Buffer> {
        let mut rows = rows.to_vec();
        let mut start = 0;
        for segment in &self.segments {
            let (steps, by_image) = match segment {
                Segment::Each(steps) => (steps.len(), true),
                Segment::All(rows) => (rows.len(), false),
                Segment::Loss => (1, true),
            };
            let span = start..start + steps;
            start = span.end;
            for buffer in rows.iter_mut().filter(|_| by_image) {
                if span.contains(&buffer.first) {
                    buffer.first = span.start;
                }
                if span.contains(&buffer.last) {
                    buffer.last = span.end - 1;
                }
            }
        }
        // Some images begin when others have been through all steps.
        for &buffer in &self.kept {
            (rows[buffer].first, rows[buffer].last) = (0, self.clock);
        }
        rows
    }

    /// Room for a value.
    pub(super) fn value(&mut self, space: Space, [height, width, channels]: [usize; 3]) -> Value {
        let buffer = self.spaces[space as usize].len();
        let floats = height * width * channels;
        self.spaces[space as usize].push(Buffer { floats, first: self.clock, last: self.clock });
        if space == Space::Image {
            self.touched.push((usize::MAX, 0));
        }
        let place = self.places[space as usize].get(buffer);
        let (memory, offset) = place.copied().unwrap_or((Memory::Arena, 0));
        let slot = Slot { memory, ..Slot::arena(offset, [height, width, channels]) };
        Value { space, buffer: Some(buffer), slot }
    }

    /// Keeps values until now, when the last segment touches them.
    fn touch(&mut self, values: &[Value]) {
        let segment = self.segments.len() - 1;
        for value in values {
            let Some(buffer) = value.buffer else { continue };
            self.spaces[value.space as usize][buffer].last = self.clock;
            if value.space == Space::Image {
                let (first, last) = &mut self.touched[buffer];
                (*first, *last) = ((*first).min(segment), (*last).max(segment));
            }
        }
        self.clock += 1;
    }

    /// A step of a node, which reads and writes these values.
    pub(super) fn push(&mut self, node: usize, step: Step, values: &[Value]) {
        let at = self.steps.len();
        self.steps.push(step);
        self.nodes.push(node);
        let open = self.open();
        match self.segments.last_mut() {
            Some(Segment::Each(range)) if open => range.end = at + 1,
            _ => self.segments.push(Segment::Each(at..at + 1)),
        }
        self.touch(values);
    }

    /// A step on the rows.
    pub(super) fn push_rows(&mut self, step: Rows, values: &[Value]) {
        let at = self.rows.len();
        self.rows.push(step);
        let open = self.open();
        match self.segments.last_mut() {
            Some(Segment::All(range)) if open => range.end = at + 1,
            _ => self.segments.push(Segment::All(at..at + 1)),
        }
        self.touch(values);
    }

    /// A sum over the rows of all images, which are kept for it until all are done.
    pub(super) fn push_dense(&mut self, sum: DenseWeights, rows: [Value; 2]) {
        self.dense.push(sum);
        self.kept.extend(rows.iter().filter_map(|value| value.buffer));
    }

    /// The loss.
    pub(super) fn push_loss(&mut self, values: &[Value]) {
        self.segments.push(Segment::Loss);
        self.touch(values);
    }

    /// Whether the last segment belongs to the phase that is recorded.
    fn open(&self) -> bool {
        self.phases.last().is_none_or(|phase| phase.segments.end < self.segments.len())
    }

    /// Ends a phase, after which these sums are complete.
    pub(super) fn end_phase(&mut self, sums: core::ops::Range<usize>) {
        let start = self.phases.last().map_or(0, |phase| phase.segments.end);
        self.phases.push(Phase { segments: start..self.segments.len(), sums });
    }

    /// The value where the images' kernels find it.
    pub(super) fn image_of(&mut self, node: usize, value: Value) -> Value {
        if value.space == Space::Image {
            return value;
        }
        let Slot { height, width, channels, .. } = value.slot;
        let moved = self.value(Space::Image, [height, width, channels]);
        self.push(node, Step::Scatter { from: value.slot, to: moved.slot }, &[value, moved]);
        moved
    }

    /// The value among the rows.
    pub(super) fn rows_of(&mut self, node: usize, value: Value) -> Value {
        if value.space == Space::Rows {
            return value;
        }
        let moved = self.value(Space::Rows, [1, 1, value.slot.len()]);
        self.push(node, Step::Gather { from: value.slot, to: moved.slot }, &[value, moved]);
        moved
    }
}
