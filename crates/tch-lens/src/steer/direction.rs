//! What steering goes along.

use std::rc::Rc;

use tch::{Kind, Tensor};

use crate::Error;
use crate::error::request;
use crate::sae::Sae;

/// What steering goes along: a vector, one head's vector, a feature of an SAE, single numbers of the activation, a row for
/// each token, or a plane.
///
/// Cheap to clone; steers along clones of one direction are carried out together.
#[derive(Debug, Clone)]
pub struct SteeringDirection(pub(super) Along);

#[derive(Debug, Clone)]
pub(super) enum Along {
    Line(Rc<Line>),
    Feature(Rc<Sae>, usize),
    Numbers(Rc<Numbers>),
    /// `[tokens, width]`, 32 bits.
    Rows(Rc<Tensor>),
    /// `[2, width]`, orthonormal, 64 bits.
    Plane(Rc<Tensor>),
}

/// A vector of the whole activation or of one head.
#[derive(Debug)]
pub(super) struct Line {
    /// As it was given, in 32 bits.
    pub(super) vector: Tensor,
    /// Of unit length, in 64 bits.
    pub(super) unit: Tensor,
    pub(super) head: Option<usize>,
}

/// Single numbers of an activation.
#[derive(Debug)]
pub(super) struct Numbers {
    /// `[n]`
    pub(super) indices: Tensor,
    /// `[n]`, 32 bits: what a dose of 1 adds to each.
    pub(super) amounts: Tensor,
    pub(super) largest: usize,
}

impl SteeringDirection {
    /// A vector `[width]` of any floating-point type, on any device; `width` is that of the
    /// [hook point](crate::HookPoint::width), `d_model` in the residual stream.
    ///
    /// # Errors
    /// Another shape; numbers that are not finite; a vector of zeros.
    pub fn vector(vector: &Tensor) -> Result<Self, Error> {
        Self::line("a steering vector", "shape [d_model]", vector, None)
    }

    /// A vector `[d_head]` of one head, at a hook point with heads such as `hook_z`. Other heads keep every bit. Steering
    /// heads at `hook_z` along the difference of two means is what inference-time intervention does
    /// (Li et al. 2023, [honest_llama](https://github.com/likenneth/honest_llama)): its `get_activations.py`,
    /// `train_probes` and `get_interventions_dict` are these lines.
    ///
    /// ```
    /// use tch_lens::contrast::mean_difference;
    /// use tch_lens::tch::{Kind, Tensor};
    /// use tch_lens::{HookPoint, Lm, LoadOptions, Passes, Probe, Reading, Request, Steer, SteeringDirection, Stop};
    ///
    /// # let model = "../../fixtures/lm/models/gemma1";
    /// let lm = Lm::open(model, &LoadOptions::default())?;
    /// let (n_layers, n_heads) = (lm.config().n_layers, lm.config().n_heads);
    /// let d_head = lm.config().d_head as i64;
    /// let points: Vec<HookPoint> = (0..n_layers).map(HookPoint::Z).collect();
    /// let names: Vec<String> = points.iter().map(ToString::to_string).collect();
    /// let read = |answer: &str| {
    ///     let texts = ["Is snow warm?", "Is the sky green?", "Do fish swim?", "Is ice hot?"];
    ///     let texts = texts.map(|question| format!("Q: {question} A: {answer}"));
    ///     lm.read(&texts.map(Reading::new), &names)
    /// };
    /// let (honest, other) = (read("I would say no.")?.activations, read("Yes, it is.")?.activations);
    /// let labels = [true, true, false, false];
    /// let mut heads = Vec::new();
    /// for &point in &points {
    ///     for head in 0..n_heads {
    ///         let z = |side: &Tensor, from| side.narrow(1, head as i64 * d_head, d_head).narrow(0, from, 2);
    ///         let pairs = |from| Tensor::cat(&[z(&honest[&point], from), z(&other[&point], from)], 0);
    ///         // Two pairs fit the probe, the others say how well it tells them apart.
    ///         let loss = Probe::fit(&pairs(0), &labels, 1.0)?.log_loss(&pairs(2), &labels)?;
    ///         let shift = mean_difference(&z(&honest[&point], 0), &z(&other[&point], 0))?; // --use_center_of_mass
    ///         let theta = &shift / shift.norm();
    ///         let along = Tensor::cat(&[pairs(0), pairs(2)], 0).to_kind(Kind::Double).matmul(&theta);
    ///         let sigma = along.std(true).double_value(&[]);
    ///         heads.push((loss, point, SteeringDirection::head(head, &theta)?, sigma));
    ///     }
    /// }
    /// heads.sort_by(|a, b| a.0.total_cmp(&b.0));
    /// let mut request = Request::new("Q: Is snow warm? A:").stop(Stop::after(8));
    /// for (_, point, theta, sigma) in &heads[..3] {
    ///     request = request.steer(Steer::add(*point, theta, 15.0 * sigma).passes(Passes::Every)); // --alpha 15
    /// }
    /// println!("{}", lm.generate(vec![request], &mut [])?[0].text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`vector`](Self::vector).
    pub fn head(head: usize, vector: &Tensor) -> Result<Self, Error> {
        Self::line("a head's vector", "shape [d_head]", vector, Some(head))
    }

