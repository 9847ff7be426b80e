//! Where the boxes of a diagram stand: in rows from the top, each below those that it reads.
//!
//! The steps are those of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
//! structures", 1981: rows by the longest path, points where arrows pass rows, an order in each row with few crossings,
//! and places that keep arrows straight, found row by row as the least squares under the order.

mod place;
mod rows;

/// Between boxes of one row, and between rows.
const ASIDE: f32 = 28.0;
const BELOW: f32 = 30.0;
/// Between columns that a long diagram is broken into.
const LANE: f32 = 44.0;
/// Height up to which a diagram is not broken.
const MOST_HEIGHT: f32 = 1600.0;
/// From one arrowhead to the next at a box.
const PORT: f32 = 12.0;

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    /// Width and height of the whole.
    pub(super) size: [f32; 2],
    /// Upper left corner of each box.
    pub(super) boxes: Vec<[f32; 2]>,
    pub(super) routes: Vec<Route>,
}

/// The way of an arrow.
#[derive(Debug, PartialEq)]
pub(super) struct Route {
    pub(super) points: Vec<[f32; 2]>,
    /// So many of the points after the first are corners; between the others the line swings.
    pub(super) corners: usize,
}

/// A box, or the place where an arrow passes a row.
#[derive(Clone, Copy, Debug)]
struct Vertex {
    row: usize,
    size: [f32; 2],
    /// Its middle.
    x: f32,
    is_box: bool,
}

/// A piece of an arrow from one row to the next.
#[derive(Clone, Copy, Debug)]
struct Link {
    from: usize,
    to: usize,
    /// How much it wants to be upright.
    weight: f32,
}

/// Lays out boxes of these sizes, each of which comes after those that it reads, and arrows between them.
pub(super) fn layout(sizes: &[[f32; 2]], arrows: &[[usize; 2]]) -> Layout {
    let rows::Rows { mut vertices, links, ways, mut rows } = rows::rows(sizes, arrows);
    rows::order(&mut rows, &links, vertices.len());
    place::place(&mut vertices, &links, &rows);
    let heights: Vec<f32> = rows
        .iter()
        .map(|row| row.iter().map(|&vertex| vertices[vertex].size[1]).fold(0.0, f32::max))
        .collect();
    let columns = columns(&vertices, &links, &rows, &heights);
    let bottom = columns.iter().map(|column| column.bottom).fold(0.0, f32::max);
    let right = columns.iter().map(|column| column.right).fold(0.0, f32::max);
    let mut tops = vec![0.0; rows.len()];
    for column in &columns {
        let mut top = 0.0;
        for row in column.rows.clone() {
            tops[row] = top;
            top += heights[row] + BELOW;
            rows[row].iter().for_each(|&vertex| vertices[vertex].x += column.shift);
        }
    }
    let column_of =
        |row: usize| columns.iter().position(|column| column.rows.contains(&row)).unwrap_or_default();
    let boxes = vertices.iter().filter(|vertex| vertex.is_box);
    let boxes = boxes
        .map(|vertex| {
            let [width, height] = vertex.size;
            [vertex.x - 0.5 * width, tops[vertex.row] + 0.5 * (heights[vertex.row] - height)]
        })
        .collect::<Vec<[f32; 2]>>();
    let ports = ports(&vertices, &ways);
    let routes = ways.iter().zip(ports).map(|(way, port)| {
        let [first, last] = [way[0], way[way.len() - 1]];
        let from = [vertices[first].x, boxes[first][1] + vertices[first].size[1]];
        let to = [vertices[last].x + port, boxes[last][1]];
        let mut points = vec![from];
        // Where columns break, every arrow starts at the row above.
        let column = &columns[column_of(vertices[first].row)];
        if !column.rows.contains(&vertices[way[1]].row) {
            let lane = column.right + 0.5 * LANE;
            let next = if way.len() == 2 { to[0] } else { vertices[way[1]].x };
            let [low, high] = [from[1] + 0.5 * BELOW, -0.5 * BELOW];
            points.extend([[from[0], low], [lane, low], [lane, high], [next, high]]);
        }
        let corners = points.len() - 1;
        for &vertex in &way[1..way.len() - 1] {
            let Vertex { row, x, .. } = vertices[vertex];
            points.extend([[x, tops[row]], [x, tops[row] + heights[row]]]);
        }
        points.push(to);
        Route { points, corners }
    });
    let routes = routes.collect();
    Layout { size: [right, bottom], boxes, routes }
}

/// How far from the middle of its box each way ends: side by side, in the order in which they arrive.
fn ports(vertices: &[Vertex], ways: &[Vec<usize>]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..ways.len()).collect();
    let end = |way: usize| ways[way][ways[way].len() - 1];
    let before = |way: usize| vertices[ways[way][ways[way].len() - 2]].x;
    order.sort_by(|&a, &b| end(a).cmp(&end(b)).then(before(a).total_cmp(&before(b))));
    let mut ports = vec![0.0; ways.len()];
    for rivals in order.chunk_by(|&a, &b| end(a) == end(b)) {
        for (index, &way) in rivals.iter().enumerate() {
            ports[way] = PORT * (index as f32 - 0.5 * (rivals.len() as f32 - 1.0));
        }
    }
    ports
}

/// Rows that stand below each other.
struct Column {
    rows: std::ops::Range<usize>,
    /// What is added to the places of its boxes.
    shift: f32,
    right: f32,
    bottom: f32,
}

/// Breaks a long diagram into columns, between rows where all arrows come from one box, so that the whole is about four
/// wide by three high.
fn columns(vertices: &[Vertex], links: &[Link], rows: &[Vec<usize>], heights: &[f32]) -> Vec<Column> {
    let edges = |rows: &[Vec<usize>]| {
        let ends = rows.iter().flatten().map(|&vertex| {
            let Vertex { x, size: [width, _], .. } = vertices[vertex];
            [x - 0.5 * width, x + 0.5 * width]
        });
        ends.fold([f32::INFINITY, f32::NEG_INFINITY], |[left, right], [a, b]| [left.min(a), right.max(b)])
    };
    // Whether all that goes from a row to the next comes from one box.
    let mut source: Vec<Option<usize>> = vec![None; rows.len()];
    let mut narrow = vec![true; rows.len()];
    for link in links {
        let row = vertices[link.from].row;
        narrow[row] &= vertices[link.from].is_box && source[row].is_none_or(|source| source == link.from);
        source[row] = Some(link.from);
    }
    let whole: f32 = heights.iter().map(|height| height + BELOW).sum();
    let [left, right] = edges(rows);
    let wanted = (0.75 * whole * (right - left + LANE)).sqrt().max(MOST_HEIGHT);
    let mut columns: Vec<Column> = Vec::new();
    let (mut start, mut height, mut x) = (0, 0.0, 0.0);
    for row in 0..rows.len() {
        height += heights[row] + BELOW;
        let rest: f32 = heights[row + 1..].iter().map(|height| height + BELOW).sum();
        let is_last = row + 1 == rows.len();
        // A last column of a few rows would look forgotten.
        let full = narrow[row] && height >= wanted && rest > 0.25 * wanted;
        if full || is_last {
            let [left, right] = edges(&rows[start..=row]);
            let column = Column {
                rows: start..row + 1,
                shift: x - left,
                right: x + right - left,
                bottom: height - BELOW,
            };
            x = column.right + LANE;
            columns.push(column);
            (start, height) = (row + 1, 0.0);
        }
    }
    columns
}

#[cfg(test)]
mod tests;
