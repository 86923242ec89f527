//! Grouped bars with error bars, as in figures 4, 6 and 7 of the paper.

use super::canvas::{CAP_MIDDLE, Canvas, Frame, HEADING, LABEL, Look, MARGIN, SMALL, Type};
use super::font::{self, Weight};
use super::legend::{Entry, Heading, Legend};
use super::palette::{FAINT, Fill, INK, MUTED, WHITE, series_fill};
use super::{DrawError, Picture};

const BAR_WIDTH: f64 = 32.0;
const BAR_GAP: f64 = 3.0;
const CLUSTER_GAP: f64 = 20.0;
const GROUP_GAP: f64 = 34.0;
const PANEL_GAP: f64 = 36.0;
/// Height of the unit interval.
const UNIT: f64 = 230.0;
/// Room for the tick labels.
const TICKS: f64 = 30.0;
/// Half the width of an error bar's cap.
const CAP: f64 = 4.5;
const NUMBER: f64 = 10.5;
/// Height of the white plate under a number.
const PLATE: f64 = 15.0;
/// Grouped bars of numbers between 0 and 1, in one or more panels of one scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarFigure {
    /// Title above the panels; not drawn if empty.
    pub title: String,
    /// What a reader who cannot see the picture should know.
    pub description: String,
    /// What the bars' height stands for.
    pub y_label: String,
    /// What the bars of a cluster stand for, in their order: the legend.
    pub series: Vec<String>,
    /// From left to right.
    pub panels: Vec<BarPanel>,
}

/// One coordinate system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarPanel {
    /// Title above it; not drawn if empty.
    pub title: String,
    /// From left to right.
    pub groups: Vec<BarGroup>,
}

/// Clusters under one name, such as one kind of steering.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarGroup {
    /// Name below the clusters' names.
    pub label: String,
    /// From left to right.
    pub clusters: Vec<BarCluster>,
}

/// Bars that touch, one for each series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarCluster {
    /// Name below the bars.
    pub label: String,
    /// As many as there are series.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    /// Height, from 0 to 1; without it "n/a" is written in the bar's place.
    pub mean: Option<f64>,
    /// Half the length of the error bar; without it, or if it is 0, none is drawn.
    pub std: Option<f64>,
}

impl Bar {
    /// A bar with an error bar.
    pub fn new(mean: f64, std: f64) -> Self {
        Self {
            mean: Some(mean),
            std: Some(std),
        }
    }

    /// A bar whose number is missing.
    pub fn missing() -> Self {
        Self::default()
    }
}

/// Draws the panels side by side, with the mean written at the foot of each bar.
///
/// Error bars reach one standard deviation up and down. Below 0 and above 1, where no number of theirs lies, they are
/// cut off and have no cap.
///
/// # Errors
/// [`DrawError::Length`] if a cluster does not have one bar for each series,
/// [`DrawError::OutOfRange`] if a mean is not in [0, 1] or a standard deviation is negative or
/// not finite.
pub fn bars(figure: &BarFigure) -> Result<Picture, DrawError> {
    check(figure)?;
    let top_of_scale = top_of_scale(figure);
    let panels: Vec<_> = figure.panels.iter().map(Arranged::new).collect();
    let body = panels.iter().map(|panel| TICKS + panel.width).sum::<f64>()
        + PANEL_GAP * (panels.len() as f64 - 1.0).max(0.0);
    let axis_label = wrapped(&figure.y_label, UNIT, LABEL, Weight::Regular, 3);
    let axis_room = axis_label.len() as f64 * Type::new(LABEL).line() + 4.0;
    let width = (axis_room + body).max(300.0);
    let heading = Heading::new(&figure.title, width);
    let legend = Legend::new(entries(figure), width);
    let mut canvas = Canvas::new();
    let centre = MARGIN + width / 2.0;
    heading.draw(&mut canvas, centre, MARGIN);
    let legend_top = MARGIN + heading.height();
    legend.draw(&mut canvas, centre, legend_top);
    let title_top = legend_top + legend.height() + 8.0;
    let title_height = panels
        .iter()
        .map(|panel| panel.heading.height())
        .fold(0.0, f64::max);
    let plot = Plot {
        top: title_top + title_height,
        scale: top_of_scale,
    };
    let mut x = MARGIN + (width - axis_room - body) / 2.0;
    draw_axis_label(&mut canvas, x, plot, &axis_label);
    x += axis_room;
    for (panel, data) in panels.iter().zip(&figure.panels) {
        panel.draw(&mut canvas, data, x + TICKS, title_top, plot);
        x += TICKS + panel.width + PANEL_GAP;
    }
    let labels = panels
        .iter()
        .map(|panel| panel.label_height)
        .fold(0.0, f64::max);
    let height = plot.bottom() + labels + MARGIN;
    Ok(canvas.finish(
        width + 2.0 * MARGIN,
        height,
        &figure.title,
        &described(figure),
    ))
}

