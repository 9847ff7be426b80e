//! Arrays as coloured grids, side by side: numbers in the cells and windows around them where there is room.

use super::colour::{Map, colour, ink};
use super::figure::{ACCENTS, Anchor, Colour, FAINT_INK, Figure, INK, PAPER, RULE, Shape, Stroke, width};

/// Cells along the longer side up to which each is drawn by itself, with its windows.
pub(crate) const MOST_CELLS: usize = 16;

/// The longer side of a grid, and the side of a cell, at most.
const SIDE: f32 = 280.0;
const MOST_CELL: f32 = 40.0;
/// From this size on a cell holds its number.
const CELL_WITH_NUMBER: f32 = 26.0;

/// Pixels along the longer side of a grid, at most: about two for each of the figure's.
const MOST_PIXELS: usize = 600;

const MARGIN: f32 = 20.0;
const GAP: f32 = 36.0;
const TITLE: f32 = 13.0;
const LABEL: f32 = 11.0;
/// Space for a panel's title and shape.
const HEAD: f32 = 40.0;
/// Space for a colour bar and its numbers.
const FOOT: f32 = 22.0;
/// Width and height of its colours.
const BAR: [f32; 2] = [80.0, 9.0];

/// An array to show.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) title: String,
    /// What stands below the title.
    pub(crate) label: String,
    /// Rows and columns.
    pub(crate) shape: [usize; 2],
    /// Row by row.
    pub(crate) data: Vec<f32>,
    /// Cells around the array that are not stored: above, below, left, right.
    pub(crate) around: [usize; 4],
    pub(crate) marks: Vec<Mark>,
}

/// Cells to outline, in rows and columns of the array; those around it have indices below zero or past the
/// end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Index into the accents.
    pub(crate) colour: usize,
    /// First row and column.
    pub(crate) at: [isize; 2],
    /// Rows and columns.
    pub(crate) cells: [usize; 2],
    /// From one dotted cell to the next along rows and columns; none are dotted if it is 0.
    pub(crate) dots: [usize; 2],
}

/// Rows of panels; an arrow leads from the first panel of each to the next.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    pub(crate) map: Map,
    pub(crate) rows: Vec<Vec<Panel>>,
    /// Whether a colour means the same number in every panel.
    pub(crate) one_scale: bool,
}

impl Panel {
    /// Rows and columns with those around the array.
    fn extents(&self) -> [usize; 2] {
        let [above, below, left, right] = self.around;
        [self.shape[0] + above + below, self.shape[1] + left + right]
    }

    /// Where its first cell lies from the corner of what is drawn.
    fn origin(&self, cell: f32) -> [f32; 2] {
        [self.around[2] as f32 * cell, self.around[0] as f32 * cell]
    }

    fn width(&self, cell: f32, with_bar: bool) -> f32 {
        let words = width(&self.title, TITLE).max(width(&self.label, LABEL));
        let bar = if with_bar { bar_width(self.range()) } else { 0.0 };
        (self.extents()[1] as f32 * cell).max(words).max(bar)
    }

    fn range(&self) -> [f32; 2] {
        range(&self.data)
    }
}

/// The least and the greatest finite number; zeros if there is none.
fn range(data: &[f32]) -> [f32; 2] {
    let finite = data.iter().copied().filter(|x| x.is_finite());
    finite.map(|x| [x, x]).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]).unwrap_or_default()
}

impl Sheet {
    /// Draws it.
    pub(crate) fn figure(&self) -> Figure {
        let panels = || self.rows.iter().flatten();
        let longest = panels().flat_map(Panel::extents).max().unwrap_or(1);
        let single = longest <= MOST_CELLS;
        let cell = (SIDE / longest as f32).min(MOST_CELL);
        let cell = if longest as f32 <= SIDE { cell.floor() } else { cell };
        let ranges: Vec<f32> = panels().flat_map(Panel::range).collect();
        let common = self.one_scale.then(|| range(&ranges));

        let foot = if self.one_scale { 0.0 } else { FOOT };
        let row_height = |row: &[Panel]| {
            let cells = row.iter().map(|panel| panel.extents()[0]).max().unwrap_or(0);
            HEAD + cells as f32 * cell + foot
        };
        let row_width = |row: &[Panel]| {
            row.iter().map(|panel| panel.width(cell, !self.one_scale)).sum::<f32>()
                + GAP * (row.len().max(1) - 1) as f32
        };
        let wide = self.rows.iter().map(|row| row_width(row)).fold(0.0, f32::max);
        let high: f32 = self.rows.iter().map(|row| row_height(row)).sum();
        let high =
            high + GAP * (self.rows.len().max(1) - 1) as f32 + if common.is_some() { FOOT } else { 0.0 };
        let mut figure =
            Figure::new(&self.title, [(wide + 2.0 * MARGIN).ceil(), (high + 2.0 * MARGIN).ceil()]);

        let mut y = MARGIN;
        for row in &self.rows {
            let mut x = MARGIN;
            for (index, panel) in row.iter().enumerate() {
                if index == 1 {
                    let middle = HEAD + row[0].extents()[0].min(panel.extents()[0]) as f32 * cell / 2.0;
                    figure.text([x - GAP / 2.0, y + middle + 5.0], Anchor::Middle, 18.0, FAINT_INK, "→");
                }
                let range = common.unwrap_or_else(|| panel.range());
                let drawn = Drawn { panel, cell, range, map: self.map, single };
                drawn.draw(&mut figure, [x, y]);
                if common.is_none() {
                    let below = y + HEAD + panel.extents()[0] as f32 * cell + 10.0;
                    bar(&mut figure, [x, below], self.map, range);
                }
                x += panel.width(cell, !self.one_scale) + GAP;
            }
            y += row_height(row) + GAP;
        }
        if let Some(range) = common {
            bar(&mut figure, [MARGIN, y - GAP + 10.0], self.map, range);
        }
        figure
    }
}

