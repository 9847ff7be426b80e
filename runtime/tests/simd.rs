//! Every operation of every SIMD level against `f32` arithmetic, lane by lane.

mod common;

use common::Random;
use convolve_runtime::simd::{Level, Simd, WithSimd};

/// Applies each operation to two vectors, lane `i` of which is element `i` of the slices; a row of results each.
struct Operations<'a> {
    a: &'a [f32; 16],
    b: &'a [f32; 16],
}

/// What [`Operations`] gives: the operation's name, and its result in the lanes of one vector.
type Results = Vec<(&'static str, Vec<f32>)>;

impl WithSimd for Operations<'_> {
    type Output = Results;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> Results {
        let (a, b) = (s.load(self.a), s.load(self.b));
        let truth = |mask| s.select(mask, s.splat(1.0), s.splat(0.0));
        [
            ("splat", s.splat(self.a[0])),
            ("add", s.add(a, b)),
            ("sub", s.sub(a, b)),
            ("mul", s.mul(a, b)),
            ("div", s.div(a, b)),
            ("min", s.min(a, b)),
            ("max", s.max(a, b)),
            ("maximum", s.maximum(a, b)),
            ("abs", s.abs(a)),
            ("neg", s.neg(a)),
            ("sqrt", s.sqrt(s.abs(a))),
            ("round", s.round(a)),
            ("lt", truth(s.lt(a, b))),
            ("is_nan", truth(s.is_nan(a))),
            ("select", s.select(s.lt(a, b), a, b)),
            ("mul_add", s.mul_add(a, b, a)),
            ("low half", s.halves(a)[0]),
            ("high half", s.halves(a)[1]),
        ]
        .into_iter()
        .map(|(name, v)| {
            let mut lanes = [0.0; 16];
            s.store(v, &mut lanes);
            (name, lanes[..S::LANES].to_vec())
        })
        .collect()
    }
}

/// The same in plain arithmetic. `max` and `min` give `b` if either is NaN.
fn expected(name: &str, a: f32, b: f32, first: f32) -> f32 {
    let truth = |holds: bool| f32::from(u8::from(holds));
    match name {
        "splat" => first,
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "min" => [b, a][usize::from(a < b)],
        "max" => [b, a][usize::from(a > b)],
        "maximum" if a.is_nan() || b.is_nan() => f32::NAN,
        "maximum" => a.max(b),
        "abs" => a.abs(),
        "neg" => -a,
        "sqrt" => a.abs().sqrt(),
        "round" => a.round_ties_even(),
        "lt" => truth(a < b),
        "is_nan" => truth(a.is_nan()),
        "select" => [b, a][usize::from(a < b)],
        "mul_add" => a.mul_add(b, a),
        "low half" => f32::from_be_bytes([a.to_be_bytes()[2], a.to_be_bytes()[3], 0, 0]),
        "high half" => f32::from_be_bytes([a.to_be_bytes()[0], a.to_be_bytes()[1], 0, 0]),
        _ => unreachable!("{name}"),
    }
}

#[test]
fn operations_match_f32() {
    const SPECIAL: [f32; 16] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        1.5,
        2.5,
        -2.5,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE,
        1e-40,
        4_194_303.5,
        6.25,
        1e30,
    ];
    let mut random = Random::new(5);
    let mut pairs = vec![];
    for shift in 0..16 {
        let mut b = SPECIAL;
        b.rotate_left(shift);
        for half in 0..4 {
            // Each value also reaches the lowest lanes.
            let mut a = SPECIAL;
            a.rotate_left(4 * half);
            pairs.push((a, b));
        }
    }
    for _ in 0..100 {
        let floats = random.floats(32);
        pairs.push((std::array::from_fn(|i| floats[i] * 100.0), std::array::from_fn(|i| floats[16 + i])));
    }
    for level in Level::available() {
        for (a, b) in &pairs {
            let first = a[0];
            for (name, lanes) in level.dispatch(Operations { a, b }) {
                for (lane, &got) in lanes.iter().enumerate() {
                    let (a, b) = (a[lane], b[lane]);
                    if name == "round" && a.is_finite() && a.abs() > 4_194_304.0 {
                        continue;
                    }
                    let want = expected(name, a, b, first);
                    // These levels multiply and add in two roundings, and the scalar level's root is Newton's.
                    let near = name == "mul_add" && matches!(level.name(), "scalar" | "wasm")
                        || name == "sqrt" && level == Level::SCALAR;
                    let same = got == want
                        || got.is_nan() && want.is_nan()
                        || near && (got - want).abs() <= 4e-7 * want.abs().max((a * b).abs());
                    assert!(same, "{name}({a}, {b}) on {level} is {got}, not {want}");
                }
            }
        }
    }
}

/// Sums, the largest lane, powers of two, and partial loads and stores of every length.
struct Lanes<'a>(&'a [f32; 16]);

impl WithSimd for Lanes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let v = s.load(self.0);
        let lanes = &self.0[..S::LANES];
        assert_eq!(16 % S::LANES, 0);
        let sum: f64 = lanes.iter().copied().map(f64::from).sum();
        assert!((f64::from(s.sum(v)) - sum).abs() < 1e-5);
        assert_eq!(s.largest(v), lanes.iter().copied().fold(f32::MIN, f32::max));

        for count in 0..=S::LANES + 2 {
            let kept = count.min(S::LANES);
            let mut loaded = [9.0; 16];
            s.store(s.load_partial(&self.0[..count.min(16)]), &mut loaded);
            assert_eq!(loaded[..kept], self.0[..kept]);
            assert!(loaded[kept..S::LANES].iter().all(|&x| x == 0.0));

            let mut stored = [9.0; 20];
            s.store_partial(v, &mut stored[..count]);
            assert_eq!(stored[..kept], self.0[..kept]);
            assert!(stored[kept..].iter().all(|&x| x == 9.0));
        }

        for n in -126..=127 {
            let mut powers = [0.0; 16];
            s.store(s.exp2_whole(s.splat(n as f32)), &mut powers);
            assert!(powers[..S::LANES].iter().all(|&x| x == 2f32.powi(n)), "2^{n}");
        }
    }
}

#[test]
fn lanes_are_reduced_and_moved_exactly() {
    let mut random = Random::new(6);
    for level in Level::available() {
        for _ in 0..20 {
            let floats = random.floats(16);
            level.dispatch(Lanes(&std::array::from_fn(|i| floats[i])));
        }
    }
}

#[test]
fn vectors_of_the_baseline_are_a_level() {
    let baseline = match () {
        () if cfg!(target_arch = "aarch64") => "neon",
        () if cfg!(target_feature = "simd128") => "wasm",
        () => "scalar",
    };
    assert!(Level::from_name(baseline).is_some(), "{baseline}");
}

#[test]
fn levels_have_names() {
    for level in Level::available() {
        assert_eq!(Level::from_name(level.name()), Some(level));
        assert_eq!(level.to_string(), level.name());
    }
    assert_eq!(Level::available().next(), Some(Level::SCALAR));
    assert_eq!(Level::from_name("avx1024"), None);
}