fn check(figure: &BarFigure) -> Result<(), DrawError> {
    for (panel, group, cluster) in clusters(figure) {
        let what = format!(
            "panel \"{}\", group \"{}\", cluster \"{}\"",
            panel.title, group.label, cluster.label
        );
        if cluster.bars.len() != figure.series.len() {
            return Err(DrawError::Length {
                what,
                expected: figure.series.len(),
                found: cluster.bars.len(),
            });
        }
        for (bar, series) in cluster.bars.iter().zip(&figure.series) {
            let within = |found: Option<f64>, high: f64| {
                found.filter(|number| !(0.0..=high).contains(number))
            };
            let what = |kind| format!("{what}, {kind} of \"{series}\"");
            if let Some(found) = within(bar.mean, 1.0) {
                return Err(DrawError::OutOfRange {
                    what: what("mean"),
                    expected: "a number from 0 to 1",
                    found,
                });
            }
            if let Some(found) = within(bar.std, f64::MAX) {
                let expected = "a finite number that is not negative";
                return Err(DrawError::OutOfRange {
                    what: what("standard deviation"),
                    expected,
                    found,
                });
            }
        }
    }
    Ok(())
}

fn clusters(figure: &BarFigure) -> impl Iterator<Item = (&BarPanel, &BarGroup, &BarCluster)> {
    figure.panels.iter().flat_map(|panel| {
        panel.groups.iter().flat_map(move |group| {
            group
                .clusters
                .iter()
                .map(move |cluster| (panel, group, cluster))
        })
    })
}

/// The scale ends at 1, or above it where a number over a bar does.
fn top_of_scale(figure: &BarFigure) -> f64 {
    let room = |bar: &Bar| if has_plate(*bar) { 2.0 } else { PLATE + 4.0 };
    let reach = |bar: &Bar| top_of(*bar) + room(bar) / UNIT;
    let highest = clusters(figure)
        .flat_map(|(_, _, cluster)| cluster.bars.iter().map(reach))
        .fold(1.0, f64::max);
    if highest > 1.0 { highest + 0.02 } else { 1.0 }
}

fn described(figure: &BarFigure) -> String {
    let mut text = figure.description.clone();
    for (panel, group, cluster) in clusters(figure) {
        let numbers: Vec<_> = cluster
            .bars
            .iter()
            .zip(&figure.series)
            .map(|(bar, series)| format!("{series} {}", spelled(*bar)))
            .collect();
        let names: Vec<_> = [&panel.title, &group.label, &cluster.label]
            .into_iter()
            .filter(|name| !name.is_empty())
            .map(String::as_str)
            .collect();
        let separator = if text.is_empty() { "" } else { " " };
        text += &format!("{separator}{}: {}.", names.join(", "), numbers.join("; "));
    }
    text
}

fn spelled(bar: Bar) -> String {
    match (bar.mean, bar.std) {
        (None, _) => "n/a".into(),
        (Some(mean), None) => format!("{mean:.2}"),
        (Some(mean), Some(std)) => format!("{mean:.2} ± {std:.2}"),
    }
}

