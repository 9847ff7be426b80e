//! Places within rows whose order is given.

use super::{ASIDE, Link, Vertex};

/// Sweeps down and up; later ones change little.
const SWEEPS: usize = 60;

/// Moves every vertex towards its neighbours above and below.
pub(super) fn place(vertices: &mut [Vertex], links: &[Link], rows: &[Vec<usize>]) {
    let mut neighbours: Vec<Vec<(usize, f32)>> = vec![Vec::new(); vertices.len()];
    for link in links {
        neighbours[link.from].push((link.to, link.weight));
        neighbours[link.to].push((link.from, link.weight));
    }
    for row in rows {
        spread(vertices, row, &vec![(0.0, 1.0); row.len()]);
    }
    for sweep in 0..SWEEPS {
        for step in 0..rows.len() {
            let row = &rows[if sweep % 2 == 0 { step } else { rows.len() - 1 - step }];
            let wish = |&vertex: &usize| {
                let list = &neighbours[vertex];
                let weight: f32 = list.iter().map(|(_, weight)| weight).sum();
                let sum: f32 = list.iter().map(|&(other, weight)| weight * vertices[other].x).sum();
                if weight > 0.0 { (sum / weight, weight) } else { (vertices[vertex].x, 0.01) }
            };
            let wishes: Vec<(f32, f32)> = row.iter().map(wish).collect();
            spread(vertices, row, &wishes);
        }
    }
}

/// The places nearest to what the vertices of a row wish, by the sum of weighted squares, in their order and without
/// overlap: what is too near is pooled at its mean, as in isotonic regression.
fn spread(vertices: &mut [Vertex], row: &[usize], wishes: &[(f32, f32)]) {
    // Without the widths before it, each must only not stand before the one on its left.
    let mut offsets = Vec::with_capacity(row.len());
    let mut offset = 0.0;
    for (index, &vertex) in row.iter().enumerate() {
        let width = vertices[vertex].size[0];
        if index > 0 {
            offset += 0.5 * (vertices[row[index - 1]].size[0] + width) + ASIDE;
        }
        offsets.push(offset);
    }
    struct Pool {
        sum: f32,
        weight: f32,
        count: usize,
    }
    let mean = |pool: &Pool| pool.sum / pool.weight;
    let mut pools: Vec<Pool> = Vec::new();
    for (&(wish, weight), offset) in wishes.iter().zip(&offsets) {
        let mut pool = Pool { sum: weight * (wish - offset), weight, count: 1 };
        while let Some(before) = pools.pop_if(|before| mean(before) > mean(&pool)) {
            pool = Pool {
                sum: pool.sum + before.sum,
                weight: pool.weight + before.weight,
                count: pool.count + before.count,
            };
        }
        pools.push(pool);
    }
    let places = pools.iter().flat_map(|pool| std::iter::repeat_n(mean(pool), pool.count));
    for ((&vertex, offset), place) in row.iter().zip(offsets).zip(places) {
        vertices[vertex].x = place + offset;
    }
}
