//! The choice of a level.

use core::fmt;

use super::scalar::Scalar;
use super::{Simd, WithSimd};
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};

/// A set of instructions that this processor has: a value of this type is the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Inner);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inner {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Level {
    /// Portable code.
    pub const SCALAR: Self = Self(Inner::Scalar(Scalar));

    /// The best level of this processor. With feature `std`, asked of the processor; without, what
    /// the compilation's target features promise.
    ///
    /// With feature `std`, the environment variable `CONVOLVE_LEVEL` names another one, for tests
    /// and measurements; it is read once a process.
    ///
    /// # Panics
    /// If `CONVOLVE_LEVEL` names no level of this processor.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(feature = "std")]
        {
            static LEVEL: std::sync::OnceLock<Level> = std::sync::OnceLock::new();
            *LEVEL.get_or_init(|| match std::env::var("CONVOLVE_LEVEL") {
                Ok(name) => Self::from_name(&name)
                    .unwrap_or_else(|| panic!("CONVOLVE_LEVEL={name}: this processor has no such level")),
                Err(_) => Self::best(),
            })
        }
        #[cfg(not(feature = "std"))]
        Self::best()
    }

    /// The levels of this processor, from the slowest to the fastest.
    pub fn available() -> impl Iterator<Item = Self> {
        [
            Some(Self::SCALAR),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(|token| Self(Inner::Avx2(token))),
            #[cfg(target_arch = "x86_64")]
            Avx512::detect().map(|token| Self(Inner::Avx512(token))),
        ]
        .into_iter()
        .flatten()
    }

    /// The level of this [`name`](Self::name), if this processor has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::available().find(|level| level.name() == name)
    }

    /// `scalar`, `avx2` or `avx512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Inner::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Inner::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Inner::Avx512(_) => "avx512",
        }
    }

    /// Lanes of its vectors.
    #[must_use]
    pub fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;

            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::LANES
            }
        }
        self.dispatch(Lanes)
    }

    /// Runs `op` compiled for this level.
    #[inline]
    pub fn dispatch<W: WithSimd>(self, op: W) -> W::Output {
        match self.0 {
            Inner::Scalar(token) => token.call(op),
            #[cfg(target_arch = "x86_64")]
            Inner::Avx2(token) => token.call(op),
            #[cfg(target_arch = "x86_64")]
            Inner::Avx512(token) => token.call(op),
        }
    }

    fn best() -> Self {
        Self::available().last().unwrap_or(Self::SCALAR)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
