//! Curves over two axes.

use std::ops::Range;

use super::figure::{ACCENTS, Anchor, Colour, FAINT_INK, Figure, INK, PAPER, RULE, Shape, Stroke, width};

/// Curves to draw.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What the axes measure, across and up.
    pub(crate) labels: [String; 2],
    pub(crate) curves: Vec<Curve>,
}

/// Points joined by lines.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<[f32; 2]>,
}

/// Width and height of what the axes enclose, and the space around it.
const PLOT: [f32; 2] = [420.0, 260.0];
const LEFT: f32 = 64.0;
const TOP: f32 = 72.0;
const BOTTOM: f32 = 56.0;
const TITLE: f32 = 14.0;
const LABEL: f32 = 11.5;
/// Points of a curve up to which each is marked.
const MOST_POINTS: usize = 40;
/// Space for a line of the legend.
const LINE: f32 = 20.0;

/// Marks on an axis, as many as can be read.
struct Ticks {
    first: f32,
    step: f32,
    count: usize,
}

impl Ticks {
    /// Whole multiples of 1, 2 or 5 times a power of ten that enclose what the points reach.
    fn new(values: impl Iterator<Item = f32>) -> Self {
        let range =
            values.filter(|x| x.is_finite()).map(|x| (x, x)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (low, high) = range.unwrap_or((0.0, 1.0));
        let span = if high > low { high - low } else { high.abs().max(1.0) };
        let power = 10.0_f32.powf((span / 6.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
        let step = step.into_iter().find(|step| span / step <= 6.0).unwrap_or(10.0 * power);
        let first = (low / step).floor() * step;
        let count = ((high - first) / step).ceil().max(1.0) as usize + 1;
        Self { first, step, count }
    }

    fn marks(&self) -> impl Iterator<Item = f32> {
        (0..self.count).map(|index| self.first + index as f32 * self.step)
    }

    /// Where a value lies between the first mark and the last.
    fn share(&self, value: f32) -> f32 {
        (value - self.first) / (self.step * (self.count - 1) as f32)
    }

    fn label(&self, value: f32) -> String {
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}").replace('-', "−")
    }
}

impl Chart {
    /// Draws it, with a legend beside it if there are several curves.
    pub(crate) fn figure(&self) -> Figure {
        let axis = |axis: usize| Ticks::new(self.curves.iter().flat_map(|c| &c.points).map(move |p| p[axis]));
        let [across, up] = [axis(0), axis(1)];
        let legend = self.curves.iter().map(|curve| width(&curve.name, LABEL)).fold(0.0, f32::max);
        let legend = if self.curves.len() > 1 { legend + 44.0 } else { 0.0 };
        let high = (PLOT[1] + TOP + BOTTOM).max(TOP + LINE * self.curves.len() as f32 + 20.0);
        let wide = LEFT + PLOT[0] + legend.max(4.0) + 24.0;
        let mut figure = Figure::new(&self.title, [wide.ceil(), high.ceil()]);
        figure.text([LEFT, 30.0], Anchor::Start, TITLE, INK, &self.title);

        let bottom = TOP + PLOT[1];
        let place = |[x, y]: [f32; 2]| [LEFT + across.share(x) * PLOT[0], bottom - up.share(y) * PLOT[1]];
        for mark in up.marks() {
            let y = place([across.first, mark])[1];
            figure.line([[LEFT, y], [LEFT + PLOT[0], y]], Stroke::new(RULE, 1.0));
            figure.text([LEFT - 8.0, y + 4.0], Anchor::End, LABEL, FAINT_INK, up.label(mark));
        }
        for mark in across.marks() {
            let x = place([mark, up.first])[0];
            figure.line([[x, bottom], [x, bottom + 5.0]], Stroke::new(FAINT_INK, 1.0));
            figure.text([x, bottom + 20.0], Anchor::Middle, LABEL, FAINT_INK, across.label(mark));
        }
        figure.line([[LEFT, bottom], [LEFT + PLOT[0], bottom]], Stroke::new(FAINT_INK, 1.0));
        let [x_label, y_label] = &self.labels;
        let below = [LEFT + PLOT[0] / 2.0, bottom + 42.0];
        figure.text(below, Anchor::Middle, LABEL, FAINT_INK, x_label);
        figure.text([LEFT, TOP - 16.0], Anchor::Start, LABEL, FAINT_INK, y_label);

        for (index, curve) in self.curves.iter().enumerate() {
            let colour = ACCENTS[index % ACCENTS.len()];
            let finite = curve.points.iter().copied().filter(|point| point.iter().all(|x| x.is_finite()));
            let points: Vec<[f32; 2]> = finite.map(place).collect();
            draw(&mut figure, &points, index, colour, 0..points.len());
            if self.curves.len() > 1 {
                let y = TOP + 8.0 + LINE * index as f32;
                let x = LEFT + PLOT[0] + 20.0;
                draw(&mut figure, &[[x, y], [x + 12.0, y], [x + 24.0, y]], index, colour, 1..2);
                figure.text([x + 34.0, y + 4.0], Anchor::Start, LABEL, INK, &curve.name);
            }
        }
        figure
    }
}

/// A line with some of its points; dashed where the colours begin anew.
fn draw(figure: &mut Figure, line: &[[f32; 2]], index: usize, colour: Colour, points: Range<usize>) {
    let dashed = index / ACCENTS.len() % 2 == 1;
    figure.line(line, Stroke { colour, width: 2.0, dashed });
    // Many points would hide the line.
    if line.len() <= MOST_POINTS {
        for &centre in &line[points] {
            let stroke = Some(Stroke::new(PAPER, 1.0));
            figure.shapes.push(Shape::Disc { centre, radius: 3.5, fill: Some(colour), stroke });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_enclose_the_values() {
        let ticks = Ticks::new([5.0, 20.0].into_iter());
        assert_eq!(ticks.marks().collect::<Vec<_>>(), [5.0, 10.0, 15.0, 20.0]);
        let ticks = Ticks::new([0.013, 0.18].into_iter());
        assert_eq!(
            ticks.marks().map(|x| ticks.label(x)).collect::<Vec<_>>(),
            ["0.00", "0.05", "0.10", "0.15", "0.20"]
        );
        let ticks = Ticks::new([3.0].into_iter());
        assert!(ticks.share(3.0) >= 0.0 && ticks.share(3.0) <= 1.0);
        assert_eq!(Ticks::new(std::iter::empty()).share(0.0), 0.0);
    }
}