/// A panel with all that it takes to draw it.
struct Drawn<'a> {
    panel: &'a Panel,
    cell: f32,
    range: [f32; 2],
    map: Map,
    /// Whether each cell is drawn by itself.
    single: bool,
}

impl Drawn<'_> {
    fn draw(&self, figure: &mut Figure, [x, y]: [f32; 2]) {
        let Self { panel, cell, .. } = *self;
        figure.text([x, y + TITLE], Anchor::Start, TITLE, INK, &panel.title);
        figure.text([x, y + TITLE + 16.0], Anchor::Start, LABEL, FAINT_INK, &panel.label);
        let corner = [x, y + HEAD];
        let [left, top] = panel.origin(cell);
        let first = [corner[0] + left, corner[1] + top];
        let [rows, columns] = panel.shape;
        if self.single {
            self.cells_around(figure, first);
            for (index, &value) in panel.data.iter().enumerate() {
                let [row, column] = [index / columns, index % columns];
                self.value(figure, [first[0] + column as f32 * cell, first[1] + row as f32 * cell], value);
            }
        } else {
            let size = [columns as f32 * cell, rows as f32 * cell];
            // Of more pixels than can be told apart, some are left out.
            let step = rows.max(columns).div_ceil(MOST_PIXELS);
            let shown = panel.data.chunks(columns).step_by(step).flat_map(|row| row.iter().step_by(step));
            let pixels = shown.map(|&value| self.colour(value)).collect();
            let columns = columns.div_ceil(step);
            figure.shapes.push(Shape::Pixels { at: first, size, columns, pixels });
            figure.outline(first, size, Stroke::new(RULE, 1.0));
        }
        self.marks(figure, first);
    }

    fn colour(&self, value: f32) -> Colour {
        let [low, high] = self.range;
        colour(self.map, if high > low { (value - low) / (high - low) } else { 0.5 + 0.0 * value })
    }

    /// A cell, with its number if that can be read.
    fn value(&self, figure: &mut Figure, [x, y]: [f32; 2], value: f32) {
        let cell = self.cell;
        let fill = self.colour(value);
        figure.fill([x + 0.5, y + 0.5], [cell - 1.0, cell - 1.0], fill);
        if cell >= CELL_WITH_NUMBER {
            let text = number(value, self.panel.data.iter().all(|x| x.fract() == 0.0));
            let height = (0.29 * cell).min(0.29 * cell * 0.86 * cell / width(&text, 0.29 * cell));
            let baseline = y + cell / 2.0 + 0.36 * height;
            figure.text([x + cell / 2.0, baseline], Anchor::Middle, height, ink(fill), text);
        }
    }

    /// The outlines of the cells around the array.
    fn cells_around(&self, figure: &mut Figure, first: [f32; 2]) {
        let [above, below, left, right] = self.panel.around.map(|cells| cells as isize);
        let [rows, columns] = self.panel.shape.map(|cells| cells as isize);
        for row in -above..rows + below {
            for column in -left..columns + right {
                if !((0..rows).contains(&row) && (0..columns).contains(&column)) {
                    let at = self.place(first, [row, column]);
                    let size = [self.cell - 3.0; 2];
                    figure.outline([at[0] + 1.5, at[1] + 1.5], size, Stroke::dashed(RULE, 1.0));
                }
            }
        }
    }

    fn place(&self, first: [f32; 2], [row, column]: [isize; 2]) -> [f32; 2] {
        [first[0] + column as f32 * self.cell, first[1] + row as f32 * self.cell]
    }

    /// Outlines the marks; where some overlap, every other one lies a little further within its cells.
    fn marks(&self, figure: &mut Figure, first: [f32; 2]) {
        let marks = &self.panel.marks;
        let overlap =
            marks.iter().enumerate().any(|(index, mark)| marks[..index].iter().any(|m| m.meets(mark)));
        let lines = marks.iter().enumerate().map(|(index, mark)| {
            // Small cells must not be hidden.
            let inset = if !self.single {
                -2.0
            } else if overlap && index % 2 == 1 {
                3.5
            } else {
                1.25
            };
            let [x, y] = self.place(first, mark.at);
            let [height, width] = mark.cells.map(|cells| cells as f32 * self.cell - 2.0 * inset);
            ([x + inset, y + inset], [width, height])
        });
        let lines: Vec<_> = lines.collect();
        // A light line below all accents sets them off from any cell.
        for &(at, size) in &lines {
            figure.outline(at, size, Stroke::new(PAPER, 4.5));
        }
        for (mark, &(at, size)) in marks.iter().zip(&lines) {
            figure.outline(at, size, Stroke::new(mark.accent(), 2.5));
            self.dots(figure, first, mark);
        }
    }

    /// Points in the cells that a dilated window reads.
    fn dots(&self, figure: &mut Figure, first: [f32; 2], mark: &Mark) {
        let [down, across] = mark.dots;
        if down == 0 || across == 0 {
            return;
        }
        let corner = self.place(first, mark.at);
        // Those of different windows stand beside each other.
        let share = (1 + mark.colour % 3) as f32 / 4.0;
        for row in (0..mark.cells[0]).step_by(down) {
            for column in (0..mark.cells[1]).step_by(across) {
                let [x, y] = self.place(corner, [row as isize, column as isize]);
                let (centre, stroke) =
                    ([x + share * self.cell, y + self.cell - 8.5], Some(Stroke::new(PAPER, 1.0)));
                figure.shapes.push(Shape::Disc { centre, radius: 2.75, fill: Some(mark.accent()), stroke });
            }
        }
    }
}

