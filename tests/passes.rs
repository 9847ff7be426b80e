//! What each pass does, and what it declines, on chosen networks. `property.rs` tries random ones.

use convolve_tests::reports::{CONV, reports, says};

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
fn a_convolution_of_a_partly_enlarged_concatenation_is_a_sum_of_two() {
    let decoder = |deep: usize, more: &str| {
        format!(
            "  - conv2d: {{ name: skip, filters: 32, kernel_size: 1 }}
  - upsample2d: {{ name: wide, scale_factor: 4 }}
  - max_pool2d: {{ kernel_size: 2 }}
  - conv2d: {{ name: deep, filters: {deep}, kernel_size: 1 }}
  - upsample2d: {{ name: up, scale_factor: 2 }}
  - concat: {{ name: joined, from: [wide, up] }}
  - conv2d: {{ name: conv, filters: 64, kernel_size: 3, padding: same{more} }}
"
        )
    };
    says(&decoder(128, ""), "split_concat: conv");
    says(&decoder(128, ""), "read_upsampled: up with conv");
    says(&decoder(128, ""), "in_place: up+conv overwrites conv");
    let found = reports(&decoder(128, ""));
    let in_phases = |report: &String| report.starts_with("winograd: up+conv in phases in tiles of 4×4");
    assert!(found.iter().any(in_phases), "{found:#?}");
    let not = "split_concat: not: conv";
    says(&decoder(16, ""), &format!("{not}: the sum would cost nearly as much as the phases save"));
    says(
        &decoder(128, ", stride: 2"),
        &format!("{not}: it is strided or transposed, adds something already, or pools"),
    );
    says(&decoder(128, ", groups: 2"), &format!("{not}: its parts are not computed in tiles"));
    let pooled = decoder(128, "") + "  - max_pool2d: { name: pool, kernel_size: 2 }\n";
    says(
        &pooled,
        "split_concat: not: conv+pool: it is strided or transposed, adds something already, or pools",
    );
    let twice = decoder(128, "") + "  - concat: { from: [conv, joined] }\n";
    says(&twice, &format!("{not}: something else reads the concatenation too"));
    let strict = decoder(128, "") + "precision: strict\n";
    says(&strict, &format!("{not}: precision is strict"));
}