fn entries(figure: &BarFigure) -> Vec<Entry<Fill>> {
    let entry = |(index, label): (usize, &String)| Entry {
        swatch: series_fill(index),
        label: label.clone(),
    };
    figure.series.iter().enumerate().map(entry).collect()
}

/// The vertical scale.
#[derive(Clone, Copy)]
struct Plot {
    top: f64,
    scale: f64,
}

impl Plot {
    fn y(self, value: f64) -> f64 {
        self.top + (self.scale - value) * UNIT
    }

    fn bottom(self) -> f64 {
        self.y(0.0)
    }
}

/// A panel's horizontal arrangement.
struct Arranged {
    heading: Heading,
    width: f64,
    groups: Vec<ArrangedGroup>,
    label_height: f64,
}

struct ArrangedGroup {
    x: f64,
    width: f64,
    label: Vec<String>,
    clusters: Vec<ArrangedCluster>,
}

struct ArrangedCluster {
    centre: f64,
    label: Vec<String>,
}

impl Arranged {
    fn new(panel: &BarPanel) -> Self {
        let mut x = GROUP_GAP / 2.0;
        let mut groups = vec![];
        for group in &panel.groups {
            let group = ArrangedGroup::new(group, x);
            x += group.width + GROUP_GAP;
            groups.push(group);
        }
        let width = (x - GROUP_GAP / 2.0).max(80.0);
        let heading = Heading::sized(&panel.title, width, HEADING);
        let width = width.max(heading.width());
        let tallest = |lines: &dyn Fn(&ArrangedGroup) -> usize| {
            groups.iter().map(lines).max().unwrap_or(0) as f64
        };
        let cluster_lines = tallest(&|group| {
            group
                .clusters
                .iter()
                .map(|cluster| cluster.label.len())
                .max()
                .unwrap_or(0)
        });
        let group_lines = tallest(&|group| group.label.len());
        let line = Type::new(LABEL).line();
        let label_height = 6.0
            + cluster_lines * line
            + if group_lines > 0.0 {
                10.0 + group_lines * line
            } else {
                0.0
            };
        Self {
            heading,
            width,
            groups,
            label_height,
        }
    }

    fn draw(&self, canvas: &mut Canvas, panel: &BarPanel, x: f64, title_top: f64, plot: Plot) {
        self.heading.draw(canvas, x + self.width / 2.0, title_top);
        self.draw_scale(canvas, x, plot);
        for (place, group) in self.groups.iter().zip(&panel.groups) {
            for (spot, cluster) in place.clusters.iter().zip(&group.clusters) {
                let left = x + spot.centre - bars_width(cluster.bars.len()) / 2.0;
                for (index, bar) in cluster.bars.iter().enumerate() {
                    draw_bar(
                        canvas,
                        left + index as f64 * (BAR_WIDTH + BAR_GAP),
                        *bar,
                        series_fill(index),
                        plot,
                    );
                }
            }
        }
        canvas.line(
            (x, plot.bottom()),
            (x + self.width, plot.bottom()),
            INK,
            1.0,
        );
        self.draw_labels(canvas, x, plot);
    }

    fn draw_scale(&self, canvas: &mut Canvas, x: f64, plot: Plot) {
        for step in 0..=5 {
            let value = f64::from(step) / 5.0;
            let y = plot.y(value);
            if step > 0 {
                canvas.line((x, y), (x + self.width, y), FAINT, 0.7);
            }
            canvas.text(
                x - 6.0,
                y + SMALL * CAP_MIDDLE,
                &format!("{value:.1}"),
                Type::new(SMALL).right().muted(),
            );
        }
    }

