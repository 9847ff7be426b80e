//! Reads handwritten digits in a browser: what the page calls.
//!
//! The page writes its canvas into memory at `canvas()`, calls `read()`, and finds what came of it where `image()`,
//! `probabilities()` and `picture(layer)` point to. Nothing else is exchanged, so that no generated glue is needed.

#![cfg_attr(
    not(any(target_family = "wasm", test)),
    expect(dead_code, reason = "only WebAssembly exports what the page calls")
)]

mod fit;
mod page;
mod picture;

/// Functions that are exported by their names: in WebAssembly alone, for elsewhere `read` is the system's.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "an exported name might be another's; the page's module has no others")]
mod exports {
    use std::cell::RefCell;

    use crate::fit;
    use crate::page::Page;

    thread_local! {
        static PAGE: RefCell<Page> = RefCell::default();
    }

    /// The pixels of the canvas, to be written: red, green, blue and alpha, row by row.
    #[unsafe(no_mangle)]
    extern "C" fn canvas() -> *mut [u8; 4] {
        PAGE.with_borrow_mut(|page| page.canvas.as_flattened_mut().as_mut_ptr())
    }

    /// Height and width of the canvas.
    #[unsafe(no_mangle)]
    extern "C" fn side() -> usize {
        fit::SIDE
    }

    /// Reads the canvas, and says whether there is ink on it. Without, nothing is computed.
    #[unsafe(no_mangle)]
    extern "C" fn read() -> bool {
        PAGE.with_borrow_mut(Page::read)
    }

    /// Predicts this many times from what was read last, for the page to time it.
    #[unsafe(no_mangle)]
    extern "C" fn repeat(times: u32) {
        PAGE.with_borrow_mut(|page| (0..times).for_each(|_| page.predict()));
    }

    /// 28 × 28 numbers: what the network was given.
    #[unsafe(no_mangle)]
    extern "C" fn image() -> *const f32 {
        PAGE.with_borrow(|page| page.image.as_flattened().as_flattened().as_ptr())
    }

    /// Ten numbers.
    #[unsafe(no_mangle)]
    extern "C" fn probabilities() -> *const f32 {
        PAGE.with_borrow(|page| page.probabilities.as_ptr())
    }

    /// The maps of a layer in one picture: red, green, blue and alpha, row by row; null if there is no such layer.
    #[unsafe(no_mangle)]
    extern "C" fn picture(layer: usize) -> *const [u8; 4] {
        PAGE.with_borrow(|page| page.pictures.get(layer).map_or(std::ptr::null(), |it| it.pixels.as_ptr()))
    }

    /// Pixels in a row of that picture.
    #[unsafe(no_mangle)]
    extern "C" fn width(layer: usize) -> usize {
        PAGE.with_borrow(|page| page.pictures.get(layer).map_or(0, |it| it.width))
    }

    /// Its rows.
    #[unsafe(no_mangle)]
    extern "C" fn height(layer: usize) -> usize {
        PAGE.with_borrow(|page| page.pictures.get(layer).map_or(0, |it| it.pixels.len() / it.width))
    }

    /// The number that has the lightest colour in it; the darkest is 0.
    #[unsafe(no_mangle)]
    extern "C" fn most(layer: usize) -> f32 {
        PAGE.with_borrow(|page| page.pictures.get(layer).map_or(0.0, |it| it.most))
    }
}
