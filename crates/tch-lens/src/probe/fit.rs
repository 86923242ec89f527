//! Fitting a probe.

use tch::{Kind, Tensor};

use super::{Probe, check_rows};
use crate::Error;
use crate::error::request;

/// The gradient's greatest entry at the optimum.
const GRADIENT: f64 = 1e-8;
const STEPS: usize = 200;

impl Probe {
    /// The probe that is best for rows `x` `[n, width]`: the one optimum of
    /// `|w|^2 / 2 + C sum ln(1 + exp(-s (w x + b)))`, with `s` 1 where the label is true and -1 where not. The bias is not
    /// penalised, nothing is standardised, and no entry of the gradient is above 1e-8 in the end. It is the problem that
    /// scikit-learn's `LogisticRegression(C=c)` approaches; how near depends on its solver and tolerance.
    ///
    /// # Errors
    /// Shapes that do not go together; numbers that are not finite; labels that are all alike; a strength that is not above
    /// 0; numbers so great that 64 bits cannot find the optimum.
    ///
    /// # Complexity
    /// Newton's method in the space of the rows, of dimension `m = min(n, width)`: `O(n width m)` once and `O(n m^2)` for
    /// each of some ten steps.
    pub fn fit(x: &Tensor, labels: &[bool], c: f64) -> Result<Self, Error> {
        check_rows(x, labels)?;
        if labels.iter().all(|label| *label == labels[0]) {
            let found = "one kind only";
            return Err(request("a probe's labels", "both kinds", found));
        }
        if !(c.is_finite() && c > 0.0) {
            return Err(request("a probe's C", "a finite number above 0", c));
        }
        let x = x
            .f_detach()?
            .f_to_device(tch::Device::Cpu)?
            .f_to_kind(Kind::Double)?;
        if x.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
            let what = "a probe's rows";
            return Err(request(what, "finite numbers", "NaN or infinity"));
        }
        let problem = Problem::new(&x, labels, c)?;
        let solution = problem.solve()?;
        // Back from the space of the rows: w lies in it, as every entry of the gradient does.
        let (n, width) = x.size2()?;
        let w = solution.f_narrow(0, 0, n.min(width))?;
        let w = match &problem.basis {
            Some(basis) => basis.f_matmul(&w)?,
            None => w,
        };
        let bias = solution.f_double_value(&[n.min(width)])?;
        let whole = Problem {
            rows: with_ones(&x)?,
            basis: None,
            ..problem
        };
        let found = whole.gradient(&Tensor::f_cat(&[&w, &Tensor::f_from_slice(&[bias])?], 0)?)?;
        let steepest = greatest(&found)?;
        if steepest.is_nan() || steepest >= GRADIENT {
            let expected = format!("a gradient below {GRADIENT:e}");
            return Err(request("the optimum of a probe", expected, steepest));
        }
        Self::new(&w, bias)
    }
}

/// Minimise `|w|^2 / 2 + C sum ln(1 + exp(-s (w x + b)))` over `v = (w, b)`.
struct Problem {
    /// `[n, m + 1]`: in an orthonormal basis of the rows' space where that is narrower, and a column of ones.
    rows: Tensor,
    /// `[width, m]`, where there is another basis.
    basis: Option<Tensor>,
    /// `[n]`: 1 and 0.
    labels: Tensor,
    c: f64,
}

impl Problem {
    fn new(x: &Tensor, labels: &[bool], c: f64) -> Result<Self, Error> {
        let (n, width) = x.size2()?;
        let labels: Vec<f64> = labels.iter().map(|&label| f64::from(label)).collect();
        let (x, basis) = if n < width {
            let (basis, coordinates) = Tensor::f_linalg_qr(&x.f_tr()?, "reduced")?;
            (coordinates.f_tr()?, Some(basis))
        } else {
            (x.shallow_clone(), None)
        };
        Ok(Self {
            rows: with_ones(&x)?,
            basis,
            labels: Tensor::f_from_slice(&labels)?,
            c,
        })
    }

