//! The project's own goldens, which are always here: `fixtures/lm/steering`, computed in 64 bits with numpy alone.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use tch_lens::contrast::{Centring, mean_difference, principal_direction};
use tch_lens::tch::{Kind, Tensor};
use tch_lens::{
    At, Gate, HookPoint, Lm, LoadOptions, Passes, Probe, Reading, Request, Steer, SteeringDirection,
};

use crate::common::{assert_close, folders};
use crate::goldens::{ids, integer, labels, number, pairs, stacked, steered};

struct Own {
    lm: Lm,
    tensors: HashMap<String, Tensor>,
    numbers: Value,
}

impl Own {
    fn open() -> Self {
        let folder = folders()[0].clone();
        let file = |end: &str| folder.join("steering").join(format!("gemma1.{end}"));
        let tensors = Tensor::read_safetensors(file("safetensors")).unwrap();
        let text = std::fs::read_to_string(file("json")).unwrap();
        let model: &Path = &folder.join("models/gemma1");
        Self {
            lm: Lm::open(model, &LoadOptions::default()).unwrap(),
            tensors: tensors.into_iter().collect(),
            numbers: serde_json::from_str(&text).unwrap(),
        }
    }

    fn layer(&self) -> usize {
        integer(&self.numbers["layer"])
    }

    fn fits(&self) -> i64 {
        integer(&self.numbers["fits"]) as i64
    }

    fn probe(&self, layer: usize) -> Probe {
        let both = &self.tensors[&format!("probe.{layer}")];
        let width = both.size()[0] - 1;
        Probe::new(&both.narrow(0, 0, width), both.double_value(&[width])).unwrap()
    }

    /// What is read of both sides, at the last token or every one but the first.
    fn read(&self, point: HookPoint, at: At) -> [Tensor; 2] {
        ["positive", "negative"].map(|side| {
            let prompts = ids(&self.numbers[side]).into_iter();
            let readings: Vec<Reading> = prompts
                .map(|ids| Reading::new(ids).at(at.clone()))
                .collect();
            let read = self.lm.read(&readings, &[point.to_string()]).unwrap();
            read.activations[&point].copy()
        })
    }

    fn steers(&self, name: &str) -> Vec<Steer> {
        let (layer, tensor) = (self.layer(), |name: &str| &self.tensors[name]);
        let point = HookPoint::ResidPost(layer);
        let p0 = number(&self.numbers["p0"]);
        let floor = || Steer::at_least_probability(point, &self.probe(layer), p0).unwrap();
        let vector = SteeringDirection::vector(tensor("mean_difference")).unwrap();
        let steers = match name {
            "none" => Vec::new(),
            "add" => vec![Steer::add(point, &vector, 1.5)],
            "floor" => vec![floor()],
            "once" => vec![floor().measured_once()],
            "rows" => {
                let rows = SteeringDirection::rows(tensor("rows")).unwrap();
                return vec![Steer::add(HookPoint::ResidPre(layer), &rows, 2.0)];
            }
            "heads" => self.heads(),
            "neurons" => self.neurons(),
            "plane" => {
                let plane = tensor("plane");
                let plane = SteeringDirection::plane(&plane.get(0), &plane.get(1)).unwrap();
                vec![Steer::turn(point, &plane, 60.0)]
            }
            "gate" => {
                let before = HookPoint::ResidPost(layer - 1);
                let gate = Gate::probe(before, &self.probe(layer - 1), 0.5).unwrap();
                vec![Steer::add(point, &vector, 1.0).gate(gate)]
            }
            other => panic!("an unknown steer: {other}"),
        };
        let every = |steer: Steer| steer.passes(Passes::Every);
        steers.into_iter().map(every).collect()
    }

    fn heads(&self) -> Vec<Steer> {
        let shifts = self.tensors["head_shifts"].unbind(0);
        let chosen = pairs(&self.numbers["heads"]);
        let both = chosen.into_iter().zip(shifts);
        both.map(|((layer, head), shift)| {
            let shift = SteeringDirection::head(head, &shift).unwrap();
            Steer::add(HookPoint::Z(layer), &shift, 4.0)
        })
        .collect()
    }

    fn neurons(&self) -> Vec<Steer> {
        let rows = |name: &str| Vec::<Vec<f64>>::try_from(&self.tensors[name]).unwrap();
        let least = number(&self.numbers["neurons"]["least"]);
        let gamma = number(&self.numbers["neurons"]["gamma"]);
        let layers = rows("neuron_difference")
            .into_iter()
            .zip(rows("neuron_q95"));
        let mut steers = Vec::new();
        for (layer, (difference, q95)) in layers.enumerate() {
            let point = HookPoint::MlpGate(layer);
            let of = |keep: &dyn Fn(f64) -> bool| -> Vec<usize> {
                (0..difference.len())
                    .filter(|&n| keep(difference[n]))
                    .collect()
            };
            let muted = of(&|d| d <= -least).into_iter().map(|n| (n, 0.0));
            let raised = of(&|d| d >= least).into_iter().map(|n| {
                let squash = 1.0 / (1.0 + (-10.0 * (difference[n] - 0.15)).exp());
                (n, q95[n] * squash)
            });
            if let Ok(muted) = SteeringDirection::numbers(muted) {
                steers.push(Steer::at_most(point, &muted, 0.0));
            }
            if let Ok(raised) = SteeringDirection::numbers(raised) {
                steers.push(Steer::add(point, &raised, gamma));
            }
        }
        steers
    }
}

