//! Nested arrays as runs of floats.

/// An array that holds a tensor: `[f32; N]`, or `[[[f32; C]; W]; H]` for a map.
pub trait Tensor {
    /// Its floats, in memory's order.
    fn floats(&self) -> &[f32];

    /// Its floats, to write.
    fn floats_mut(&mut self) -> &mut [f32];

    /// The tensor that these floats are.
    ///
    /// # Panics
    /// If their number is another.
    fn view(floats: &[f32]) -> &Self;
}

impl<const N: usize> Tensor for [f32; N] {
    #[inline]
    fn floats(&self) -> &[f32] {
        self
    }

    #[inline]
    fn floats_mut(&mut self) -> &mut [f32] {
        self
    }

    #[inline]
    fn view(floats: &[f32]) -> &Self {
        only(floats.as_chunks().0)
    }
}

impl<const C: usize, const W: usize, const H: usize> Tensor for [[[f32; C]; W]; H] {
    #[inline]
    fn floats(&self) -> &[f32] {
        self.as_flattened().as_flattened()
    }

    #[inline]
    fn floats_mut(&mut self) -> &mut [f32] {
        self.as_flattened_mut().as_flattened_mut()
    }

    #[inline]
    fn view(floats: &[f32]) -> &Self {
        only(floats.as_chunks().0.as_chunks().0.as_chunks().0)
    }
}

fn only<T>(chunks: &[T]) -> &T {
    let [only] = chunks else { panic!("a tensor of another size") };
    only
}

#[cfg(test)]
mod tests {
    use super::Tensor;

    #[test]
    fn a_view_is_the_array_that_the_floats_came_from() {
        let map = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]];
        assert_eq!(map.floats(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(<[[[f32; 2]; 3]; 1]>::view(map.floats()), &map);
    }

    #[test]
    #[should_panic(expected = "another size")]
    fn a_view_of_too_few_floats_is_refused() {
        _ = <[f32; 4]>::view(&[0.0; 3]);
    }
}