    /// Newton's method, with shorter steps while far from the optimum.
    fn solve(&self) -> Result<Tensor, Error> {
        let mut v = Tensor::f_zeros([self.rows.size()[1]], (Kind::Double, tch::Device::Cpu))?;
        let mut best: Option<(f64, Tensor)> = None;
        for _ in 0..STEPS {
            let gradient = self.gradient(&v)?;
            let steepest = greatest(&gradient)?;
            let better = best.as_ref().is_none_or(|(least, _)| steepest < *least);
            if !better && best.as_ref().is_some_and(|(least, _)| *least < GRADIENT) {
                break; // rounding is all that is left
            }
            if better {
                best = Some((steepest, v.shallow_clone()));
            }
            let step = self.newton_step(&v, &gradient)?;
            let mut share = 1.0;
            // Close to the optimum rounding hides the descent: full steps there.
            if steepest > 1e-5 {
                let value = self.value(&v)?;
                let slope = gradient.f_dot(&step)?.f_double_value(&[])?;
                let after = |share: f64| self.value(&v.f_sub(&step.f_mul_scalar(share)?)?);
                let falls =
                    |share: f64| Ok::<_, Error>(after(share)? <= value - 1e-4 * share * slope);
                while share > 1e-10 && !falls(share)? {
                    share /= 2.0;
                }
            }
            v = v.f_sub(&step.f_mul_scalar(share)?)?;
        }
        best.map(|(_, v)| v)
            .ok_or_else(|| request("the optimum of a probe", "numbers", "NaN"))
    }

    fn value(&self, v: &Tensor) -> Result<f64, Error> {
        let signs = self.labels.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?;
        let margins = self.rows.f_matmul(v)?.f_mul(&signs)?;
        let loss = margins.f_neg()?.f_softplus()?.f_sum(Kind::Double)?;
        let w = v.f_mul(&self.penalised()?)?;
        let value = w.f_dot(&w)?.f_mul_scalar(0.5)?;
        Ok(value
            .f_add(&loss.f_mul_scalar(self.c)?)?
            .f_double_value(&[])?)
    }

    fn gradient(&self, v: &Tensor) -> Result<Tensor, Error> {
        let off = self.rows.f_matmul(v)?.f_sigmoid()?.f_sub(&self.labels)?;
        let loss = self.rows.f_tr()?.f_matmul(&off)?.f_mul_scalar(self.c)?;
        Ok(v.f_mul(&self.penalised()?)?.f_add(&loss)?)
    }

    fn newton_step(&self, v: &Tensor, gradient: &Tensor) -> Result<Tensor, Error> {
        let p = self.rows.f_matmul(v)?.f_sigmoid()?;
        let weights = p
            .f_mul(&p.f_neg()?.f_add_scalar(1.0)?)?
            .f_mul_scalar(self.c)?;
        let weighted = self.rows.f_mul(&weights.f_unsqueeze(1)?)?;
        let hessian = weighted.f_tr()?.f_matmul(&self.rows)?;
        // Far off, all weights may vanish, and with them what holds the bias.
        let ridge = self.penalised()?.f_clamp_min(1e-14)?;
        let hessian = hessian.f_add(&ridge.f_diag(0)?)?;
        Ok(Tensor::f_linalg_solve(&hessian, gradient, true)?)
    }

    /// 1 for each weight and 0 for the bias.
    fn penalised(&self) -> Result<Tensor, Error> {
        let weights = self.rows.size()[1] - 1;
        let ones = Tensor::f_ones([weights], (Kind::Double, tch::Device::Cpu))?;
        Ok(ones.f_constant_pad_nd([0, 1])?)
    }
}

fn with_ones(x: &Tensor) -> Result<Tensor, Error> {
    let ones = Tensor::f_ones([x.size()[0], 1], (Kind::Double, tch::Device::Cpu))?;
    Ok(Tensor::f_cat(&[x, &ones], 1)?)
}

fn greatest(x: &Tensor) -> Result<f64, Error> {
    Ok(x.f_abs()?.f_max()?.f_double_value(&[])?)
}