    fn line(
        what: &str,
        expected: &str,
        vector: &Tensor,
        head: Option<usize>,
    ) -> Result<Self, Error> {
        let vector = finite(what, expected, 1, vector)?;
        let norm = vector.f_norm()?.f_double_value(&[])?;
        if norm == 0.0 {
            let expected = "a finite number above 0";
            return Err(request(format!("{what}'s length"), expected, norm));
        }
        Ok(Self(Along::Line(Rc::new(Line {
            unit: vector.f_div_scalar(norm)?,
            vector: vector.f_to_kind(Kind::Float)?,
            head,
        }))))
    }

    /// A feature of a sparse autoencoder.
    ///
    /// # Errors
    /// No such feature.
    pub fn feature(sae: &Rc<Sae>, feature: usize) -> Result<Self, Error> {
        let _checked = sae.direction(feature)?;
        Ok(Self(Along::Feature(sae.clone(), feature)))
    }

    /// Single numbers of the activation, each with the amount that [`Steer::add`](crate::Steer::add) adds to it per dose:
    /// the neurons of `mlp.hook_gate`, for one. Other changes ask for no amount and treat each number on its own:
    /// [`at_most`](crate::Steer::at_most) with 0 mutes neurons, and [`add`](crate::Steer::add) raises them, as in NPTI
    /// (Deng et al. 2024). All other numbers keep every bit.
    ///
    /// # Errors
    /// No number, or one twice; an amount that is not finite.
    pub fn numbers(of: impl IntoIterator<Item = (usize, f64)>) -> Result<Self, Error> {
        let (indices, amounts): (Vec<usize>, Vec<f64>) = of.into_iter().unzip();
        let mut sorted = indices.clone();
        sorted.sort_unstable();
        let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]);
        let Some(&largest) = sorted.last().filter(|_| twice.is_none()) else {
            let found = twice.map_or("none".to_owned(), |pair| format!("{} twice", pair[0]));
            let expected = "at least one, none of them twice";
            return Err(request("the steered numbers", expected, found));
        };
        let expected = format!("{} amounts", amounts.len());
        let amounts = finite(
            "the steered numbers' amounts",
            &expected,
            1,
            &Tensor::f_from_slice(&amounts)?,
        )?;
        let indices: Vec<i64> = indices.into_iter().map(|index| index as i64).collect();
        Ok(Self(Along::Numbers(Rc::new(Numbers {
            indices: Tensor::f_from_slice(&indices)?,
            amounts: amounts.f_to_kind(Kind::Float)?,
            largest,
        }))))
    }

    /// A vector for each token, `[tokens, width]`: the first is added at the steered place's first token, the second at the
    /// next one, and so on as far as rows and tokens go. The difference of two prompts' activations is what activation
    /// addition adds (Turner et al. 2023). Only for [`Steer::add`](crate::Steer::add).
    ///
    /// # Errors
    /// Another shape; no rows; numbers that are not finite.
    pub fn rows(rows: &Tensor) -> Result<Self, Error> {
        let rows = finite("the steering rows", "shape [tokens, width]", 2, rows)?;
        Ok(Self(Along::Rows(Rc::new(rows.f_to_kind(Kind::Float)?))))
    }

    /// The plane of two vectors `[width]`: 0 degrees lie along the first, 90 degrees along what the second has besides it.
    /// Only for [`Steer::turn`](crate::Steer::turn).
    ///
    /// # Errors
    /// Other shapes; numbers that are not finite; vectors along one line, which span no plane.
    pub fn plane(first: &Tensor, second: &Tensor) -> Result<Self, Error> {
        let what = "a vector of a steering plane";
        let read = |x| finite(what, "shape [width]", 1, x);
        let (first, second) = (read(first)?, read(second)?);
        if first.size() != second.size() {
            let found = format!("{:?}", second.size());
            return Err(request(what, format!("shape {:?}", first.size()), found));
        }
        let length = |x: &Tensor| x.f_norm()?.f_double_value(&[]);
        let first = first.f_div_scalar(length(&first)?)?;
        let across = second.f_sub(&first.f_mul(&second.f_dot(&first)?)?)?;
        let (whole, rest) = (length(&second)?, length(&across)?);
        // NaN comes of a first vector of zeros.
        if rest.is_nan() || rest <= 1e-6 * whole {
            let found = "vectors along one line";
            return Err(request("a steering plane", "two directions", found));
        }
        let plane = Tensor::f_stack(&[first, across.f_div_scalar(rest)?], 0)?;
        Ok(Self(Along::Plane(Rc::new(plane))))
    }

    /// Whether both are clones of one, or one feature of one autoencoder.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Along::Line(a), Along::Line(b)) => Rc::ptr_eq(a, b),
            (Along::Feature(a, f), Along::Feature(b, g)) => Rc::ptr_eq(a, b) && f == g,
            (Along::Numbers(a), Along::Numbers(b)) => Rc::ptr_eq(a, b),
            (Along::Rows(a), Along::Rows(b)) | (Along::Plane(a), Along::Plane(b)) => {
                Rc::ptr_eq(a, b)
            }
            _ => false,
        }
    }
}

/// A copy in 64 bits on the CPU, if it has so many dimensions and finite numbers.
pub(super) fn finite(
    what: &str,
    expected: &str,
    dimensions: usize,
    x: &Tensor,
) -> Result<Tensor, Error> {
    if x.dim() != dimensions || x.numel() == 0 {
        return Err(request(what, expected, format!("shape {:?}", x.size())));
    }
    let x = x
        .f_detach_copy()?
        .f_to_device(tch::Device::Cpu)?
        .f_to_kind(Kind::Double)?;
    if x.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
        return Err(request(
            what,
            "finite numbers",
            "NaN or infinity".to_owned(),
        ));
    }
    Ok(x)
}
