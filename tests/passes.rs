//! What each pass does, and what it declines, on chosen networks. `property.rs` tries random ones.

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_tests::network::graph;

/// What the passes say of a network that starts with an input of 8 × 8 × 4.
fn reports(layers: &str) -> Vec<String> {
    let text = format!("name: Net\ninput: [8, 8, 4]\nlayers:\n{layers}");
    let mut graph = graph(&text).expect("a valid network");
    let options = Options::default();
    let mut reports = optimise(&mut graph, &options);
    reports.extend(plan(&graph, &options).reports);
    reports.iter().map(ToString::to_string).collect()
}

/// Checks that the passes say this of these layers.
#[track_caller]
fn says(layers: &str, expected: &str) {
    let reports = reports(layers);
    assert!(reports.iter().any(|report| report == expected), "{reports:#?}");
}

const CONV: &str = "  - conv2d: { name: conv, filters: 4, kernel_size: 3, padding: same }\n";

#[test]
fn identities_are_dropped() {
    for identity in [
        "dropout: { name: same, rate: 0.1 }",
        "linear: { name: same }",
        "upsample2d: { name: same, scale_factor: 1 }",
        "reshape: { name: same, shape: [8, 8, 4] }",
        "pad2d: { name: same, padding: 0 }",
        "crop2d: { name: same, cropping: 0 }",
        "subsample2d: { name: same, stride: 1 }",
        "depth_to_space: { name: same, block_size: 1 }",
    ] {
        says(&format!("{CONV}  - {identity}\n  - relu\n"), "drop_identities: same");
    }
    assert_eq!(reports("  - crop2d: { cropping: 1 }\n"), [""; 0]);
}

#[test]
fn a_norm_is_folded_into_what_comes_before() {
    let norm = "  - batch_norm: { name: norm }\n";
    says(&format!("{CONV}{norm}"), "fold_norm: conv with norm");
    let depthwise = "  - depthwise_conv2d: { name: deep, kernel_size: 3 }\n";
    says(&format!("{depthwise}{norm}"), "fold_norm: deep with norm");
    let transposed = "  - conv2d_transpose: { name: up, filters: 4, kernel_size: 3 }\n";
    says(&format!("{transposed}{norm}"), "fold_norm: up with norm");
    let dense = "  - flatten: { name: flat }\n  - dense: { name: dense, units: 3 }\n";
    says(&format!("{dense}{norm}"), "fold_norm: dense with norm");

    let twice = format!("{CONV}{norm}  - batch_norm: {{ name: again }}\n");
    says(&twice, "fold_norm: not: conv+norm into again: a norm is folded into it already");
    let active = CONV.replace("same }", "same, activation: relu }");
    assert!(!reports(&format!("{active}{norm}")).contains(&"fold_norm: conv with norm".to_owned()));
    let shared = format!("{CONV}{norm}  - add: {{ from: [norm, conv] }}\n");
    says(&shared, "fold_norm: not: conv into norm: something else reads it too");
}

#[test]
fn a_norm_is_folded_into_what_comes_after() {
    let norm = "  - batch_norm: { name: norm }\n";
    let valid = CONV.replace("same }", "valid }");
    says(&format!("{norm}{valid}"), "fold_norm: norm with conv");
    let flat = "  - flatten\n  - batch_norm: { name: norm }\n  - dense: { name: dense, units: 3 }\n";
    says(flat, "fold_norm: norm with dense");

    let padded =
        "fold_norm: not: norm into conv: its windows reach past the input, where the norm does not apply";
    says(&format!("{norm}{CONV}"), padded);
    let active = format!("{norm}  - relu\n{valid}");
    says(&active, "fuse_activation: norm with relu_1");
}