#[test]
fn directions_and_probes_are_those_of_the_projects_own_goldens() {
    let own = Own::open();
    let fits = own.fits();
    for layer in 0..own.lm.config().n_layers {
        let both = own.read(HookPoint::ResidPost(layer), At::Last);
        let [p, n] = both.each_ref().map(|x| x.narrow(0, 0, fits));
        let probe = Probe::fit(&stacked(&p, &n), &labels(fits), 1.0).unwrap();
        let (weights, expected) = (probe.weights().unwrap(), own.probe(layer));
        let greatest = weights.abs().max().double_value(&[]);
        // Of one's own activations, which 32 bits round.
        let tolerance = (1e-3 * greatest, 0.0);
        assert_close(&weights, &expected.weights().unwrap(), tolerance, "probe");
        assert!((probe.bias() - expected.bias()).abs() < 1e-3, "bias");
        if layer != own.layer() {
            continue;
        }
        let mean = mean_difference(&p, &n).unwrap();
        let expected = &own.tensors["mean_difference"];
        assert_close(&mean, expected, (1e-4, 0.0), "mean difference");
        for (centring, name) in [
            (Centring::Pairs, "principal.pairs"),
            (Centring::CentredDifferences, "principal.centred"),
        ] {
            let found = principal_direction(&p, &n, centring).unwrap();
            assert_close(&found.direction, &own.tensors[name], (1e-4, 0.0), name);
        }
    }
}

#[test]
fn heads_and_neurons_are_those_of_the_projects_own_goldens() {
    let own = Own::open();
    let (fits, d_head) = (own.fits(), own.lm.config().d_head as i64);
    let mut ranked = Vec::new();
    for layer in 0..own.lm.config().n_layers {
        let both = own.read(HookPoint::Z(layer), At::Last);
        for head in 0..own.lm.config().n_heads {
            let [p, n] = both
                .each_ref()
                .map(|z| z.narrow(1, head as i64 * d_head, d_head));
            let cut = |from, n_pairs| [&p, &n].map(|z| z.narrow(0, from, n_pairs));
            let ([p1, n1], rest) = (cut(0, fits), p.size()[0] - fits);
            let probe = Probe::fit(&stacked(&p1, &n1), &labels(fits), 1.0).unwrap();
            let [p2, n2] = cut(fits, rest);
            let loss = probe.log_loss(&stacked(&p2, &n2), &labels(rest)).unwrap();
            let shift = mean_difference(&p1, &n1).unwrap();
            let theta = &shift / shift.norm();
            let along = stacked(&p, &n).to_kind(Kind::Double).matmul(&theta);
            ranked.push((loss, (layer, head), theta * along.std(true)));
        }
    }
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let chosen: Vec<_> = ranked[..3].iter().map(|head| head.1).collect();
    assert_eq!(chosen, pairs(&own.numbers["heads"]));
    let shifts: Vec<Tensor> = ranked[..3].iter().map(|head| head.2.copy()).collect();
    let expected = &own.tensors["head_shifts"];
    assert_close(&Tensor::stack(&shifts, 0), expected, (1e-4, 0.0), "shifts");

    for layer in 0..own.lm.config().n_layers {
        let [p, n] = own.read(HookPoint::MlpGate(layer), At::Every(1));
        let share = |x: &Tensor| x.gt(0.0).to_kind(Kind::Double).mean_dim(0, false, None);
        let expected = own.tensors["neuron_difference"].get(layer as i64);
        assert_close(&(share(&p) - share(&n)), &expected, (1e-9, 0.0), "shares");
        let q95 = p
            .to_kind(Kind::Double)
            .quantile_scalar(0.95, 0, false, "linear");
        let expected = own.tensors["neuron_q95"].get(layer as i64);
        assert_close(&q95, &expected, (1e-4, 0.0), "95% quantile");
    }
}

#[test]
fn steered_predictions_are_those_of_the_projects_own_goldens() {
    let own = Own::open();
    let tests = ids(&own.numbers["tests"]);
    let expected: HashMap<&str, f64> = own.numbers["kl"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, kl)| (name.as_str(), number(kl)))
        .collect();
    assert_eq!(expected.len(), 8);
    for name in expected.keys().copied().chain(["none"]) {
        let steers = own.steers(name);
        let (mut divergence, mut n) = (0.0, 0.0);
        for (i, ids) in tests.iter().enumerate() {
            let requests = [Request::new(ids.clone()), steered(ids, &steers)];
            let run = own.lm.run_steered::<_, &str>(&requests, &[]).unwrap();
            let last = run.logits.get(1).get(-1);
            let stored = own.tensors[&format!("logits.{name}")].get(i as i64);
            assert_close(&last, &stored, (5e-4, 1e-4), name);
            let log = run.logits.log_softmax(-1, Kind::Double);
            let (base, now) = (log.get(0), log.get(1));
            divergence += (base.exp() * (&base - &now))
                .sum(Kind::Double)
                .double_value(&[]);
            n += ids.len() as f64;
        }
        let kl = expected.get(name).copied().unwrap_or(0.0);
        assert!((divergence / n - kl).abs() < 1e-3 * (kl + 1e-3), "{name}");
    }
}
