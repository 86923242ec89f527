//! The finished picture and its rasterisation.

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg;
use thiserror::Error;

use super::{font, raster};

/// PNG pixels for each SVG user unit.
const PNG_SCALE: f64 = 2.0;

/// A finished drawing: a complete SVG document and its size in user units (pixels at scale 1).
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    svg: String,
    width: f64,
    height: f64,
}

impl Picture {
    pub(super) fn new(svg: String, width: f64, height: f64) -> Self {
        Self { svg, width, height }
    }

    /// The SVG document.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width in user units.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in user units.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// The picture as a part of a page, styled by [`dark_style`](super::dark_style) where the page is
    /// dark.
    ///
    /// Other pictures of the page have other `name`s, of letters and digits: patterns are found by
    /// their identifiers, which a page may hold once only.
    pub fn inline(&self, name: &str) -> String {
        // In a page the name of the format goes without saying.
        let own = self
            .svg
            .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
            .replace(" id=\"", &format!(" id=\"{name}-"))
            .replace("url(#", &format!("url(#{name}-"));
        own.replacen("<svg ", "<svg class=\"picture\" ", 1)
    }

    /// The picture as PNG bytes, two pixels for each user unit, on white.
    ///
    /// # Errors
    /// [`DrawError::Svg`] if the document cannot be parsed, [`DrawError::TooLarge`] if the raster
    /// cannot be allocated, [`DrawError::Png`] if it cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>, DrawError> {
        let tree = usvg::Tree::from_str(&self.svg, &font::svg_options())?;
        let mut pixmap = self.blank()?;
        let scale = PNG_SCALE as f32;
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixmap.as_mut(),
        );
        Ok(raster::encode(&pixmap, PNG_SCALE)?)
    }

    fn blank(&self) -> Result<Pixmap, DrawError> {
        let pixels = |length: f64| (length * PNG_SCALE).ceil() as u32;
        let mut pixmap =
            Pixmap::new(pixels(self.width), pixels(self.height)).ok_or(DrawError::TooLarge {
                width: self.width,
                height: self.height,
            })?;
        pixmap.fill(Color::WHITE);
        Ok(pixmap)
    }
}

/// Why a drawing could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DrawError {
    /// A row does not have as many entries as the figure has columns.
    #[error("{what} has {found} entries, expected {expected}")]
    Length {
        /// The row or cluster at fault.
        what: String,
        /// Entries that it should have.
        expected: usize,
        /// Entries that it has.
        found: usize,
    },
    /// An edge refers to a source that the figure does not name.
    #[error(
        "panel \"{panel}\": an edge is of source {index}, but the figure names {sources} sources"
    )]
    UnknownSource {
        /// Title of the panel.
        panel: String,
        /// Index of the source that the edge refers to.
        index: usize,
        /// Number of sources that the figure names.
        sources: usize,
    },
    /// A number is outside the range that the drawing can show.
    #[error("{what} is {found}, expected {expected}")]
    OutOfRange {
        /// What the number stands for.
        what: String,
        /// The range.
        expected: &'static str,
        /// The number.
        found: f64,
    },
    /// The SVG document cannot be parsed.
    #[error("cannot read back the SVG document")]
    Svg(#[from] usvg::Error),
    /// The raster is too large to be allocated.
    #[error("a picture of {width} x {height} units is too large for a PNG file")]
    TooLarge {
        /// Width in user units.
        width: f64,
        /// Height in user units.
        height: f64,
    },
    /// The raster cannot be encoded.
    #[error("cannot encode the PNG file")]
    Png(#[from] png::EncodingError),
}

/// Refuses a number, where there is one, that no scale can hold.
pub(super) fn finite(
    number: impl Into<Option<f64>>,
    what: impl FnOnce() -> String,
) -> Result<(), DrawError> {
    match number.into() {
        Some(found) if !found.is_finite() => Err(DrawError::OutOfRange {
            what: what(),
            expected: "a finite number",
            found,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edge, GraphFigure, GraphPanel, graphs};

    fn picture() -> Picture {
        let panel = GraphPanel::new("", [Edge::directed("a", "b")]);
        graphs(&GraphFigure::new("Small").panel(panel)).unwrap()
    }

    #[test]
    fn png_has_two_pixels_for_each_unit() {
        let picture = picture();
        let pixmap = Pixmap::decode_png(&picture.png().unwrap()).unwrap();
        assert_eq!(f64::from(pixmap.width()), (picture.width() * 2.0).ceil());
        assert_eq!(f64::from(pixmap.height()), (picture.height() * 2.0).ceil());
    }
}