#[test]
fn padding_is_absorbed() {
    let pad = "  - pad2d: { name: pad, padding: 2 }\n";
    says(&format!("{pad}{CONV}"), "absorb_padding: pad with conv");
    let depthwise = "  - depthwise_conv2d: { name: deep, kernel_size: 3 }\n";
    says(&format!("{pad}{depthwise}"), "absorb_padding: pad with deep");

    let ones = pad.replace("padding: 2", "padding: 2, value: 1");
    says(&format!("{ones}{CONV}"), "absorb_padding: not: pad into conv: it does not pad with zeros");
    let transposed = "  - conv2d_transpose: { name: up, filters: 4, kernel_size: 3 }\n";
    let reason = "the convolution's own padding is not around its input";
    says(&format!("{pad}{transposed}"), &format!("absorb_padding: not: pad into up: {reason}"));
    let normed = format!("{pad}  - batch_norm: {{ name: norm }}\n{}", CONV.replace("same }", "valid }"));
    says(&normed, "absorb_padding: not: pad into norm+conv: a norm stands between");
    let pooled = format!("{pad}  - avg_pool2d: {{ kernel_size: 3 }}\n");
    assert_eq!(reports(&pooled), [""; 0]);
}

#[test]
fn an_activation_is_fused() {
    let relu = "  - relu: { name: relu }\n";
    for (name, layer) in [
        ("conv", CONV),
        ("deep", "  - depthwise_conv2d: { name: deep, kernel_size: 3 }\n"),
        ("sum", "  - mul: { name: sum, from: [input, input] }\n"),
        ("norm", "  - batch_norm: { name: norm }\n"),
        ("group", "  - group_norm: { name: group, groups: 2 }\n"),
        ("dense", "  - dense: { name: dense, units: 4 }\n"),
    ] {
        says(&format!("{layer}{relu}"), &format!("fuse_activation: {name} with relu"));
    }
    let twice = format!("{CONV}{relu}  - tanh: {{ name: tanh }}\n");
    says(&twice, "fuse_activation: not: conv+relu into tanh: it applies another one already");
    let shared = format!("{CONV}{relu}  - add: {{ name: sum, from: [conv, relu] }}\n");
    says(&shared, "fuse_activation: not: conv into relu: something else reads it too");
}

#[test]
fn a_sum_is_fused() {
    let sum = "  - add: { name: sum, from: [conv, input] }\n  - relu: { name: relu }\n";
    says(&format!("{CONV}{sum}"), "fuse_residual: conv with sum+relu");

    let active = CONV.replace("same }", "same, activation: relu }");
    let reason = "fuse_residual: not: conv into sum+relu: an activation or pooling stands between";
    says(&format!("{active}{sum}"), reason);
    let vector =
        format!("  - global_avg_pool2d: {{ name: mean }}\n{}", CONV.replace("{ ", "{ from: input, "));
    let broadcast = format!("{vector}  - add: {{ name: sum, from: [conv, mean] }}\n");
    says(&broadcast, "fuse_residual: not: conv into sum: one operand stands for all pixels");
    let difference = format!("{CONV}  - sub: {{ from: [conv, input] }}\n");
    assert!(!reports(&difference).iter().any(|report| report.starts_with("fuse_residual")));
}

#[test]
fn a_pooling_is_fused() {
    let pool = |arguments: &str| format!("{CONV}  - max_pool2d: {{ name: pool, {arguments} }}\n");
    says(&pool("kernel_size: 2"), "fuse_pooling: conv with pool");
    for (arguments, reason) in [
        ("kernel_size: 3, stride: 2", "its windows overlap, leave gaps or are padded"),
        ("kernel_size: 2, padding: 1", "its windows overlap, leave gaps or are padded"),
        ("kernel_size: 3, ceil_mode: true", "its last window reaches past the input"),
        ("kernel_size: 8", "a single row of windows needs the full result"),
    ] {
        says(&pool(arguments), &format!("fuse_pooling: not: conv into pool: {reason}"));
    }
    let shared = format!("{}  - upsample2d: {{ scale_factor: 2 }}\n", pool("kernel_size: 2"));
    let shared = format!("{shared}  - concat: {{ from: [upsample2d_1, conv] }}\n");
    says(&shared, "fuse_pooling: not: conv into pool: something else reads it too");
}

#[test]
fn an_upsampling_is_read_in_place() {
    let up = "  - upsample2d: { name: up, scale_factor: 2 }\n";
    says(&format!("{up}{CONV}"), "read_upsampled: up with conv");
    let strided = CONV.replace("same }", "same, stride: 2 }");
    let reason = "the convolution is strided, transposed or reads enlarged already";
    says(&format!("{up}{strided}"), &format!("read_upsampled: not: up into conv: {reason}"));
    let bilinear = up.replace("factor: 2", "factor: 2, mode: bilinear");
    says(&format!("{bilinear}{CONV}"), "read_upsampled: not: up into conv: it interpolates");
}