    fn draw_labels(&self, canvas: &mut Canvas, x: f64, plot: Plot) {
        let style = Type::new(LABEL).middle();
        let deepest = self
            .groups
            .iter()
            .flat_map(|group| &group.clusters)
            .map(|cluster| cluster.label.len())
            .max()
            .unwrap_or(0);
        let rule = plot.bottom() + 6.0 + deepest as f64 * style.line() + 4.0;
        for group in &self.groups {
            for cluster in &group.clusters {
                lines_from(
                    canvas,
                    x + cluster.centre,
                    plot.bottom() + 6.0,
                    &cluster.label,
                    style,
                );
            }
            if !group.label.is_empty() {
                canvas.line(
                    (x + group.x, rule),
                    (x + group.x + group.width, rule),
                    MUTED,
                    0.8,
                );
                lines_from(
                    canvas,
                    x + group.x + group.width / 2.0,
                    rule + 5.0,
                    &group.label,
                    style.bold(),
                );
            }
        }
    }
}

impl ArrangedGroup {
    fn new(group: &BarGroup, x: f64) -> Self {
        let mut right = x;
        let mut clusters: Vec<ArrangedCluster> = vec![];
        for cluster in &group.clusters {
            let bars = bars_width(cluster.bars.len());
            let label = wrapped(&cluster.label, bars.max(84.0), LABEL, Weight::Regular, 3);
            let width = bars.max(block_width(&label, Type::new(LABEL)));
            let left = if clusters.is_empty() {
                x
            } else {
                right + CLUSTER_GAP
            };
            clusters.push(ArrangedCluster {
                centre: left + width / 2.0,
                label,
            });
            right = left + width;
        }
        let used = (right - x).max(BAR_WIDTH);
        let label = wrapped(&group.label, used.max(96.0), LABEL, Weight::Bold, 3);
        let width = used.max(block_width(&label, Type::new(LABEL).bold()));
        clusters
            .iter_mut()
            .for_each(|cluster| cluster.centre += (width - used) / 2.0);
        Self {
            x,
            width,
            label,
            clusters,
        }
    }
}

fn bars_width(count: usize) -> f64 {
    (count as f64 * (BAR_WIDTH + BAR_GAP) - BAR_GAP).max(0.0)
}

fn wrapped(text: &str, limit: f64, size: f64, weight: Weight, max_lines: usize) -> Vec<String> {
    if text.trim().is_empty() {
        vec![]
    } else {
        font::wrap(&font::printable(text), size, weight, limit, max_lines)
    }
}

fn block_width(lines: &[String], style: Type) -> f64 {
    lines
        .iter()
        .map(|line| style.width(line))
        .fold(0.0, f64::max)
}

fn lines_from(canvas: &mut Canvas, x: f64, top: f64, lines: &[String], style: Type) {
    for (index, line) in lines.iter().enumerate() {
        canvas.text(
            x,
            top + style.size * 0.85 + index as f64 * style.line(),
            line,
            style,
        );
    }
}

fn draw_axis_label(canvas: &mut Canvas, x: f64, plot: Plot, lines: &[String]) {
    let style = Type::new(LABEL).middle().turned(-90.0);
    for (index, line) in lines.iter().enumerate() {
        let baseline = x + style.size * 0.85 + index as f64 * style.line();
        canvas.text(baseline, plot.y(0.5), line, style);
    }
}

fn draw_bar(canvas: &mut Canvas, x: f64, bar: Bar, fill: Fill, plot: Plot) {
    let middle = x + BAR_WIDTH / 2.0;
    let number = Type::new(NUMBER).middle();
    let Some(mean) = bar.mean else {
        canvas.text(middle, plot.bottom() - 5.0, "n/a", number.muted());
        return;
    };
    let frame = Frame {
        x,
        y: plot.y(mean),
        width: BAR_WIDTH,
        height: mean * UNIT,
    };
    canvas.rect(frame, fill, Look::outlined(INK, 0.8));
    draw_error_bar(canvas, middle, mean, bar.std.unwrap_or(0.0), plot);
    let plate = Frame::new(middle - 13.5, plot.bottom() - 20.0, 27.0, PLATE);
    let y = if has_plate(bar) {
        canvas.rect(
            plate,
            Fill::plain(WHITE),
            Look {
                radius: 3.0,
                ..Look::PLAIN
            },
        );
        plate.y
    } else {
        plot.y(top_of(bar)) - PLATE - 3.0
    };
    canvas.text(
        middle,
        y + PLATE / 2.0 + NUMBER * CAP_MIDDLE,
        &format!("{mean:.2}"),
        number,
    );
}

