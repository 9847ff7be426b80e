//! What `cnn!` expands to means the same wherever it stands, and the same each time.

use convolve::Workspace;
use proc_macro2::{TokenStream, TokenTree};

/// Every name that an expansion might reach for means something else here.
mod hostile {
    #![no_implicit_prelude]
    #![allow(dead_code, unused_macros, non_camel_case_types, reason = "the names only have to be in the way")]

    mod core {}
    mod std {}
    mod alloc {}
    mod rt {}
    mod __private {}
    mod f32 {}
    struct Option;
    struct Result;
    struct Some;
    struct None;
    struct Ok;
    struct Err;
    struct Vec;
    struct Box;
    struct String;
    struct usize;
    struct u8;
    struct u64;
    struct bool;
    struct str;
    struct Model;
    struct Workspace;
    struct Weights;
    struct Level;
    struct Layer;
    struct Layers;
    struct Traced;
    struct Unfused;
    struct Input;
    struct Output;
    trait Default {}
    trait Clone {}
    trait From {}
    trait Debug {}
    const FILE: () = ();
    const TENSORS: () = ();
    fn predict() {}
    fn run() {}
    macro_rules! include_bytes {
        () => {};
    }
    macro_rules! stringify {
        () => {};
    }
    macro_rules! assert_eq {
        () => {};
    }

    ::convolve::cnn! {
        pub fn First(image: Input<5, 5, 1>) -> Output<3> {
            let features = conv2d(image, filters = 2, kernel_size = 3, activation = relu);
            dense(flatten(features), units = 3, activation = softmax)
        }

        pub fn Second(first: Input<4>, second: Input<4>) -> Output<4> {
            first + second
        }
    }

    ::convolve::cnn! {
        #[trace]
        pub fn Third(x: Input<2>, arena: Input<2>) -> Output<2> { tanh(x * arena) }
    }
}

#[test]
fn a_hostile_scope_changes_nothing() {
    let probabilities = hostile::First::init(7).predict(&[[[1.0]; 5]; 5], &mut Workspace::new()).to_owned();
    assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    let sum = *hostile::Second::init(0).predict(&[1.0; 4], &[2.0; 4], &mut Workspace::new());
    assert_eq!(sum, [3.0; 4]);
    let zeros = *hostile::Third::init(0).predict(&[0.0; 2], &[1.0; 2], &mut Workspace::new());
    assert_eq!(zeros, [0.0; 2]);
    let mut workspace = Workspace::new();
    let layers = hostile::Third::init(0).trace(&[2.0, 1.0], &[0.0, 3.0], &mut workspace);
    assert_eq!(layers.get("mul_1").expect("a layer of this name").data, [0.0, 3.0]);
}

const NETWORKS: &str = "[root]
    #[doc = \"Two branches.\"]
    pub fn Branches(image: Input<32, 32, 3>) -> (Output, Output<10>) {
        let stem = conv2d(image, filters = 8, kernel_size = 3, padding = same);
        let norm = batch_norm(stem);
        let left = max_pool2d(relu(norm), kernel_size = 2);
        let right = avg_pool2d(relu(norm), kernel_size = 2);
        let joined = concat(left, right) + conv2d(left, filters = 16, kernel_size = 1);
        let up = upsample2d(joined, scale_factor = 2);
        (up, dense(flatten(joined), units = 10, activation = softmax))
    }";

fn expanded() -> TokenStream {
    convolve_compiler::cnn::expand(NETWORKS.parse().expect("these are tokens"))
}

#[test]
fn an_expansion_is_the_same_each_time() {
    let first = expanded().to_string();
    assert!(first.contains("struct Branches"), "{first}");
    for _ in 0..5 {
        assert_eq!(expanded().to_string(), first);
    }
}

#[test]
fn an_expansion_has_no_unsafe_code() {
    fn words(tokens: TokenStream) -> Vec<String> {
        let word = |token| match token {
            TokenTree::Group(group) => words(group.stream()),
            TokenTree::Ident(ident) => vec![ident.to_string()],
            _ => Vec::new(),
        };
        tokens.into_iter().flat_map(word).collect()
    }
    let words = words(expanded());
    assert!(words.contains(&"predict".to_owned()));
    assert!(!words.contains(&"unsafe".to_owned()));
}
