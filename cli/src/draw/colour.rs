//! Colour maps, which give numbers a colour.

use clap::ValueEnum;
use colorous::Gradient;

/// A colour map, from dark at 0 to light at 1, as Matplotlib has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Map {
    /// Blue, green, yellow; the same to readers who are colour-blind
    #[default]
    Viridis,
    /// Black, violet, cream
    Magma,
    /// Black, red, yellow
    Inferno,
    /// Blue, red, yellow
    Plasma,
    /// Blue, grey, yellow
    Cividis,
    /// Black to white
    #[value(alias = "gray")]
    Grey,
}

/// What stands for NaN, which no map contains.
const NOT_A_NUMBER: [u8; 3] = [255, 0, 160];

/// The colour of a number from 0 to 1; numbers beyond have the colour of the nearer end.
pub(crate) fn colour(map: Map, t: f32) -> [u8; 3] {
    if t.is_nan() {
        return NOT_A_NUMBER;
    }
    let t = t.clamp(0.0, 1.0);
    let gradient: Gradient = match map {
        Map::Viridis => colorous::VIRIDIS,
        Map::Magma => colorous::MAGMA,
        Map::Inferno => colorous::INFERNO,
        Map::Plasma => colorous::PLASMA,
        Map::Cividis => colorous::CIVIDIS,
        Map::Grey => return [(t * 255.0).round() as u8; 3],
    };
    let colour = gradient.eval_continuous(f64::from(t));
    [colour.r, colour.g, colour.b]
}

/// The colour as SVG and CSS write it.
pub(crate) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Black or white, whichever stands out more from this colour: by the contrast of WCAG 2, in which they are
/// equal where the relative luminance is 0.179.
pub(crate) fn ink(colour: [u8; 3]) -> [u8; 3] {
    let linear = colour.map(|channel| (f32::from(channel) / 255.0).powf(2.2));
    let luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    if luminance > 0.179 { [17; 3] } else { [255; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends and middles as Matplotlib gives them.
    #[test]
    fn maps_have_their_published_colours() {
        assert_eq!(hex(colour(Map::Viridis, 0.0)), "#440154");
        assert_eq!(hex(colour(Map::Viridis, 1.0)), "#fde725");
        assert_eq!(hex(colour(Map::Magma, 0.0)), "#000004");
        assert_eq!(hex(colour(Map::Magma, 1.0)), "#fcfdbf");
        assert_eq!(hex(colour(Map::Grey, 0.5)), "#808080");
        let [r, g, b] = colour(Map::Viridis, 0.5).map(i32::from);
        assert!((r - 33).abs() < 3 && (g - 145).abs() < 3 && (b - 140).abs() < 3, "{r} {g} {b}");
    }

    #[test]
    fn every_number_has_a_colour_and_a_readable_ink() {
        for &map in Map::value_variants() {
            assert_eq!(colour(map, f32::NEG_INFINITY), colour(map, 0.0));
            assert_eq!(colour(map, f32::INFINITY), colour(map, 1.0));
            assert_eq!(colour(map, f32::NAN), NOT_A_NUMBER);
            assert_eq!([ink(colour(map, 0.0)), ink(colour(map, 1.0))], [[255; 3], [17; 3]], "{map:?}");
        }
    }
}
