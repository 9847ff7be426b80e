//! Who computes a prediction.

#[cfg(feature = "std")]
use crate::threads::Threads;

/// The calling thread, and with feature `std` those of a pool.
#[derive(Clone, Debug, Default)]
pub struct Team {
    #[cfg(feature = "std")]
    threads: Option<Threads>,
}

impl Team {
    /// The calling thread.
    pub const ALONE: Self = Self {
        #[cfg(feature = "std")]
        threads: None,
    };

    /// The calling thread and a pool, each of whose threads gets so many floats of scratch memory.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn new(threads: &Threads, scratch: usize) -> Self {
        threads.reserve(scratch);
        Self { threads: Some(threads.clone()) }
    }

    /// Whether only the calling thread computes.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        #[cfg(feature = "std")]
        return self.threads.is_none();
        #[cfg(not(feature = "std"))]
        true
    }

    /// Number of its threads.
    #[must_use]
    pub fn count(&self) -> usize {
        #[cfg(feature = "std")]
        return self.threads.as_ref().map_or(1, Threads::count);
        #[cfg(not(feature = "std"))]
        1
    }

    /// Calls `chunk` once with each index below `count`, in no order, and with scratch memory that is its own
    /// meanwhile: `scratch`, or as much of another thread's. What is in it at first has no meaning.
    ///
    /// # Panics
    /// If a chunk does, once none is running any more.
    #[inline]
    pub fn each(&self, count: usize, scratch: &mut [f32], chunk: impl Fn(usize, &mut [f32]) + Sync) {
        #[cfg(feature = "std")]
        if let (Some(threads), Ok(count @ 2..)) = (&self.threads, u32::try_from(count)) {
            return threads.each(count, scratch, &chunk);
        }
        for index in 0..count {
            chunk(index, scratch);
        }
    }
}
