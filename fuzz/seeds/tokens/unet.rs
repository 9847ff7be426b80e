/// Segments a grey image.
#[weights("unet.safetensors", layout = keras)]
pub fn UNet(image: Input<64, 64, 1>) -> Output<64, 64, 1> {
    let c1 = double_conv(image, filters = 16);
    let mut c2 = double_conv(max_pool2d(c1, kernel_size = 2), filters = 32);
    for i in 0..2 {
        c2 = c2 + residual(c2);
    }
    let m1 = concat(upsample2d(c2, scale_factor = 2), c1);
    conv2d(m1, filters = 1, kernel_size = 1, activation = sigmoid)
}

fn double_conv(x: Layer, filters: usize) -> Layer {
    let a = conv2d(x, filters = filters, kernel_size = 3, padding = same, activation = relu);
    conv2d(a, filters = filters, kernel_size = [3, 3], padding = same, activation = elu(alpha = 0.3))
}

fn residual(x: Layer) -> Layer {
    conv2d(x, filters = 32, kernel_size = 3, padding = same)
}