/// Upper end of the error bar, or of the bar itself.
fn top_of(bar: Bar) -> f64 {
    (bar.mean.unwrap_or(0.0) + bar.std.unwrap_or(0.0)).min(1.0)
}

/// Whether the number fits on the bar, below the error bar; otherwise it stands above both.
fn has_plate(bar: Bar) -> bool {
    (bar.mean.unwrap_or(0.0) - bar.std.unwrap_or(0.0)) * UNIT > PLATE + 6.0
}

/// A line with caps; an end that is cut off has none.
fn draw_error_bar(canvas: &mut Canvas, x: f64, mean: f64, std: f64, plot: Plot) {
    let low = (mean - std > 0.0).then_some(mean - std);
    let high = (mean + std < 1.0).then_some(mean + std);
    let (bottom, top) = (low.unwrap_or(0.0), high.unwrap_or(1.0));
    for (colour, width) in [(WHITE, 3.2), (INK, 1.3)].into_iter().filter(|_| std > 0.0) {
        canvas.line((x, plot.y(bottom)), (x, plot.y(top)), colour, width);
        for end in [low, high].into_iter().flatten() {
            canvas.line(
                (x - CAP, plot.y(end)),
                (x + CAP, plot.y(end)),
                colour,
                width,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{HARD_NAMES, assert_sound, count};

    fn cluster(label: &str, bars: &[Bar]) -> BarCluster {
        BarCluster {
            label: label.into(),
            bars: bars.to_vec(),
        }
    }

    fn figure(series: &[&str], clusters: Vec<BarCluster>) -> BarFigure {
        let half = clusters.len() / 2;
        let group = |label: &str, clusters: &[BarCluster]| BarGroup {
            label: label.into(),
            clusters: clusters.to_vec(),
        };
        let groups = vec![
            group("Role prompts", &clusters[..half]),
            group("SAE", &clusters[half..]),
        ];
        BarFigure {
            title: "Steering effects".into(),
            description: String::new(),
            y_label: "rate of change".into(),
            series: series.iter().map(ToString::to_string).collect(),
            panels: vec![BarPanel {
                title: "Gemma-2B-IT".into(),
                groups,
            }],
        }
    }

    fn four(bars: &[Bar]) -> Vec<BarCluster> {
        ["expected", "unexpected", "expected", "unexpected"]
            .map(|label| cluster(label, bars))
            .into()
    }

    #[test]
    fn error_bars_end_where_a_number_can() {
        let lines = |std| {
            let picture = bars(&figure(&["a"], four(&[Bar::new(0.9, std)]))).unwrap();
            picture.svg().matches("<line").count()
        };
        // Of four bars the upper cap, which is drawn twice.
        assert_eq!(lines(0.05) - lines(0.3), 8);
        assert_eq!(lines(0.3) - lines(0.95), 8, "and below 0 the lower one");
    }

    #[test]
    fn each_bar_has_its_number() {
        let picture = bars(&figure(
            &["ours", "reference"],
            four(&[Bar::new(0.694, 0.1), Bar::new(0.507, 0.37)]),
        ))
        .unwrap();
        let words = assert_sound(&picture);
        for (text, expected) in [
            ("0.69", 4),
            ("0.51", 4),
            ("expected", 2),
            ("Role prompts", 1),
            ("ours", 1),
            ("1.0", 1),
        ] {
            assert_eq!(count(&words, text), expected, "{text}");
        }
        assert!(
            picture
                .svg()
                .contains("ours 0.69 ± 0.10; reference 0.51 ± 0.37")
        );
    }

    #[test]
    fn missing_numbers_are_named() {
        let half_missing = Bar {
            mean: None,
            std: Some(0.1),
        };
        let bare = Bar {
            mean: Some(0.3),
            std: None,
        };
        let words = assert_sound(
            &bars(&figure(
                &["a", "b", "c"],
                four(&[Bar::missing(), half_missing, bare]),
            ))
            .unwrap(),
        );
        assert_eq!(count(&words, "n/a"), 8);
        assert_eq!(count(&words, "0.30"), 4);
    }

    #[test]
    fn a_bar_is_as_high_as_its_mean() {
        let picture = bars(&figure(&["a"], four(&[Bar::new(0.5, 0.0)]))).unwrap();
        assert!(
            picture
                .svg()
                .contains(&format!("height=\"{}\"", 0.5 * UNIT))
        );
    }

    #[test]
    fn extremes_are_drawn() {
        let ends = [0.0, 1e-9, 0.04, 0.5, 0.999, 1.0];
        let spreads = [0.0, 1e-9, 0.05, 0.3, 0.5, 0.9, 1e300];
        for std in spreads {
            let all: Vec<_> = ends.iter().map(|&mean| Bar::new(mean, std)).collect();
            assert_sound(&bars(&figure(&["a", "b", "c", "d", "e", "f"], four(&all))).unwrap());
        }
        assert_sound(
            &bars(&BarFigure {
                title: "Nothing".into(),
                ..BarFigure::default()
            })
            .unwrap(),
        );
        assert_sound(&bars(&figure(&[], vec![])).unwrap());
        assert_sound(&bars(&figure(&[], four(&[]))).unwrap());
        let names: Vec<_> = (0..20).map(|i| format!("series {i}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_sound(&bars(&figure(&names, four(&[Bar::new(0.2, 0.1); 20]))).unwrap());
    }

    #[test]
    fn panels_stand_side_by_side() {
        let mut both = figure(&["a", "b"], four(&[Bar::new(0.7, 0.1), Bar::new(0.9, 0.4)]));
        let one = bars(&both).unwrap();
        both.panels.push(BarPanel {
            title: "Llama3-8B-IT".into(),
            ..both.panels[0].clone()
        });
        let two = bars(&both).unwrap();
        assert_sound(&two);
        assert!(two.width() > 1.6 * one.width());
        assert_eq!(two.height(), one.height());
    }

    #[test]
    fn hard_names_are_drawn() {
        for name in HARD_NAMES {
            let mut hard = figure(
                &[name, "b"],
                HARD_NAMES
                    .map(|name| cluster(name, &[Bar::new(0.2, 0.1), Bar::missing()]))
                    .into(),
            );
            hard.title = name.into();
            hard.description = name.into();
            hard.y_label = name.into();
            for panel in &mut hard.panels {
                panel.title = name.into();
                panel
                    .groups
                    .iter_mut()
                    .for_each(|group| group.label = name.into());
            }
            assert_sound(&bars(&hard).unwrap());
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let refused = |bar| bars(&figure(&["a"], four(&[bar]))).unwrap_err().to_string();
        let place = "panel \"Gemma-2B-IT\", group \"Role prompts\", cluster \"expected\"";
        assert_eq!(
            refused(Bar::new(1.5, 0.1)),
            format!("{place}, mean of \"a\" is 1.5, expected a number from 0 to 1")
        );
        assert_eq!(
            refused(Bar::new(f64::NAN, 0.1)),
            format!("{place}, mean of \"a\" is NaN, expected a number from 0 to 1")
        );
        let expected = "expected a finite number that is not negative";
        assert_eq!(
            refused(Bar::new(0.5, -0.1)),
            format!("{place}, standard deviation of \"a\" is -0.1, {expected}")
        );
        assert_eq!(
            refused(Bar::new(0.5, f64::INFINITY)),
            format!("{place}, standard deviation of \"a\" is inf, {expected}")
        );
    }

    #[test]
    fn clusters_of_the_wrong_length_are_refused() {
        let message = bars(&figure(&["a", "b"], four(&[Bar::new(0.5, 0.1)])))
            .unwrap_err()
            .to_string();
        assert!(
            message.ends_with("cluster \"expected\" has 1 entries, expected 2"),
            "{message}"
        );
    }
}
