//! What every picture must satisfy, for the tests of the drawing functions.

use resvg::tiny_skia::{Pixmap, Point};
use resvg::usvg::{self, roxmltree};

use super::{Picture, font};

/// Names that are hard to draw.
pub(super) const HARD_NAMES: [&str; 8] = [
    "",
    "<b> & \"quotes\" 'and' ]]> &amp;",
    "Unsicherheitsvermeidungsverhaltensweisen im internationalen Vergleich der Führungskräfte",
    "Wahrhaftigkeit – ἀλήθεια – правда – 誠 – صدق",
    "tab\tnew line\nnull\u{0}end\u{FFFE}",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    " ",
    "e\u{301}\u{302} 👩‍👩‍👧 {{ ${x} %s",
];

/// A piece of text and the four corners of its box, in order.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) corners: [Point; 4],
}

/// Asserts all that holds for any picture and returns its texts.
pub(super) fn assert_sound(picture: &Picture) -> Vec<Words> {
    assert_accessible(picture);
    assert_not_blank(picture);
    assert_well_placed(picture)
}

/// The part of [`assert_sound`] that needs no raster.
pub(super) fn assert_well_placed(picture: &Picture) -> Vec<Words> {
    let read =
        |svg: &str| usvg::Tree::from_str(svg, &font::svg_options()).expect("well-formed SVG");
    // Letters as much wider as those of a fallback font may be.
    let wider = picture
        .svg()
        .replacen("<svg ", "<svg letter-spacing=\"0.8\" ", 1);
    assert_inside(read(&wider).root(), picture);
    let tree = read(picture.svg());
    assert_inside(tree.root(), picture);
    let mut words = vec![];
    collect(tree.root(), &mut words);
    for (index, a) in words.iter().enumerate() {
        for b in &words[index + 1..] {
            assert!(apart(&a.corners, &b.corners), "{a:?} and {b:?} overlap");
        }
    }
    words
}

/// Asserts that there is a piece of text like this, and returns how many there are.
pub(super) fn count(words: &[Words], text: &str) -> usize {
    words.iter().filter(|words| words.text == text).count()
}

fn assert_accessible(picture: &Picture) {
    let document = roxmltree::Document::parse(picture.svg()).expect("well-formed XML");
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    for name in ["title", "desc"] {
        assert!(
            root.children()
                .any(|child| child.has_tag_name(("http://www.w3.org/2000/svg", name)))
        );
    }
    assert_eq!(
        root.attribute("width"),
        Some(picture.width().to_string().as_str())
    );
}

fn assert_not_blank(picture: &Picture) {
    let pixmap = Pixmap::decode_png(&picture.png().expect("a raster")).expect("a PNG file");
    let inked = pixmap
        .pixels()
        .iter()
        .filter(|pixel| pixel.red() < 200)
        .count();
    assert!(inked > 30, "{inked} dark pixels");
}

fn assert_inside(group: &usvg::Group, picture: &Picture) {
    for node in group.children() {
        let frame = node.abs_stroke_bounding_box();
        let inside = frame.left() >= -0.01
            && frame.top() >= -0.01
            && f64::from(frame.right()) <= picture.width() + 0.01
            && f64::from(frame.bottom()) <= picture.height() + 0.01;
        assert!(
            inside,
            "{frame:?} is outside {} x {}",
            picture.width(),
            picture.height()
        );
        if let usvg::Node::Group(group) = node {
            assert_inside(group, picture);
        }
    }
}

fn collect(group: &usvg::Group, words: &mut Vec<Words>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => collect(group, words),
            usvg::Node::Text(text) => {
                let content = text.chunks().iter().map(usvg::TextChunk::text).collect();
                let frame = text.bounding_box();
                let corner = |x: f32, y: f32| {
                    let mut point = Point::from_xy(x, y);
                    text.abs_transform().map_point(&mut point);
                    point
                };
                let corners = [
                    corner(frame.left(), frame.top()),
                    corner(frame.right(), frame.top()),
                    corner(frame.right(), frame.bottom()),
                    corner(frame.left(), frame.bottom()),
                ];
                words.push(Words {
                    text: content,
                    corners,
                });
            }
            _ => {}
        }
    }
}

/// Whether a line separates two rectangles, which may be turned (separating axis theorem).
fn apart(a: &[Point; 4], b: &[Point; 4]) -> bool {
    let touch = 0.3;
    [a, b].iter().any(|corners| {
        (0..2).any(|side| {
            let (from, to) = (corners[side], corners[side + 1]);
            let length = (to.x - from.x).hypot(to.y - from.y).max(1e-3);
            let axis = ((to.x - from.x) / length, (to.y - from.y) / length);
            let (a, b) = (shadow(a, axis), shadow(b, axis));
            a.1 <= b.0 + touch || b.1 <= a.0 + touch
        })
    })
}

fn shadow(corners: &[Point; 4], axis: (f32, f32)) -> (f32, f32) {
    let along = corners.map(|corner| corner.x * axis.0 + corner.y * axis.1);
    (
        along.into_iter().fold(f32::MAX, f32::min),
        along.into_iter().fold(f32::MIN, f32::max),
    )
}

#[test]
fn turned_rectangles_are_told_apart() {
    let square = |x: f32, y: f32, turn: f32| {
        [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)].map(|(u, v): (f32, f32)| {
            Point::from_xy(
                x + u * turn.cos() - v * turn.sin(),
                y + u * turn.sin() + v * turn.cos(),
            )
        })
    };
    assert!(apart(&square(0.0, 0.0, 0.0), &square(5.0, 0.0, 0.0)));
    assert!(!apart(&square(0.0, 0.0, 0.0), &square(3.0, 3.0, 0.0)));
    // The bounding boxes of these two overlap; the squares do not.
    assert!(apart(&square(0.0, 0.0, 0.0), &square(7.5, 2.0, 0.785)));
    assert!(!apart(&square(0.0, 0.0, 0.0), &square(5.5, 0.0, 0.785)));
}
