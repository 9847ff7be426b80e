//! The choice of a level.

use core::fmt;

use super::{Simd, WithSimd};

/// A set of instructions that this processor has: a value of this type is the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Inner);

/// Makes `Inner` of the modules that implement levels, each named by its module, and their tokens.
macro_rules! levels {
    ($($(#[$cfg:meta])? $module:ident::$token:ident,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Inner {
            $($(#[$cfg])? $token(super::$module::$token),)+
        }

        impl Inner {
            /// All of them, those that this processor lacks as `None`.
            fn all() -> impl Iterator<Item = Option<Self>> {
                [$($(#[$cfg])? super::$module::$token::detect().map(Self::$token),)+].into_iter()
            }

            const fn name(self) -> &'static str {
                match self {
                    $($(#[$cfg])? Self::$token(_) => stringify!($module),)+
                }
            }

            #[inline]
            fn call<W: WithSimd>(self, op: W) -> W::Output {
                match self {
                    $($(#[$cfg])? Self::$token(token) => token.call(op),)+
                }
            }
        }
    };
}

// From the slowest to the fastest.
levels! {
    scalar::Scalar,
    #[cfg(target_arch = "x86_64")]
    avx2::Avx2,
    #[cfg(target_arch = "x86_64")]
    avx512::Avx512,
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    neon::Neon,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    wasm::Wasm,
}

impl Level {
    /// Portable code.
    pub const SCALAR: Self = Self(Inner::Scalar(super::Scalar));

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
        Inner::all().flatten().map(Self)
    }

    /// The level of this [`name`](Self::name), if this processor has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::available().find(|level| level.name() == name)
    }

    /// `scalar`, `avx2`, `avx512`, `neon` or `wasm`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name()
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
        self.0.call(op)
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
