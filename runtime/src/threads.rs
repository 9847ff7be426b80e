//! A pool of threads that share the chunks of a job.
//!
//! The thread that has a job takes chunks from the front, the workers take them from the back, until they meet. So the
//! split of the work does not depend on timing, a worker that the system does not let run costs nothing, and with one
//! worker each core keeps meeting the rows that it wrote before.

use core::any::Any;
use core::fmt;
use core::hint::spin_loop;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};
use core::time::Duration;
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::vec::Vec;

use crate::memory::Heap;

/// How long a thread that waits spins before it lets others run, and how long it stays awake without work.
const SPIN: Duration = Duration::from_micros(20);
const AWAKE: Duration = Duration::from_micros(200);

/// A pool of threads for models to predict on; a handle, cheap to clone. The threads end with the last handle.
///
/// Several models and several predictions at once may use one pool: while it is busy with one's layer, the others
/// compute theirs on their own thread. Predictions give the same bits on any number of threads.
#[derive(Clone)]
pub struct Threads(Arc<Pool>);

impl Threads {
    /// A pool with which a prediction uses `count` threads, the calling one among them; fewer if the system
    /// does not grant so many.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let seats = (1..count).map(|_| Seat::default()).collect();
        let shared = Arc::new(Shared { seats, ..Shared::default() });
        let workers = (1..count).map_while(|index| {
            let shared = Arc::clone(&shared);
            let name = std::format!("convolve-{index}");
            thread::Builder::new().name(name).spawn(move || shared.work(&shared.seats[index - 1])).ok()
        });
        let workers = workers.collect();
        Self(Arc::new(Pool { shared, workers }))
    }

    /// Threads of a prediction, the calling one among them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.workers.len() + 1
    }

    /// Sees to it that each worker has so many floats of scratch memory.
    pub(crate) fn reserve(&self, floats: usize) {
        for seat in &self.0.shared.seats {
            // A worker may hold the memory: it gets more, and keeps the larger.
            let mut scratch = lock(&seat.scratch.0);
            if scratch.as_slice().len() < floats {
                *scratch = Heap::zeroed(floats);
            }
        }
    }

    /// Calls `chunk` once with each index below `count`, on the pool's threads unless it is busy, and with scratch
    /// memory that is its own meanwhile: `scratch`, or as much of a worker's.
    ///
    /// # Panics
    /// If a chunk does, once none is running any more.
    pub(crate) fn each(&self, count: u32, scratch: &mut [f32], chunk: Chunk<'_>) {
        let Pool { shared, workers } = &*self.0;
        if workers.is_empty() || shared.offer.0.busy.swap(true, Acquire) {
            return (0..count).for_each(|index| chunk(index as usize, scratch));
        }
        let job = Job { chunk, scratch: scratch.len(), panic: Mutex::new(None) };
        shared.done.0.store(0, Relaxed);
        shared.offer.0.job.store(core::ptr::from_ref(&job).cast_mut().cast(), Relaxed);
        shared.offer.0.chunks.store(u64::from(count) << 32, SeqCst);
        let mut running = Running { shared, count, own: 0 };
        for (seat, worker) in shared.seats.iter().zip(workers) {
            if seat.parked.0.load(SeqCst) && seat.parked.0.swap(false, SeqCst) {
                worker.thread().unpark();
            }
        }
        while let Some(index) = shared.claim(|front, back| (front, [front + 1, back])) {
            running.own += 1;
            chunk(index as usize, scratch);
        }
        drop(running);
        if let Some(payload) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(payload);
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Threads({})", self.count())
    }
}

/// The work of one chunk: its index, and scratch memory.
type Chunk<'a> = &'a (dyn Fn(usize, &mut [f32]) + Sync);

/// What the calling thread lends to the workers.
struct Job<'a> {
    chunk: Chunk<'a>,
    /// Floats of scratch memory.
    scratch: usize,
    /// What the last chunk that panicked on a worker said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// The workers, as their handles own them.
struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A chunk's panic was caught, so that the worker ended well; and it cannot be this thread, because a job holds
            // a handle.
            _ = worker.join();
        }
    }
}

/// Keeps a value from sharing a cache line with what other threads write.
#[derive(Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// What the calling threads and the workers share.
#[derive(Default)]
struct Shared {
    offer: Apart<Offer>,
    /// Chunks that workers have finished.
    done: Apart<AtomicUsize>,
    /// Whether the workers must end.
    stop: AtomicBool,
    /// One for each worker.
    seats: Box<[Seat]>,
}

