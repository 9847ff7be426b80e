//! Cross-entropies from logits: the derivative is prediction minus target, and no probability is rounded before its
//! logarithm is taken.

/// Writes exp (x − max x) of each logit x, and gives the maximum and the sum.
pub(super) fn exponentials(logits: &[f32], into: &mut [f32]) -> (f32, f64) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (into, logit) in into.iter_mut().zip(logits) {
        *into = (logit - max).exp();
        sum += f64::from(*into);
    }
    (max, sum)
}

/// After softmax, of classes' indices.
pub(super) fn sparse(
    channels: usize,
    output: &[f32],
    target: &[f32],
    weight: f32,
    gradient: &mut [f32],
) -> f64 {
    let pixels = output.len() / channels;
    assert_eq!(pixels, target.len(), "a class for each pixel");
    let scale = weight / pixels as f32;
    let mut loss = 0.0;
    let rows = output.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels));
    for ((logits, slopes), class) in rows.zip(target) {
        let class = *class as usize;
        let (max, sum) = exponentials(logits, slopes);
        loss += sum.ln() - f64::from(logits[class] - max);
        let share = (f64::from(scale) / sum) as f32;
        slopes.iter_mut().for_each(|slope| *slope *= share);
        slopes[class] -= scale;
    }
    loss / pixels as f64
}

/// After softmax, of shares, which need not sum to one.
pub(super) fn categorical(
    channels: usize,
    output: &[f32],
    target: &[f32],
    weight: f32,
    gradient: &mut [f32],
) -> f64 {
    assert_eq!(output.len(), target.len(), "a target for each element");
    let pixels = output.len() / channels;
    let scale = weight / pixels as f32;
    let mut loss = 0.0;
    let rows = output.chunks_exact(channels).zip(gradient.chunks_exact_mut(channels));
    for ((logits, slopes), shares) in rows.zip(target.chunks_exact(channels)) {
        let (max, sum) = exponentials(logits, slopes);
        let total: f64 = shares.iter().copied().map(f64::from).sum();
        let log_sum = sum.ln();
        let share = (total * f64::from(scale) / sum) as f32;
        for ((slope, logit), target) in slopes.iter_mut().zip(logits).zip(shares) {
            // Where nothing is asked of a class, its logit may be −∞.
            if *target != 0.0 {
                loss += f64::from(*target) * (log_sum - f64::from(logit - max));
            }
            *slope = share * *slope - scale * target;
        }
    }
    loss / pixels as f64
}

/// Elements whose logarithms are taken at once: of 64 factors between 1 and 2 the product is far from overflow.
const FACTORS: usize = 64;

/// After the logistic function: max (x, 0) − x · t + ln (1 + exp −|x|) of each element.
pub(super) fn binary(output: &[f32], target: &[f32], weight: f32, gradient: &mut [f32]) -> f64 {
    assert_eq!(output.len(), target.len(), "a target for each element");
    let scale = weight / output.len() as f32;
    let mut loss = 0.0;
    let parts = output.chunks(FACTORS).zip(target.chunks(FACTORS));
    for ((logits, targets), slopes) in parts.zip(gradient.chunks_mut(FACTORS)) {
        // A sum of logarithms is the logarithm of a product, which costs one instead of many.
        let (mut linear, mut product) = (0.0, 1.0);
        for ((slope, logit), target) in slopes.iter_mut().zip(logits).zip(targets) {
            let small = (-logit.abs()).exp();
            let above = if *logit >= 0.0 { 1.0 } else { small };
            *slope = scale * (above / (1.0 + small) - target);
            linear += f64::from(logit.max(0.0)) - f64::from(*logit) * f64::from(*target);
            product *= 1.0 + f64::from(small);
        }
        loss += linear + product.ln();
    }
    loss / output.len() as f64
}
