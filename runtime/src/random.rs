//! Random numbers that are functions of a key and a counter: in any order, on any thread, the same bits.

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every bit of the result depends on every
/// bit of the counter.
#[inline]
#[must_use]
pub const fn mix(counter: u64) -> u64 {
    let z = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Number `index` of the sequence that the key chooses, normally distributed with mean 0 and variance 1.
///
/// It is the sum of twelve uniform ones (variance 1/12 each): unlike the exact methods it needs no
/// logarithm, so the bits are the same everywhere.
#[inline]
#[must_use]
pub fn normal(key: u64, index: u64) -> f32 {
    let mut sum = 0i64;
    for draw in 0..3 {
        let bits = mix(key ^ mix(index.wrapping_mul(3).wrapping_add(draw)));
        sum += (0..4).map(|quarter| (bits >> (16 * quarter) & 0xffff) as i64).sum::<i64>();
    }
    // Each of the twelve stands for the middle of its cell: the sum's mean is 6 · 65535.
    (sum - 6 * 65535) as f32 / 65536.0
}

/// Number `index` of the sequence that the key chooses, between −1 and 1: one of 2²⁴ in even steps around zero, all of
/// which single precision holds exactly.
#[must_use]
pub fn uniform(key: u64, index: u64) -> f32 {
    let step = (mix(key ^ mix(index)) >> 40) as i32;
    (2 * step + 1 - (1 << 24)) as f32 / 16_777_216.0
}
