//! Rows, and the order in each.

use super::{Link, Vertex};

/// How much links want to be upright: those that pass rows on both ends, on one, those along a longest path, others.
const PASSING: f32 = 8.0;
const ENTERING: f32 = 0.5;
const MAIN: f32 = 64.0;
const OTHER: f32 = 1.0;
/// Width that an arrow takes where it passes a row.
const PASS: f32 = 10.0;
/// Sweeps down and up for an order with few crossings.
const SWEEPS: usize = 8;

/// A diagram in rows.
pub(super) struct Rows {
    /// The boxes, then the places where arrows pass rows.
    pub(super) vertices: Vec<Vertex>,
    pub(super) links: Vec<Link>,
    /// The vertices of each arrow, from top to bottom.
    pub(super) ways: Vec<Vec<usize>>,
    /// The vertices of each row, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
}

/// Puts every box below those that it reads, and its arrows through the rows between.
pub(super) fn rows(sizes: &[[f32; 2]], arrows: &[[usize; 2]]) -> Rows {
    let mut row_of = vec![0; sizes.len()];
    // The box that each stands just below: its predecessor on a longest path.
    let mut above = vec![None; sizes.len()];
    let mut sorted = arrows.to_vec();
    sorted.sort_by_key(|[_, to]| *to);
    for &[from, to] in &sorted {
        if above[to].is_none() || row_of[from] + 1 > row_of[to] {
            (row_of[to], above[to]) = (row_of[from] + 1, Some(from));
        }
    }
    // What reads nothing stands just above its first reader.
    let mut first_reader = vec![usize::MAX; sizes.len()];
    for &[from, to] in arrows {
        first_reader[from] = first_reader[from].min(row_of[to]);
    }
    for index in (0..sizes.len()).filter(|&index| above[index].is_none() && first_reader[index] < usize::MAX)
    {
        row_of[index] = first_reader[index] - 1;
    }
    let vertex = |(&size, &row): (&[f32; 2], &usize)| Vertex { row, size, x: 0.0, is_box: true };
    let mut vertices: Vec<Vertex> = sizes.iter().zip(&row_of).map(vertex).collect();
    let (mut links, mut ways) = (Vec::new(), Vec::new());
    for &[from, to] in arrows {
        let mut way = vec![from];
        for row in row_of[from] + 1..row_of[to] {
            way.push(vertices.len());
            vertices.push(Vertex { row, size: [PASS, 0.0], x: 0.0, is_box: false });
        }
        way.push(to);
        for pair in way.windows(2) {
            let weight = match pair.iter().filter(|&&vertex| vertices[vertex].is_box).count() {
                0 => PASSING,
                1 => ENTERING,
                _ if above[to] == Some(from) => MAIN,
                _ => OTHER,
            };
            links.push(Link { from: pair[0], to: pair[1], weight });
        }
        ways.push(way);
    }
    let count = vertices.iter().map(|vertex| vertex.row + 1).max().unwrap_or(0);
    let mut rows = vec![Vec::new(); count];
    for (index, vertex) in vertices.iter().enumerate() {
        rows[vertex.row].push(index);
    }
    Rows { vertices, links, ways, rows }
}

/// Orders each row by the means of its neighbours, down and up again, and keeps the order with the fewest crossings.
pub(super) fn order(rows: &mut Vec<Vec<usize>>, links: &[Link], vertices: usize) {
    let (mut above, mut below) = (vec![Vec::new(); vertices], vec![Vec::new(); vertices]);
    for link in links {
        above[link.to].push(link.from);
        below[link.from].push(link.to);
    }
    let mut best = (crossings(rows, links, vertices), rows.clone());
    let mut places = places(rows, vertices);
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for step in 1..rows.len() {
            let row = if down { step } else { rows.len() - 1 - step };
            let mean = |vertex: usize| {
                let neighbours = if down { &above[vertex] } else { &below[vertex] };
                match neighbours.len() {
                    0 => places[vertex] as f32,
                    count => neighbours.iter().map(|&other| places[other] as f32).sum::<f32>() / count as f32,
                }
            };
            let mut keyed: Vec<(f32, usize)> =
                rows[row].iter().map(|&vertex| (mean(vertex), vertex)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            rows[row] = keyed.into_iter().map(|(_, vertex)| vertex).collect();
            rows[row].iter().enumerate().for_each(|(place, &vertex)| places[vertex] = place);
        }
        let found = crossings(rows, links, vertices);
        if found < best.0 {
            best = (found, rows.clone());
        }
    }
    *rows = best.1;
}

/// The place of each vertex in its row.
fn places(rows: &[Vec<usize>], vertices: usize) -> Vec<usize> {
    let mut places = vec![0; vertices];
    for row in rows {
        row.iter().enumerate().for_each(|(place, &vertex)| places[vertex] = place);
    }
    places
}

/// Pairs of links that cross.
pub(super) fn crossings(rows: &[Vec<usize>], links: &[Link], vertices: usize) -> usize {
    let places = places(rows, vertices);
    let mut below: Vec<Vec<[usize; 2]>> = vec![Vec::new(); rows.len()];
    let mut row_of = vec![0; vertices];
    for (index, row) in rows.iter().enumerate() {
        row.iter().for_each(|&vertex| row_of[vertex] = index);
    }
    for link in links {
        below[row_of[link.from]].push([places[link.from], places[link.to]]);
    }
    let in_row = |links: &Vec<[usize; 2]>| {
        let pairs =
            links.iter().enumerate().flat_map(|(index, a)| links[..index].iter().map(move |b| (a, b)));
        pairs.filter(|(a, b)| (a[0] < b[0] && a[1] > b[1]) || (a[0] > b[0] && a[1] < b[1])).count()
    };
    below.iter().map(in_row).sum()
}