#[test]
fn a_concatenation_is_written_by_its_parts() {
    let other = CONV.replace("name: conv", "name: other, from: input");
    let concat = |parts: &str| format!("{CONV}{other}  - concat: {{ name: all, from: [{parts}] }}\n");
    says(&concat("conv, other"), "concat_views: conv in all");
    says(&concat("conv, other"), "concat_views: other in all");
    for (parts, reason) in [
        ("conv, input", "input in all: it is an input of the network"),
        ("conv, conv", "conv in all: it appears twice"),
    ] {
        says(&concat(parts), &format!("concat_views: not: {reason}"));
    }
    let point = CONV.replace("kernel_size: 3", "kernel_size: 1");
    let chained = format!("{point}{}", point.replace("name: conv", "name: other"));
    let chained = format!("{chained}  - concat: {{ name: all, from: [conv, other] }}\n");
    says(&chained, "concat_views: not: other in all: a kernel would read the memory that it writes");
    let output = format!("{}output: [all, other]\n", concat("conv, other"));
    let reason = "it must lie in one piece, for a reshape or as an output";
    says(&output, &format!("concat_views: not: other in all: {reason}"));
}

#[test]
fn a_result_overwrites_an_input_that_nothing_reads_later() {
    let pool = "  - max_pool2d: { name: pool, kernel_size: 2 }\n";
    says(&format!("{pool}  - relu: {{ name: relu }}\n"), "in_place: relu overwrites pool");
    let sum = format!("{pool}  - relu: {{ name: relu }}\n  - add: {{ name: sum, from: [relu, pool] }}\n");
    says(&sum, "in_place: not: relu: what it overwrites is read later");
    says(&sum, "in_place: sum overwrites relu");
    says("  - relu: { name: relu }\n", "in_place: not: relu: an input of the network is only read");
}

#[test]
fn a_convolution_is_computed_in_tiles() {
    let wide = |filters: usize, more: &str| {
        let first = "  - conv2d: { name: first, filters: 64, kernel_size: 1 }\n";
        format!("{first}  - conv2d: {{ name: conv, filters: {filters}, kernel_size: 3{more} }}\n")
    };
    let all = reports(&wide(64, ", padding: same"));
    let done = "winograd: conv in tiles of ";
    assert!(all.iter().any(|report| report.starts_with(done)), "{all:#?}");
    let strict = format!("{}precision: strict\n", wide(64, ", padding: same"));
    says(&strict, "winograd: not: conv: precision is strict");
    says(&wide(15, ""), "winograd: not: conv: it has fewer than 16 channels");
    says(&wide(64, ", groups: 2"), "winograd: not: conv: it is grouped or transposed");
    says(&wide(64, ", stride: 2"), "winograd: not: conv: its windows are not 3×3 at every cell");
    let wider = reports(&wide(64, ", padding: same, dilation: 2"));
    assert!(wider.iter().any(|report| report.starts_with(done)), "{wider:#?}");
    let pooled = |pool: usize| format!("  - max_pool2d: {{ kernel_size: {pool} }}\n");
    let pooled = |more: &str, pool: usize| wide(64, more) + &pooled(pool);
    says(&pooled(", padding: same", 3), "winograd: not: conv+max_pool2d_1: its pooling is not of 2×2");
    let late = "winograd: not: conv+max_pool2d_1: its activation stands between it and a pooling";
    says(&pooled(", activation: tanh", 2), late);
}