/// The job on offer.
#[derive(Default)]
struct Offer {
    /// Whether there is one.
    busy: AtomicBool,
    /// The [`Job`], which lives until every chunk that was claimed is finished.
    job: AtomicPtr<()>,
    /// The chunks that nobody has claimed, from the low half up to the high half.
    chunks: AtomicU64,
}

/// What belongs to one worker.
#[derive(Default)]
struct Seat {
    parked: Apart<AtomicBool>,
    scratch: Apart<Mutex<Heap>>,
}

impl Shared {
    /// Claims a chunk of whatever job there is: `take` gives its index, and what is left of the range.
    fn claim(&self, take: impl Fn(u32, u32) -> (u32, [u32; 2])) -> Option<u32> {
        let mut seen = self.offer.0.chunks.load(Acquire);
        loop {
            let (front, back) = halves(seen);
            if front >= back {
                return None;
            }
            let (index, [front, back]) = take(front, back);
            let left = u64::from(front) | u64::from(back) << 32;
            match self.offer.0.chunks.compare_exchange_weak(seen, left, AcqRel, Acquire) {
                Ok(_) => return Some(index),
                Err(now) => seen = now,
            }
        }
    }

    /// Whether a worker has something to do.
    fn calls(&self) -> bool {
        let (front, back) = halves(self.offer.0.chunks.load(SeqCst));
        front < back || self.stop.load(SeqCst)
    }

    /// What a worker does until the pool ends.
    fn work(&self, seat: &Seat) {
        while !self.stop.load(Acquire) {
            if let Some(index) = self.claim(|front, back| (back - 1, [front, back - 1])) {
                self.run(index, seat);
            } else if !wait(AWAKE, || self.calls()) {
                // A job that comes before the flag is seen here, one that comes after it sees the flag.
                seat.parked.0.store(true, SeqCst);
                if !self.calls() {
                    thread::park();
                }
                seat.parked.0.store(false, SeqCst);
            }
        }
    }

    /// Computes a chunk that was claimed.
    #[expect(unsafe_code, reason = "a job is borrowed from the thread that waits for it")]
    fn run(&self, index: u32, seat: &Seat) {
        // SAFETY: the pointer was stored before the chunk that this thread claimed was on offer, and `Running` keeps
        // the thread that lends the job from going on until the chunk is counted as done, below.
        let job = unsafe { &*self.offer.0.job.load(Relaxed).cast::<Job<'_>>().cast_const() };
        let mut scratch = core::mem::take(&mut *lock(&seat.scratch.0));
        if scratch.as_slice().len() < job.scratch {
            scratch = Heap::zeroed(job.scratch);
        }
        let floats = &mut scratch.as_mut_slice()[..job.scratch];
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (job.chunk)(index as usize, floats))) {
            *lock(&job.panic) = Some(payload);
        }
        let mut place = lock(&seat.scratch.0);
        if place.as_slice().len() < scratch.as_slice().len() {
            *place = scratch;
        }
        drop(place);
        self.done.0.fetch_add(1, Release);
    }
}

/// A job that is being done. Its end, be it a panic of the calling thread, takes back the chunks that nobody claimed
/// and waits for those of the workers.
struct Running<'a> {
    shared: &'a Shared,
    count: u32,
    /// Chunks that the calling thread claimed.
    own: u32,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let (front, back) = halves(self.shared.offer.0.chunks.swap(0, AcqRel));
        let claimed = (self.count - (back - front) - self.own) as usize;
        wait(Duration::MAX, || self.shared.done.0.load(Acquire) == claimed);
        self.shared.offer.0.busy.store(false, Release);
    }
}

/// The range of chunks in one word.
fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

/// Waits until `ready`, or so long; gives whether it is.
fn wait(patience: Duration, ready: impl Fn() -> bool) -> bool {
    let mut start = None;
    loop {
        for _ in 0..32 {
            if ready() {
                return true;
            }
            spin_loop();
        }
        let waited = start.get_or_insert_with(Instant::now).elapsed();
        if waited > patience {
            return false;
        }
        if waited > SPIN {
            thread::yield_now();
        }
    }
}

/// The lock's content; nothing that is held meanwhile panics.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
