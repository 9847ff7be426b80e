//! Into how many parts the work of a layer is split for threads. It depends on the layer alone, so that results do not
//! depend on the number of threads.

/// Multiply–adds of some three microseconds: it takes less time to compute them than to share them.
const SMALL: usize = 150_000;
/// Multiply–adds that are worth to be handed out.
const GRAIN: usize = 75_000;
/// Most parts: enough for some threads to end at nearly the same time.
const MOST: usize = 16;

/// Parts for so many multiply–adds: a power of two, which common numbers of threads divide.
pub(super) fn parts(macs: usize) -> usize {
    if macs < SMALL { 1 } else { 1 << (macs / GRAIN).min(MOST).ilog2() }
}