#[test]
fn a_convolution_in_tiles_reads_the_parts_of_a_concatenation() {
    let decoder = |from: &str, filters: usize| {
        format!(
            "  - conv2d: {{ name: skip, filters: {filters}, kernel_size: 1 }}
  - max_pool2d: {{ kernel_size: 2 }}
  - upsample2d: {{ name: up, scale_factor: 2 }}
  - concat: {{ name: joined, from: [{from}] }}
  - conv2d: {{ name: conv, filters: 64, kernel_size: 3, padding: same }}
"
        )
    };
    says(&decoder("up, skip", 64), "concat_reads: conv reads the parts of joined");
    let not = "concat_reads: not: conv reads the parts of joined";
    says(&decoder("up, skip, skip", 64), &format!("{not}: they are not two"));
    says(&decoder("up, skip", 40), &format!("{not}: the first is no whole panels"));
    let twice = decoder("up, skip", 64) + "  - concat: { from: [conv, joined] }\n";
    says(&twice, &format!("{not}: something else reads it too"));

    let text = format!("name: Net\ninput: [8, 8, 4]\nlayers:\n{}", decoder("up, skip", 64));
    let mut graph = graph(&text).expect("a valid network");
    optimise(&mut graph, &Options::default());
    let kernels: Vec<_> =
        plan(&graph, &Options::default()).steps.iter().map(|step| step.kernel.name()).collect();
    assert_eq!(kernels, ["Conv2d", "Pool", "Winograd"]);
}

#[test]
fn images_share_the_dense_layers_at_the_end() {
    let flat = "  - flatten: { name: flat }\n";
    let dense = |name: &str| format!("  - dense: {{ name: {name}, units: 5, activation: tanh }}\n");
    let done = "batch_tail: 8 images at once from first on";
    says(&format!("{flat}{}{}  - softmax\n", dense("first"), dense("second")), done);
    says(&format!("{CONV}  - relu\n{flat}{}", dense("first")), done);
    let map = format!("{flat}{}  - reshape: {{ shape: [1, 1, 5] }}\n  - tanh\n", dense("first"));
    says(&map, "batch_tail: not: the network does not end in dense layers");
    let early = format!("{CONV}{flat}{}output: [conv, first]\n", dense("first"));
    says(&early, "batch_tail: not: an output comes before the dense layers");
    assert!(!reports(CONV).iter().any(|report| report.starts_with("batch_tail")));
}

#[test]
fn small_maps_are_padded_apart() {
    says(CONV, "pad_small: conv");
    for other in [
        CONV.replace("same", "valid"),
        // Wide enough for tiles, and for many multiplications.
        format!(
            "{}{}",
            CONV.replace("filters: 4", "filters: 32").replace("same", "valid"),
            CONV.replace("filters: 4", "filters: 32").replace("conv,", "wide,")
        ),
        // Large.
        format!("  - upsample2d: {{ scale_factor: 16, mode: bilinear }}\n{CONV}"),
    ] {
        assert!(!reports(&other).iter().any(|report| report.starts_with("pad_small")), "{other}");
    }
}

#[test]
fn a_depthwise_convolution_is_computed_with_those_around_it() {
    let net = |side: usize, hidden: usize, last: &str, end: &str| -> Vec<String> {
        let text = format!(
            "name: Net\ninput: [{side}, {side}, 4]\nlayers:
  - conv2d: {{ name: wide, filters: {hidden}, kernel_size: 1 }}
  - depthwise_conv2d: {{ name: deep, kernel_size: 3, padding: same }}
  - conv2d: {{ name: narrow, filters: 8, {last} }}\n{end}"
        );
        let graph = graph(&text).expect("a valid network");
        plan(&graph, &Options::default()).reports.iter().map(ToString::to_string).collect()
    };
    let says = |found: Vec<String>, expected: &str| {
        assert!(found.iter().any(|report| report == expected), "{expected}: {found:#?}");
    };
    let point = "kernel_size: 1";
    // 56 pixels of 64 channels: a ring of two rows more, and as many rows of the result.
    says(net(56, 64, point, ""), "strips: wide, deep, narrow: 8 rows at once");
    says(net(56, 60, point, ""), "strips: deep, narrow: 19 rows at once");
    says(net(56, 64, point, "output: [narrow, wide]\n"), "strips: deep, narrow: 18 rows at once");
    let read = "strips: not: wide, deep, narrow: something else reads it too";
    says(net(56, 64, point, "output: [narrow, deep]\n"), read);
    let large =
        "strips: not: wide, deep, narrow: the convolution after it looks at more than a pixel, or pools";
    says(net(56, 64, "kernel_size: 3", ""), large);
    says(net(15, 512, point, ""), "strips: not: wide, deep, narrow: its rows are short");
    says(net(16, 64, point, ""), "strips: not: wide, deep, narrow: a second-level cache holds all of it");
}

