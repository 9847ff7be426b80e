//! Offsets of buffers in one arena, from the times at which they are in use.

use convolve_runtime::weights::PANEL;

/// Floats that are in use from one step to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// Size.
    pub(crate) floats: usize,
    /// First step.
    pub(crate) first: usize,
    /// Last step.
    pub(crate) last: usize,
}

/// A place for every buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    /// First float of each buffer, a multiple of a panel.
    pub(crate) offsets: Vec<usize>,
    /// Floats in all.
    pub(crate) arena: usize,
    /// Floats that no packing can do without: the most that are in use at once.
    pub(crate) bound: usize,
}

/// Orders that are tried by chance when no sorted one reaches the bound.
const RESTARTS: usize = 32;
/// Buffers above which a restart would cost more than it saves.
const RESTART_LIMIT: usize = 512;

/// Packs the buffers: each in turn goes to the lowest gap that is free while it lives. Several orders are
/// tried, and the best is kept.
pub(crate) fn pack(buffers: &[Buffer]) -> Packing {
    let mut buffers = buffers.to_vec();
    for buffer in &mut buffers {
        buffer.floats = buffer.floats.next_multiple_of(PANEL);
    }
    let bound = bound(&buffers);
    let time = |buffer: &Buffer| buffer.last - buffer.first + 1;
    let sorts: [&dyn Fn(&Buffer) -> usize; 4] = [
        &|buffer| usize::MAX - buffer.floats,
        &|buffer| usize::MAX - buffer.floats.saturating_mul(time(buffer)),
        &|buffer| usize::MAX - time(buffer),
        &|buffer| buffer.first,
    ];
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    let mut best = place(&buffers, &order, bound);
    let mut best_order = order.clone();
    let mut attempt = |order: &[usize], best_order: &mut Vec<usize>| {
        let packing = place(&buffers, order, bound);
        if packing.arena < best.arena {
            best = packing;
            best_order.copy_from_slice(order);
        }
        best.arena == bound
    };
    let mut done = false;
    for sort in sorts {
        order.sort_by_key(|&index| (sort(&buffers[index]), index));
        done = done || attempt(&order, &mut best_order);
    }
    if buffers.len() <= RESTART_LIMIT && buffers.len() > 1 {
        let mut random = Random(1);
        for _ in 0..RESTARTS {
            order.copy_from_slice(&best_order);
            for _ in 0..3 {
                let (from, to) = (random.below(order.len()), random.below(order.len()));
                order.swap(from, to);
            }
            done = done || attempt(&order, &mut best_order);
        }
    }
    best
}

/// The most floats that are in use at one step.
fn bound(buffers: &[Buffer]) -> usize {
    let last = buffers.iter().map(|buffer| buffer.last).max().unwrap_or(0);
    let (mut starting, mut ending) = (vec![0; last + 2], vec![0; last + 2]);
    for buffer in buffers {
        starting[buffer.first] += buffer.floats;
        ending[buffer.last + 1] += buffer.floats;
    }
    let mut live = 0;
    let steps = starting.iter().zip(&ending);
    steps.map(|(start, end)| (live = live + start - end, live).1).max().unwrap_or(0)
}

fn place(buffers: &[Buffer], order: &[usize], bound: usize) -> Packing {
    let mut offsets = vec![0; buffers.len()];
    let mut arena = 0;
    // Indices of placed buffers, by offset.
    let mut placed: Vec<usize> = Vec::with_capacity(buffers.len());
    for &index in order {
        let buffer = &buffers[index];
        let mut offset = 0;
        for &other in &placed {
            let neighbour = &buffers[other];
            if neighbour.first > buffer.last || buffer.first > neighbour.last {
                continue;
            }
            if offset + buffer.floats <= offsets[other] {
                break;
            }
            offset = offset.max(offsets[other] + neighbour.floats);
        }
        offsets[index] = offset;
        arena = arena.max(offset + buffer.floats);
        let at = placed.partition_point(|&other| offsets[other] <= offset);
        placed.insert(at, index);
    }
    Packing { offsets, arena, bound }
}

/// A linear congruential generator (Knuth's MMIX constants): the same packing on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, Random, pack};

    const fn buffer(floats: usize, first: usize, last: usize) -> Buffer {
        Buffer { floats, first, last }
    }

    #[test]
    fn buffers_in_use_at_once_do_not_overlap() {
        let mut random = Random(7);
        for _ in 0..200 {
            let mut buffers = Vec::new();
            for _ in 0..random.below(30) {
                let first = random.below(20);
                buffers.push(buffer(random.below(100) + 1, first, first + random.below(6)));
            }
            let packing = pack(&buffers);
            assert!(packing.arena >= packing.bound);
            for (i, a) in buffers.iter().enumerate() {
                let [start, end] = [packing.offsets[i], packing.offsets[i] + a.floats];
                assert!(start % 16 == 0 && end <= packing.arena);
                for (j, b) in buffers.iter().enumerate().take(i) {
                    let at_once = a.first <= b.last && b.first <= a.last;
                    let apart = end <= packing.offsets[j] || packing.offsets[j] + b.floats <= start;
                    assert!(apart || !at_once, "{a:?} and {b:?}");
                }
            }
        }
    }

    #[test]
    fn the_best_of_several_orders_is_kept() {
        // In the order given, the third does not fit below the second, and 144 floats are needed.
        let buffers = [buffer(32, 0, 1), buffer(48, 1, 2), buffer(64, 2, 3), buffer(16, 0, 3)];
        let packing = pack(&buffers);
        assert_eq!((packing.arena, packing.bound), (128, 128));
    }

    #[test]
    fn nothing_needs_nothing() {
        assert_eq!(pack(&[]).arena, 0);
    }
}
