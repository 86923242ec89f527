//! Of pairs of numbers.

/// Pearson's correlation; NaN where one side is constant.
#[must_use]
pub fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let moments = x
        .iter()
        .zip(y)
        .fold((0.0, 0.0, 0.0), |(xx, yy, xy), (x, y)| {
            let (dx, dy) = (x - mean_x, y - mean_y);
            (xx + dx * dx, yy + dy * dy, xy + dx * dy)
        });
    moments.2 / (moments.0 * moments.1).sqrt()
}