impl Mark {
    fn accent(&self) -> Colour {
        ACCENTS[self.colour % ACCENTS.len()]
    }

    /// Whether both have a cell in common.
    fn meets(&self, other: &Self) -> bool {
        let end = |mark: &Self, axis: usize| mark.at[axis] + mark.cells[axis] as isize;
        (0..2).all(|axis| self.at[axis] < end(other, axis) && other.at[axis] < end(self, axis))
    }
}

/// The numbers at the ends of a colour bar.
fn ends(range: [f32; 2]) -> [String; 2] {
    range.map(|x| number(x, x.fract() == 0.0))
}

fn bar_width(range: [f32; 2]) -> f32 {
    ends(range).iter().map(|end| width(end, LABEL)).sum::<f32>() + BAR[0] + 12.0
}

/// The colours from the least to the greatest number.
fn bar(figure: &mut Figure, [x, y]: [f32; 2], map: Map, range: [f32; 2]) {
    const STEPS: usize = 64;
    let pixels = (0..STEPS).map(|step| colour(map, step as f32 / (STEPS - 1) as f32)).collect();
    let [low, high] = ends(range);
    let from = x + width(&low, LABEL) + 6.0;
    figure.shapes.push(Shape::Pixels { at: [from, y], size: BAR, columns: STEPS, pixels });
    figure.text([x, y + BAR[1]], Anchor::Start, LABEL, FAINT_INK, low);
    figure.text([from + BAR[0] + 6.0, y + BAR[1]], Anchor::Start, LABEL, FAINT_INK, high);
}

/// A number as short as it may be, with a minus that is as wide as a plus.
fn number(x: f32, whole: bool) -> String {
    let text = match x {
        x if x.is_nan() => "NaN".to_owned(),
        x if x.is_infinite() => "∞".to_owned(),
        x if whole && x.abs() < 1e6 => format!("{:.0}", x.abs()),
        x if x.abs() >= 1e4 => format!("{:.1e}", x.abs()),
        x if x.abs() >= 100.0 => format!("{:.0}", x.abs()),
        x => format!("{:.2}", x.abs()),
    };
    let nothing = text.chars().all(|digit| "0.".contains(digit));
    if x < 0.0 && !nothing { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [(3.0, true), (-0.001, false), (-2.5, false), (123.4, false), (2e7, true)];
        let shown = shown.map(|(x, whole)| number(x, whole));
        assert_eq!(shown, ["3", "0.00", "−2.50", "123", "2.0e7"]);
    }

    #[test]
    fn what_is_not_finite_does_not_stretch_the_scale() {
        assert_eq!(range(&[1.0, f32::INFINITY, -2.0, f32::NAN]), [-2.0, 1.0]);
        assert_eq!(range(&[f32::NAN]), [0.0, 0.0]);
    }
}
