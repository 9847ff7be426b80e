//! Networks in which decisions of the compiler meet that meet too seldom where everything is drawn.

/// The layers of each, after an input of 34 × 34 × 6.
pub const LAYERS: &[&str] = &[
    // A convolution in phases, which strips would take.
    "upsample2d: { scale_factor: 2 }
  - conv2d: { filters: 80, kernel_size: 5, padding: same }
  - depthwise_conv2d: { kernel_size: 3, padding: same }
  - conv2d: { filters: 8, kernel_size: 1 }",
    // A factor of channels, of which the convolution after it has a residual, and strips begin after it.
    "conv2d: { name: wide, filters: 40, kernel_size: 1, activation: silu }
  - depthwise_conv2d: { name: deep, kernel_size: 5, stride: 2, padding: 2, activation: hard_swish }
  - global_avg_pool2d
  - dense: { units: 8, activation: relu }
  - dense: { name: gate, units: 40, activation: hard_sigmoid }
  - mul: { from: [gate, deep] }
  - conv2d: { name: narrow, filters: 16, kernel_size: 1 }
  - subsample2d: { name: other, from: wide, stride: 2 }
  - conv2d: { name: beside, filters: 16, kernel_size: 1 }
  - add: { from: [narrow, beside] }
  - conv2d: { filters: 32, kernel_size: 1 }
  - depthwise_conv2d: { kernel_size: 3, padding: same }
  - conv2d: { filters: 8, kernel_size: 1 }",
    // Tiles, which read a concatenation and are read by a dilated convolution in tiles.
    "conv2d: { name: a, filters: 32, kernel_size: 1 }
  - max_pool2d: { kernel_size: 2 }
  - upsample2d: { name: b, scale_factor: 2 }
  - concat: { from: [b, a] }
  - conv2d: { filters: 48, kernel_size: 3, padding: same, activation: silu }
  - conv2d: { filters: 32, kernel_size: 3, padding: same, dilation: 3 }",
    // Strided tiles on an odd and an even number of rows, and a sum that overwrites what one of them gave.
    "conv2d: { name: a, filters: 32, kernel_size: 1 }
  - conv2d: { filters: 64, kernel_size: 3, stride: 2, padding: [0, 1, 1, 1] }
  - batch_norm
  - conv2d: { name: left, filters: 48, kernel_size: 3, stride: 2, padding: 1 }
  - conv2d: { name: right, filters: 48, kernel_size: 3, stride: 4, from: a, padding: [1, 0, 0, 1] }
  - add: { from: [left, right] }
  - relu",
    // Cells that are taken together, of an input and of three channels of another map.
    "conv2d: { name: a, filters: 32, kernel_size: 1 }
  - batch_norm
  - conv2d: { name: b, filters: 3, kernel_size: 1 }
  - concat: { name: c, from: [b, a] }
  - conv2d: { filters: 40, kernel_size: 7, stride: 2, padding: [3, 2, 4, 3], from: b }
  - batch_norm
  - relu",
    // Parts of a kernel between two norms, the second of which is enlarged, and then both.
    "conv2d: { name: a, filters: 32, kernel_size: 1 }
  - max_pool2d: { kernel_size: 2 }
  - conv2d: { name: c, filters: 128, kernel_size: 1 }
  - upsample2d: { name: b, scale_factor: 2 }
  - concat: { from: [a, b] }
  - batch_norm
  - conv2d: { filters: 64, kernel_size: 3 }
  - batch_norm
  - prelu
  - upsample2d: { name: d, scale_factor: 2 }
  - upsample2d: { name: e, from: c, scale_factor: 2 }
  - crop2d: { cropping: 1 }
  - upsample2d: { name: f, scale_factor: 2 }
  - concat: { from: [d, f] }
  - conv2d: { filters: 48, kernel_size: 3, padding: [1, 1, 0, 0] }",
    // A part of a concatenation that is enlarged, and convolved apart.
    "conv2d: { name: a, filters: 32, kernel_size: 3 }
  - max_pool2d: { kernel_size: 2 }
  - conv2d: { name: low, filters: 96, kernel_size: 1 }
  - upsample2d: { name: up, scale_factor: 2 }
  - concat: { from: [up, a] }
  - conv2d: { filters: 64, kernel_size: 3, padding: same, activation: relu }",
    // Phases of an enlarged concatenation, a part of which is enlarged itself.
    "conv2d: { name: a, filters: 32, kernel_size: 1 }
  - max_pool2d: { kernel_size: 2 }
  - conv2d: { name: low, filters: 32, kernel_size: 1 }
  - upsample2d: { name: up, scale_factor: 2 }
  - concat: { from: [up, a] }
  - upsample2d: { scale_factor: 2 }
  - conv2d: { filters: 64, kernel_size: 3, padding: [1, 1, 0, 1] }
  - relu",
];
