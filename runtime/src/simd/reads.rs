//! What the taps of a window read.

/// The taps of a window along one axis, walked by additions: what comes before a tile's first product is not hidden behind
/// the products of the tile before, and a division there, even one that is jumped over, showed as some fifty cycles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads {
    /// Number of taps; without any, the sum is the bias.
    pub count: usize,
    pub(super) first: Tap,
    /// From one tap to the next; the floats of input wrap where taps run backwards.
    step: Tap,
    /// How often each input cell is read before the next one.
    repeat: usize,
    /// Floats from one input cell to the next.
    pitch: usize,
}

/// A tap, or a distance between taps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// First float that it reads.
    pub input: usize,
    /// Its first weight.
    pub weights: usize,
    /// Which reading of its cell it is, of those that are repeated.
    reading: usize,
}

impl Reads {
    /// A single tap, the first.
    pub(crate) const ONE: Self = {
        let tap = Tap { input: 0, weights: 0, reading: 0 };
        Self { count: 1, first: tap, step: tap, repeat: 1, pitch: 0 }
    };

    /// So many taps, of which number `t` reads input cell `(from + t · delta) / repeat`, of `pitch` floats, and weights
    /// from `weight + t · weight_step` on.
    #[inline(always)]
    pub(crate) fn new(
        count: usize,
        [from, repeat]: [usize; 2],
        delta: isize,
        pitch: usize,
        [weight, weight_step]: [usize; 2],
    ) -> Self {
        // Most cells are single, and divisions show in small layers.
        let [first, step] = if repeat == 1 {
            [(from, 0), (delta as usize, 0)]
        } else {
            let (cells, readings) = (delta.div_euclid(repeat as isize), delta.rem_euclid(repeat as isize));
            [(from / repeat, from % repeat), (cells as usize, readings as usize)]
        };
        let tap = |(cells, reading): (usize, usize), weights: usize| Tap {
            input: cells.wrapping_mul(pitch),
            weights,
            reading,
        };
        Self { count, first: tap(first, weight), step: tap(step, weight_step), repeat, pitch }
    }

    /// Whether each tap reads a cell of its own, so many floats after the one before.
    pub(super) fn are_apart(&self, floats: usize) -> bool {
        self.repeat == 1 && self.step.input == floats
    }

    /// Makes one of taps that each read so many floats, if those follow each other in memory; gives how many each reads.
    #[inline(always)]
    pub(crate) fn join(&mut self, len: usize) -> usize {
        if self.count > 1 && self.repeat == 1 && self.step.input == len {
            let all = len * self.count;
            self.count = 1;
            return all;
        }
        len
    }

    /// The taps in their order.
    #[inline(always)]
    pub(super) fn taps(&self) -> impl Iterator<Item = Tap> {
        let (mut next, step) = (self.first, self.step);
        (0..self.count).map(move |_| {
            let tap = next;
            next.input = tap.input.wrapping_add(step.input);
            next.weights = tap.weights.wrapping_add(step.weights);
            next.reading = tap.reading + step.reading;
            if next.reading >= self.repeat {
                next.reading -= self.repeat;
                next.input = next.input.wrapping_add(self.pitch);
            }
            tap
        })
    }

    /// The largest float offsets into input and weights that a tap reads, or `None` if one is not a
    /// `usize`. Offsets are monotone in the tap, so the ends tell.
    #[inline(always)]
    pub(super) fn reach(&self) -> Option<(usize, usize)> {
        let last = self.count.checked_sub(1)?;
        let Tap { input: step, weights, reading } = self.step;
        let beside = if self.repeat == 1 {
            0
        } else {
            let readings = last.checked_mul(reading)?.checked_add(self.first.reading)?;
            readings.checked_div(self.repeat)?.checked_mul(self.pitch)?
        };
        let steps = isize::try_from(last).ok()?.checked_mul(step as isize)?;
        let end = self.first.input.checked_add_signed(steps)?.checked_add(beside)?;
        Some((self.first.input.max(end), last.checked_mul(weights)?.checked_add(self.first.weights)?))
    }
}
