//! The pool: every chunk once, whoever else uses it and whatever goes wrong.

// WebAssembly has no threads.
#![cfg(not(target_family = "wasm"))]
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use convolve_runtime::team::Team;
use convolve_runtime::threads::Threads;

const COUNTS: [usize; 5] = [0, 1, 2, 3, 8];

/// Runs a job of so many chunks, and checks that each ran once.
#[track_caller]
fn each_once(team: &Team, chunks: usize) {
    let calls: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
    team.each(chunks, &mut [], |chunk, _| _ = calls[chunk].fetch_add(1, SeqCst));
    assert!(calls.iter().all(|calls| calls.load(SeqCst) == 1), "{calls:?}");
}

/// Waits until somebody else sets it.
fn wait_for(flag: &AtomicBool) {
    while !flag.load(SeqCst) {
        thread::yield_now();
    }
}

#[test]
fn every_chunk_runs_once() {
    for count in COUNTS {
        let threads = Threads::new(count);
        assert_eq!(threads.count(), count.max(1));
        let team = Team::new(&threads, 0);
        for chunks in [0, 1, 2, 3, 7, 16, 1000] {
            each_once(&team, chunks);
        }
    }
}

#[test]
fn short_jobs_follow_each_other() {
    let team = Team::new(&Threads::new(3), 0);
    for job in 0..20_000 {
        let sum = AtomicUsize::new(0);
        team.each(4, &mut [], |chunk, _| _ = sum.fetch_add(job + chunk, SeqCst));
        assert_eq!(sum.into_inner(), 4 * job + 6);
    }
}

#[test]
fn workers_that_sleep_are_woken() {
    let team = Team::new(&Threads::new(2), 0);
    for pause in [0, 100, 1_000, 20_000] {
        thread::sleep(std::time::Duration::from_micros(pause));
        let (first, second) = (AtomicBool::new(false), AtomicBool::new(false));
        // Neither chunk ends before the other has begun: it takes two threads.
        team.each(2, &mut [], |chunk, _| {
            let (own, other) = if chunk == 0 { (&first, &second) } else { (&second, &first) };
            own.store(true, SeqCst);
            wait_for(other);
        });
    }
}

#[test]
fn chunks_have_scratch_memory_of_their_own() {
    let threads = Threads::new(4);
    let teams = [Team::new(&threads, 10), Team::new(&threads, 1000)];
    for (team, floats) in teams.iter().zip([10, 1000]).cycle().take(200) {
        team.each(16, &mut vec![0.0; floats], |chunk, scratch| {
            assert_eq!(scratch.len(), floats);
            scratch.fill(chunk as f32);
            thread::yield_now();
            assert!(scratch.iter().all(|&x| x == chunk as f32));
        });
    }
}

#[test]
fn jobs_may_have_jobs() {
    let threads = Threads::new(3);
    let team = Team::new(&threads, 0);
    let inner = AtomicUsize::new(0);
    team.each(8, &mut [], |_, _| {
        each_once(&team, 5);
        _ = inner.fetch_add(1, SeqCst);
        // A model may join the pool meanwhile.
        _ = Team::new(&threads, 100);
    });
    assert_eq!(inner.into_inner(), 8);
}

#[test]
fn many_may_use_a_pool() {
    let threads = Threads::new(3);
    thread::scope(|scope| {
        for chunks in 1..5 {
            let threads = threads.clone();
            scope.spawn(move || {
                for _ in 0..2_000 {
                    each_once(&Team::new(&threads, chunks), 3 * chunks);
                }
            });
        }
    });
}

#[test]
fn a_panic_reaches_the_caller_and_leaves_the_pool_well() {
    let team = Team::new(&Threads::new(2), 0);
    let caller = thread::current().id();
    for worker in [true, false] {
        let (one, both, done) = (AtomicBool::new(false), AtomicBool::new(false), AtomicBool::new(false));
        let result = catch_unwind(AssertUnwindSafe(|| {
            team.each(2, &mut [], |_, _| {
                // Both threads have a chunk.
                if one.swap(true, SeqCst) {
                    both.store(true, SeqCst);
                }
                wait_for(&both);
                if worker == (thread::current().id() != caller) {
                    panic!("a fault of chunks");
                }
                thread::sleep(std::time::Duration::from_millis(2));
                done.store(true, SeqCst);
            });
        }));
        let payload = result.expect_err("a panic");
        assert_eq!(payload.downcast_ref(), Some(&"a fault of chunks"));
        assert!(done.into_inner(), "the caller went on while a chunk was running");
        each_once(&team, 100);
    }
}

#[test]
fn threads_end_with_the_last_handle() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    struct Count;
    impl Drop for Count {
        fn drop(&mut self) {
            ENDED.fetch_add(1, SeqCst);
        }
    }
    thread_local!(static END: RefCell<Option<Count>> = const { RefCell::new(None) });

    let threads = Threads::new(3);
    let team = Team::new(&threads, 0);
    let (caller, began) = (thread::current().id(), AtomicUsize::new(0));
    team.each(3, &mut [], |_, _| {
        if thread::current().id() != caller {
            END.set(Some(Count));
        }
        // Three chunks that run at once: each worker has one.
        began.fetch_add(1, SeqCst);
        while began.load(SeqCst) < 3 {
            thread::yield_now();
        }
    });
    drop(threads);
    each_once(&team, 10);
    assert_eq!(ENDED.load(SeqCst), 0);
    drop(team);
    assert_eq!(ENDED.load(SeqCst), 2);
}
