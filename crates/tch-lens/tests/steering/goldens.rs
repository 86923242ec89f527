//! The goldens of one model, and how results are held against them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::Value;
use tch_lens::sae::{Sae, SaeOptions};
use tch_lens::tch::{self, Tensor};
use tch_lens::{Lm, LoadOptions, Probe, Request, Steer, SteeringDirection, Stop};

use crate::common;

/// The goldens of one model.
pub struct Goldens {
    pub name: String,
    pub lm: Lm,
    pub sae: Rc<Sae>,
    pub tensors: HashMap<String, Tensor>,
    pub numbers: Value,
}

impl Goldens {
    pub fn all() -> Vec<Self> {
        tch::set_num_threads(1);
        let folder = |name| std::env::var_os(name).map(PathBuf::from);
        let (Some(steering), Some(models)) =
            (folder("TCH_LENS_STEERING"), folder("TCH_LENS_GOLDENS"))
        else {
            println!(
                "TCH_LENS_STEERING or TCH_LENS_GOLDENS is not set: no goldens of steering are tested"
            );
            return Vec::new();
        };
        let open = |name: &str| {
            let file = |end: &str| steering.join(format!("{name}_steering.{end}"));
            let text = std::fs::read_to_string(file("json")).unwrap();
            let sae = models.join("saes").join(name).join("jumprelu");
            Self {
                name: name.to_owned(),
                lm: Lm::open(models.join("models").join(name), &LoadOptions::default()).unwrap(),
                sae: Rc::new(Sae::open(sae, &SaeOptions::default()).unwrap()),
                tensors: read(file("safetensors")),
                numbers: serde_json::from_str(&text).unwrap(),
            }
        };
        ["gemma1", "llama3"].map(open).into()
    }

    pub fn tensor(&self, name: &str) -> &Tensor {
        &self.tensors[name]
    }

    pub fn prompts(&self, name: &str) -> Vec<Vec<i64>> {
        ids(&self.numbers[name])
    }

    pub fn train(&self) -> usize {
        integer(&self.numbers["n_train"])
    }

    pub fn tolerance(&self) -> f64 {
        number(&self.numbers["logits"]["tolerance_abs"])
    }

    /// A vector stored for a layer.
    pub fn vector(&self, name: &str) -> SteeringDirection {
        SteeringDirection::vector(self.tensor(name)).unwrap()
    }

    pub fn probe(&self, layer: usize) -> Probe {
        let bias = self.tensor(&format!("conva.probe.{layer}.b"));
        let weights = self.tensor(&format!("conva.probe.{layer}.w"));
        Probe::new(weights, bias.double_value(&[0])).unwrap()
    }

    /// Fails where the steered prompt's last logits are not these.
    pub fn assert_logits(&self, steers: &[Steer], prompt: &[i64], expected: &Tensor, what: &str) {
        let found = self.last_logits(steers, prompt);
        let tolerance = (self.tolerance(), 0.0);
        common::assert_close(
            &found,
            expected,
            tolerance,
            &format!("{}, {what}", self.name),
        );
    }

    pub fn last_logits(&self, steers: &[Steer], prompt: &[i64]) -> Tensor {
        self.lm
            .next_logits(&[steered(prompt, steers)])
            .unwrap()
            .get(0)
    }

    /// Fails where the steered prompt does not go on as `entry` says, if it says so clearly enough.
    pub fn assert_ids(&self, steers: &[Steer], prompt: &[i64], entry: &Value, what: &str) -> bool {
        if number(&entry["least_gap"]) <= 4.0 * self.tolerance() {
            return false;
        }
        let expected: Vec<i64> = integers(&entry["ids"]);
        let request = steered(prompt, steers).stop(Stop::after(expected.len()).ids([]));
        let found = self.lm.generate(vec![request], &mut []).unwrap();
        assert_eq!(found[0].tokens, expected, "{}, {what}", self.name);
        true
    }
}

/// The goldens that need no model; none where there are none.
pub fn synthetic() -> Option<(HashMap<String, Tensor>, Value)> {
    let Some(folder) = std::env::var_os("TCH_LENS_STEERING").map(PathBuf::from) else {
        println!("TCH_LENS_STEERING is not set: nothing planted is tested");
        return None;
    };
    let tensors = read(folder.join("synthetic_steering.safetensors"));
    let text = std::fs::read_to_string(folder.join("synthetic_steering.json")).unwrap();
    Some((tensors, serde_json::from_str(&text).unwrap()))
}

fn read(file: PathBuf) -> HashMap<String, Tensor> {
    Tensor::read_safetensors(file)
        .unwrap()
        .into_iter()
        .collect()
}

pub fn steered(prompt: &[i64], steers: &[Steer]) -> Request {
    let request = Request::new(prompt.to_vec());
    steers.iter().cloned().fold(request, Request::steer)
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub fn integer(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

pub fn integers(value: &Value) -> Vec<i64> {
    let list = value.as_array().unwrap().iter();
    list.map(|x| x.as_i64().unwrap()).collect()
}

pub fn ids(value: &Value) -> Vec<Vec<i64>> {
    value.as_array().unwrap().iter().map(integers).collect()
}

/// The first rows of both sets at one layer, `[2 n, width]`.
pub fn stacked(positive: &Tensor, negative: &Tensor) -> Tensor {
    Tensor::cat(&[positive, negative], 0)
}

pub fn labels(n: i64) -> Vec<bool> {
    (0..2 * n).map(|row| row < n).collect()
}

/// A list of layers with a head, neuron or position each.
pub fn pairs(value: &Value) -> Vec<(usize, usize)> {
    let pairs = ids(value).into_iter();
    pairs
        .map(|pair| (pair[0] as usize, pair[1] as usize))
        .collect()
}
