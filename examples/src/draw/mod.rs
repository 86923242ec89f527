//! Figures and tables as pictures: plain data in, one SVG document out.
//!
//! Each drawing function takes a description of what to show and returns a [`Picture`]:
//! [`graphs`] draws directed graphs side by side, [`bars`] grouped bars with error bars,
//! [`steering_table`] a table of stacked bars with a number on each, [`pies`] a grid of pies,
//! [`specification_curve`] many combinations of choices in the order of their results.
//! [`save`] writes a picture as `.svg` and `.png`. The PNG is rasterised from the SVG with the
//! font that the program carries, so neither file depends on the fonts of the machine.
//!
//! Colour is never the only carrier of meaning: whatever differs in colour differs in hatching,
//! dash pattern, position or a printed label too. The colours are those of Okabe and Ito, which
//! colour-blind readers can tell apart.
//!
//! ```
//! use examples::draw::{Edge, GraphFigure, GraphPanel, graphs};
//!
//! let panel = GraphPanel::new("Two values", [Edge::directed("Empathy", "Social")]);
//! let picture = graphs(&GraphFigure::new("A first graph").panel(panel))?;
//! assert!(picture.svg().starts_with("<svg"));
//! # Ok::<(), examples::draw::DrawError>(())
//! ```

mod bars;
mod canvas;
#[cfg(test)]
mod check;
mod curve;
mod font;
mod graphs;
mod layered;
mod legend;
mod palette;
mod picture;
mod pies;
mod raster;
mod shares;
mod table;

pub use bars::{Bar, BarCluster, BarFigure, BarGroup, BarPanel, bars};
pub use curve::{CurveAxis, CurveFigure, CurveLevel, CurvePoint, specification_curve};
pub use graphs::{Edge, EdgeKind, EdgeStyle, GraphFigure, GraphPanel, graphs};
pub use picture::{DrawError, Picture, save};
pub use pies::{PieFigure, PieRow, pies};
pub use shares::Shares;
pub use table::{SteeringCell, SteeringRow, SteeringTable, steering_table};
