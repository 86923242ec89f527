//! PNG files from rasterised pictures.

use std::collections::HashMap;

use png::{BitDepth, ColorType, Encoder, EncodingError, Filter, PixelDimensions, Unit};
use resvg::tiny_skia::Pixmap;

/// Colours that a palette can hold.
const PALETTE: usize = 256;
/// Metres in a CSS pixel, of which 96 make an inch.
const PIXEL: f64 = 0.0254 / 96.0;

/// The opaque pixmap as a PNG file that says how large it is to be printed.
///
/// Line drawings have few colours: with a palette they take a third of the bytes and of the time.
pub(super) fn encode(pixmap: &Pixmap, scale: f64) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = vec![];
    let mut encoder = Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    let pixels_per_metre = (scale / PIXEL).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: pixels_per_metre,
        yppu: pixels_per_metre,
        unit: Unit::Meter,
    }));
    encoder.set_depth(BitDepth::Eight);
    encoder.set_filter(Filter::NoFilter);
    let data = match indexed(pixmap) {
        Some((palette, indices)) => {
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(palette);
            indices
        }
        None => {
            encoder.set_color(ColorType::Rgb);
            let mut colours = Vec::with_capacity(pixmap.data().len() / 4 * 3);
            for pixel in pixmap.data().chunks_exact(4) {
                colours.extend_from_slice(&pixel[..3]);
            }
            colours
        }
    };
    encoder.write_header()?.write_image_data(&data)?;
    Ok(bytes)
}

/// The palette and each pixel's place in it; `None` if there are too many colours.
fn indexed(pixmap: &Pixmap) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut places: HashMap<[u8; 3], u8> = HashMap::new();
    let mut palette = vec![];
    let mut indices = Vec::with_capacity(pixmap.data().len() / 4);
    let mut last = None;
    for pixel in pixmap.data().chunks_exact(4) {
        let colour = [pixel[0], pixel[1], pixel[2]];
        let place = match last {
            Some((before, place)) if before == colour => place,
            _ => match places.get(&colour) {
                Some(&place) => place,
                None if places.len() == PALETTE => return None,
                None => {
                    let place = places.len() as u8;
                    places.insert(colour, place);
                    palette.extend(colour);
                    place
                }
            },
        };
        last = Some((colour, place));
        indices.push(place);
    }
    Some((palette, indices))
}

#[cfg(test)]
mod tests {
    use resvg::tiny_skia::{Color, Paint, Rect, Transform};

    use super::*;

    /// A pixmap of `colours` shades in a row.
    fn shades(colours: u32) -> Pixmap {
        let mut pixmap = Pixmap::new(colours, 2).unwrap();
        for shade in 0..colours {
            let mut paint = Paint::default();
            paint.set_color(Color::from_rgba8(
                (shade % 256) as u8,
                (shade / 256) as u8,
                7,
                255,
            ));
            let column = Rect::from_xywh(shade as f32, 0.0, 1.0, 2.0).unwrap();
            pixmap.fill_rect(column, &paint, Transform::identity(), None);
        }
        pixmap
    }

    #[test]
    fn pixels_survive_with_and_without_a_palette() {
        for colours in [1, 255, 256, 257, 600] {
            let pixmap = shades(colours);
            let bytes = encode(&pixmap, 2.0).unwrap();
            assert_eq!(
                Pixmap::decode_png(&bytes).unwrap(),
                pixmap,
                "{colours} colours"
            );
        }
    }

    #[test]
    fn resolution_is_stated() {
        let bytes = encode(&shades(3), 2.0).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let dimensions = decoder.info().pixel_dims.unwrap();
        assert_eq!((dimensions.xppu, dimensions.unit), (7559, Unit::Meter));
    }
}