#[test]
fn a_mean_is_taken_with_the_depthwise_convolution_before_it() {
    let says = |side: usize, other: &str, expected: [&str; 2]| {
        let text = format!(
            "name: Net\ninput: [{side}, {side}, 4]\nlayers:
  - conv2d: {{ name: wide, filters: 64, kernel_size: 1 }}
  - depthwise_conv2d: {{ name: deep, kernel_size: 3, padding: same }}
  - {other}: {{ name: other }}
  - global_avg_pool2d: {{ name: mean, from: deep }}
  - mul: {{ from: [other, mean] }}\n"
        );
        let mut graph = graph(&text).expect("a valid network");
        optimise(&mut graph, &Options::default());
        let plan = plan(&graph, &Options::default());
        let kernels = plan.steps.iter().map(|step| step.kernel.name().to_owned());
        let found: Vec<_> = plan.reports.iter().map(ToString::to_string).chain(kernels).collect();
        assert!(expected.iter().all(|&words| found.iter().any(|found| found == words)), "{found:#?}");
    };
    // What does nothing is dropped: the product reads what is kept.
    says(56, "linear", ["strips: wide, deep, mean: 8 rows at once", "Squeeze"]);
    says(16, "linear", ["strips: not: wide, deep, mean: a second-level cache holds all of it", "Pool"]);
    says(56, "relu", ["strips: not: wide, deep, mean: something else reads it before", "Pool"]);
}

#[test]
fn a_convolution_of_an_enlarged_map_is_computed_in_phases() {
    let enlarged = |conv: &str| {
        format!(
            "  - upsample2d: {{ scale_factor: [2, 3] }}\n  - conv2d: {{ name: conv, filters: 4, {conv} }}\n"
        )
    };
    let done = "phases: upsample2d_1+conv in 2×3 phases";
    says(&enlarged("kernel_size: 3, padding: same"), done);
    says(&enlarged("kernel_size: [1, 5]"), done);
    let not = "phases: not: upsample2d_1+conv: its window has one cell, or more padding, gaps or a pooling";
    says(&enlarged("kernel_size: 1"), not);
    says(&enlarged("kernel_size: 3, padding: 3"), not);
    says(&enlarged("kernel_size: 3, padding: same, dilation: 2"), not);
    let strict = enlarged("kernel_size: 3") + "precision: strict\n";
    says(&strict, "phases: not: upsample2d_1+conv: precision is strict");
}

#[test]
fn a_factor_of_channels_goes_into_the_kernel() {
    let found = |side: usize, between: &str, last: &str| -> Vec<String> {
        let text = format!(
            "name: Net\ninput: [{side}, {side}, 4]\nlayers:
  - conv2d: {{ name: wide, filters: 32, kernel_size: 1 }}
  - global_avg_pool2d: {{ name: mean }}
  - dense: {{ name: gate, units: 32, activation: hard_sigmoid }}
  - mul: {{ name: product, from: [wide, gate] }}
{between}  - conv2d: {{ name: narrow, filters: 16, {last}\n"
        );
        let mut graph = graph(&text).expect("a valid network");
        optimise(&mut graph, &Options::default());
        let reports = plan(&graph, &Options::default()).reports;
        let ours = reports.iter().filter(|report| report.pass == "scaled_kernels");
        ours.map(ToString::to_string).collect()
    };
    let done = "scaled_kernels: product into the kernel of narrow";
    assert_eq!(found(10, "", "kernel_size: 1 }"), [done]);
    assert_eq!(found(20, "", "kernel_size: 1, stride: 2 }"), [done]);
    for (side, last, reason) in [
        (5, "kernel_size: 1 }", "the kernel is not much smaller than the map"),
        (10, "kernel_size: 1, groups: 2 }", "the convolution is grouped, or pools"),
        (10, "kernel_size: 1, activation: prelu }", "its activation's slopes lie with its weights"),
        (10, "kernel_size: 1 }\nprecision: strict", "precision is strict"),
        (10, "kernel_size: 1 }\noutput: [narrow, product]", "something else reads it too"),
    ] {
        let not = format!("scaled_kernels: not: product into the kernel of narrow: {reason}");
        assert_eq!(found(side, "", last), [not]);
    }
    // A function of the product is none of its factors.
    assert_eq!(found(10, "  - relu\n", "kernel_size: 1 }"), [""; 0]);
}
