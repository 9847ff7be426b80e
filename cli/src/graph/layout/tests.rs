use super::{Layout, layout, rows};

const SIZE: [f32; 2] = [100.0, 40.0];

fn lay(boxes: usize, arrows: &[[usize; 2]]) -> Layout {
    layout(&vec![SIZE; boxes], arrows)
}

fn overlap(a: [f32; 2], b: [f32; 2]) -> bool {
    (0..2).all(|axis| a[axis] < b[axis] + SIZE[axis] && b[axis] < a[axis] + SIZE[axis])
}

/// A residual block: 0 → 1 → 2 → 3, and 0 → 3.
#[test]
fn boxes_stand_below_what_they_read_and_nothing_overlaps() {
    let arrows = [[0, 1], [1, 2], [2, 3], [0, 3], [3, 4]];
    let Layout { boxes, routes, size } = lay(5, &arrows);
    for &[from, to] in &arrows {
        assert!(boxes[from][1] + SIZE[1] < boxes[to][1], "{boxes:?}");
    }
    for (index, &a) in boxes.iter().enumerate() {
        assert!(boxes[..index].iter().all(|&b| !overlap(a, b)), "{boxes:?}");
        assert!(
            (0..2).all(|axis| a[axis] >= -0.01 && a[axis] + SIZE[axis] <= size[axis] + 0.01),
            "{boxes:?}"
        );
    }
    // The arrow that passes two rows keeps clear of the boxes in them.
    let skip = &routes[3];
    for &[x, _] in &skip.points[1..skip.points.len() - 1] {
        assert!(boxes[1..3].iter().all(|[left, _]| x < *left || x > left + SIZE[0]), "{skip:?}");
    }
    // Two arrows end at one box, side by side.
    let end = |route: usize| routes[route].points.last().map(|[x, _]| *x);
    assert_ne!(end(2), end(3));
}

#[test]
fn a_chain_is_upright() {
    let arrows: Vec<[usize; 2]> = (1..8).map(|index| [index - 1, index]).collect();
    let Layout { boxes, size, .. } = lay(8, &arrows);
    assert!(boxes.iter().all(|[x, _]| x.abs() < 0.01), "{boxes:?}");
    assert!((size[0] - SIZE[0]).abs() < 0.01);
}

#[test]
fn a_long_chain_is_broken_into_columns() {
    let arrows: Vec<[usize; 2]> = (1..200).map(|index| [index - 1, index]).collect();
    let Layout { boxes, routes, size } = lay(200, &arrows);
    assert!(size[0] < 3.0 * size[1] && size[1] < 3.0 * size[0], "{size:?}");
    assert!(routes.iter().filter(|route| route.corners > 0).count() > 2);
    for (index, &a) in boxes.iter().enumerate() {
        assert!(boxes[..index].iter().all(|&b| !overlap(a, b)));
    }
}

/// Two pairs that cross in the order given: 0 → 3 and 1 → 2.
#[test]
fn crossings_are_undone() {
    let arrows = [[0, 3], [1, 2]];
    let rows::Rows { vertices, links, mut rows, .. } = rows::rows(&[SIZE; 4], &arrows);
    assert_eq!(rows::crossings(&rows, &links, vertices.len()), 1);
    rows::order(&mut rows, &links, vertices.len());
    assert_eq!(rows::crossings(&rows, &links, vertices.len()), 0);
}

#[test]
fn one_box_and_none_are_laid_out() {
    assert_eq!(lay(1, &[]).boxes, [[0.0, 0.0]]);
    assert!(lay(0, &[]).boxes.is_empty());
}
