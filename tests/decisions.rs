//! What the planner decides, and what it declines, on chosen networks. `property.rs` tries random ones.

use convolve_compiler::options::Options;
use convolve_compiler::passes::optimise;
use convolve_compiler::plan::plan;
use convolve_tests::network::graph;
use convolve_tests::reports::{CONV, reports, says};

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
    let elsewhere = "winograd: not: conv: its windows are not 3×3 at every cell, or every second one";
    says(&wide(64, ", stride: 3"), elsewhere);
    says(&wide(64, ", stride: [1, 2]"), elsewhere);
    let strided =
        reports(&format!("  - upsample2d: {{ scale_factor: 4 }}\n{}", wide(64, ", stride: 2, padding: 1")));
    assert!(strided.iter().any(|report| report.starts_with(done)), "{strided:#?}");
    let first = "  - conv2d: { name: conv, filters: 64, kernel_size: 7, stride: 2, padding: 3 }\n";
    let first = reports(&format!("  - upsample2d: {{ scale_factor: 8 }}\n{first}"));
    assert!(first.iter().any(|report| report.starts_with("winograd: conv in tiles of 3×3")), "{first:#?}");
    let faulty = "winograd: not: conv: it is strided, and dilated or pooled";
    says(&wide(64, ", stride: 2, dilation: 2"), faulty);
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
  - conv2d: {{ name: deep, filters: 16, kernel_size: 1 }}
  - upsample2d: {{ name: up, scale_factor: 2 }}
  - concat: {{ name: joined, from: [{from}] }}
  - conv2d: {{ name: conv, filters: 64, kernel_size: 3, padding: same }}
"
        )
    };
    says(&decoder("up, skip", 64), "concat_reads: conv reads the parts of joined");
    let not = "concat_reads: not: conv reads the parts of joined";
    says(&decoder("up, skip, skip", 64), &format!("{not}: they are not two"));
    says(&decoder("skip, up", 40), &format!("{not}: the first is no whole panels"));
    let twice = decoder("up, skip", 64) + "  - concat: { from: [conv, joined] }\n";
    says(&twice, &format!("{not}: something else reads it too"));

    let text = format!("name: Net\ninput: [8, 8, 4]\nlayers:\n{}", decoder("up, skip", 64));
    let mut graph = graph(&text).expect("a valid network");
    optimise(&mut graph, &Options::default());
    let kernels: Vec<_> =
        plan(&graph, &Options::default()).steps.iter().map(|step| step.kernel.name()).collect();
    assert_eq!(kernels, ["Conv2d", "Pool", "Conv2d", "Winograd"]);
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
    says(net(56, 64, point, ""), "strips: wide, deep, narrow: 10 rows at once");
    says(net(56, 60, point, ""), "strips: deep, narrow: 28 rows at once");
    says(net(56, 64, point, "output: [narrow, wide]\n"), "strips: deep, narrow: 14 rows at once");
    let read = "strips: not: wide, deep, narrow: something else reads it too";
    says(net(56, 64, point, "output: [narrow, deep]\n"), read);
    let large =
        "strips: not: wide, deep, narrow: the convolution after it looks at more than a pixel, or pools";
    says(net(56, 64, "kernel_size: 3", ""), large);
    says(net(13, 640, point, ""), "strips: not: wide, deep, narrow: its rows are short");
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
    says(56, "linear", ["strips: wide, deep, mean: 10 rows at once", "Squeeze"]);
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
fn a_convolution_is_pooled_in_registers() {
    let pooled = |conv: &str, pool: &str| {
        format!(
            "  - conv2d: {{ name: conv, filters: 4, {conv} }}\n  - max_pool2d: {{ kernel_size: {pool} }}\n"
        )
    };
    let done = "pooled_sums: conv+max_pool2d_1 in registers";
    says(&pooled("kernel_size: 3", "2"), done);
    // Padding is set apart.
    says(&pooled("kernel_size: 3, padding: same, activation: relu", "2"), done);
    let not = |layers: &str, reason: &str| {
        says(layers, &format!("pooled_sums: not: conv+max_pool2d_1: {reason}"));
    };
    not(&pooled("kernel_size: 3", "3"), "its pooling is not of 2×2");
    not(&pooled("kernel_size: 3, groups: 2", "2"), "it is grouped, or of an enlarged map");
    not(&pooled("kernel_size: 3, activation: silu", "2"), "its activation stands between it and a pooling");
    let padded = "  - conv2d: { filters: 32, kernel_size: 1 }\n".to_owned()
        + &pooled("kernel_size: 5, padding: same", "2");
    not(&padded, "it is padded");
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
