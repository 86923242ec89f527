//! A linear model of what steering along a direction does to features.

use tch::{Kind, Tensor};

use crate::Error;
use crate::error::request;

/// The ridge regression of effects `y` `[n, features]` on the directions `x` `[n, width]` that had them: weights
/// `[width, features]` and intercept `[features]` that minimise `|x W + b - y|^2 + ridge |W|^2`, in closed form and in 64
/// bits on the CPU. The intercept is not penalised.
///
/// With the effects that steering along unit directions has on features' mean activations, the direction that moves feature
/// `j` and little else is `unit(unit(W_j) - unit(W b))`, as in SAE-TS (Chalnev et al. 2024).
///
/// # Errors
/// Shapes that do not go together; a ridge that is not above 0; numbers that are not finite.
///
/// # Complexity
/// `O(n width (width + features) + width^3)`.
pub fn linear_effects(x: &Tensor, y: &Tensor, ridge: f64) -> Result<(Tensor, Tensor), Error> {
    let fits = x.dim() == 2 && y.dim() == 2 && x.size()[0] == y.size()[0] && x.numel() > 0;
    if !fits {
        let found = format!("{:?} and {:?}", x.size(), y.size());
        let expected = "shapes [n, width] and [n, features]";
        return Err(request("directions and effects", expected, found));
    }
    if !(ridge.is_finite() && ridge > 0.0) {
        return Err(request("the ridge", "a finite number above 0", ridge));
    }
    let read = |x: &Tensor| x.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Double);
    let (x, y) = (read(x)?, read(y)?);
    let mean = |x: &Tensor| x.f_mean_dim([0_i64].as_slice(), true, Kind::Double);
    let (x_mean, y_mean) = (mean(&x)?, mean(&y)?);
    let (x, y) = (x.f_sub(&x_mean)?, y.f_sub(&y_mean)?);
    let transposed = x.f_tr()?;
    let width = x.size()[1];
    let penalty = Tensor::f_eye(width, (Kind::Double, tch::Device::Cpu))?.f_mul_scalar(ridge)?;
    let moments = transposed.f_matmul(&x)?.f_add(&penalty)?;
    let weights = Tensor::f_linalg_solve(&moments, &transposed.f_matmul(&y)?, true)?;
    if weights.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
        return Err(request(
            "directions and effects",
            "finite numbers",
            "NaN or infinity",
        ));
    }
    let intercept = y_mean.f_sub(&x_mean.f_matmul(&weights)?)?.f_view([-1])?;
    Ok((weights, intercept))
}
