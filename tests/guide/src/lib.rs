//! The crate that a reader of the guide makes. Its documentation tests are the Rust of the pages, which finds here the
//! files that the pages speak of.
#![forbid(unsafe_code)]

/// Each page as documentation; that of errors has tests of its own.
macro_rules! pages {
    ($($page:ident)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../../docs/", stringify!($page), ".md"))]
        mod $page {}
    )*};
}

pages! { README get_started spec embedding training performance compiler slides }
