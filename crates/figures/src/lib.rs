//! Figures and tables as pictures: plain data in, one SVG document out.
//!
//! The files: `graphs` (places by `layered`), `bars`, `table`, `pies`, `curve`, `histogram`, `front`, `lines`, `scree`,
//! `intervals`, `targets`, `circle` and `ladder` are the kinds of picture; `palette`, `theme`, `scale`, `axes`, `legend` and
//! `spread` are what they share; `canvas` writes SVG, `font` measures text, `raster` and `picture` make PNG of it.
//!
//! Each drawing function takes a description of what to show and returns a [`Picture`]:
//! [`graphs`] draws directed graphs side by side, [`bars`] grouped bars with error bars,
//! [`steering_table`] a table of stacked bars with a number on each, [`pies`] a grid of pies,
//! [`specification_curve`] many combinations of choices in the order of their results,
//! [`histogram`] where a number lies among those that chance gives, [`front`] what a gain costs,
//! [`lines()`] what grows with what, [`scree`] eigenvalues beside those without structure, [`intervals`] estimates with their intervals,
//! [`targets`] where things are and where they should be,
//! [`circle`] what lies on a circle and goes together, [`ladder`] numbers step after step.
//! [`Picture::svg`] and [`Picture::png`] are what goes into files. The PNG is rasterised from the SVG with the
//! font that the crate carries, so neither depends on the fonts of the machine.
//! [`Picture::inline`] is a picture as part of a page, which [`dark_style`] shows on a dark ground.
//!
//! Colour is never the only carrier of meaning: whatever differs in colour differs in hatching,
//! dash pattern, position or a printed label too. The colours are those of Okabe and Ito, which
//! colour-blind readers can tell apart.
//!
//! ```
//! use figures::{Edge, GraphFigure, GraphPanel, graphs};
//!
//! let panel = GraphPanel::new("Two values", [Edge::directed("Empathy", "Social")]);
//! let picture = graphs(&GraphFigure::new("A first graph").panel(panel))?;
//! assert!(picture.svg().starts_with("<svg"));
//! # Ok::<(), figures::DrawError>(())
//! ```

mod axes;
mod bars;
mod canvas;
#[cfg(test)]
mod check;
mod circle;
mod curve;
mod font;
mod front;
mod graphs;
mod histogram;
mod intervals;
mod ladder;
mod layered;
mod legend;
mod lines;
mod palette;
mod picture;
mod pies;
mod raster;
mod scale;
mod scree;
mod shares;
mod spread;
mod table;
mod targets;
mod theme;

pub use bars::{Bar, BarCluster, BarFigure, BarGroup, BarPanel, bars};
pub use circle::{CircleFigure, circle};
pub use curve::{CurveAxis, CurveFigure, CurveLevel, CurvePoint, specification_curve};
pub use front::{FrontFigure, FrontPoint, Standing, front};
pub use graphs::{Edge, EdgeKind, EdgeStyle, GraphFigure, GraphPanel, graphs};
pub use histogram::{HistogramFigure, histogram};
pub use intervals::{IntervalFigure, IntervalRow, intervals};
pub use ladder::{LadderFigure, ladder};
pub use lines::{LineFigure, lines};
pub use picture::{DrawError, Picture};
pub use pies::{PieFigure, PieRow, pies};
pub use scree::{ScreeFigure, scree};
pub use shares::Shares;
pub use table::{SteeringCell, SteeringRow, SteeringTable, steering_table};
pub use targets::{TargetFigure, TargetRow, targets};
pub use theme::dark_style;
