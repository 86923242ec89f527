//! What is chosen, and why.

use value_causal::bench::holm;

use super::record::{Candidate, Target};

/// Tests what was nominated, all at once, and makes the choices.
pub(super) fn confirm(targets: &mut [Target], alpha: f64) {
    let all = targets.iter_mut().flat_map(|target| &mut target.candidates);
    let mut claims: Vec<&mut Candidate> = all.filter(|candidate| candidate.nominated).collect();
    let p_values: Vec<f64> = claims.iter().map(|claim| claim.test.p).collect();
    for (claim, adjusted) in claims.iter_mut().zip(holm(&p_values)) {
        claim.adjusted_p = Some(adjusted);
        claim.reliable = adjusted <= alpha && claim.test.gain.mean > 0.0;
    }
    let n_claims = p_values.len();
    for target in targets {
        target.choose(n_claims, alpha);
    }
}

impl Target {
    fn choose(&mut self, n_claims: usize, alpha: f64) {
        let nominated = || self.candidates.iter().filter(|c| c.nominated);
        let features = nominated().filter(|c| c.train.is_some()).count();
        let instructed = match features < nominated().count() {
            true => " and of the instruction",
            false => "",
        };
        let best_p = self
            .candidates
            .iter()
            .filter_map(|c| c.adjusted_p)
            .fold(1.0, f64::min);
        // Features and instructions alike by what the test roles gained.
        let reliable = self
            .candidates
            .iter()
            .filter(|candidate| candidate.reliable);
        let choice = reliable.max_by(|a, b| a.test.gain.mean.total_cmp(&b.test.gain.mean));
        self.choice = choice.map(|candidate| candidate.by);
        self.why = match choice {
            Some(candidate) => format!(
                "{} of {} test roles went the wanted way, {} the other; adjusted p {:.2}",
                candidate.test.toward,
                candidate.test.n_roles(),
                candidate.test.away,
                Rounded(candidate.adjusted_p.unwrap_or(1.0)),
            ),
            None if nominated().next().is_none() => {
                "no reliable choice: the training rows support none in this direction".to_owned()
            }
            None => format!(
                "no reliable choice: of {features} that the training rows support{instructed}, the test \
                 rows confirm none at {alpha} over {n_claims} claims (least adjusted p {:.2})",
                Rounded(best_p)
            ),
        };
    }
}

/// A p-value as sentences print it: small ones by their power of ten.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 < 0.005 {
            true => write!(f, "{:.0e}", self.0),
            false => self.0.fmt(f),
        }
    }
}

/// Marks the nominated features of which no other is at least as good both ways and better in one.
pub(super) fn mark_pareto_front(candidates: &mut [Candidate]) {
    let place = |candidate: &Candidate| {
        let side_effects = candidate.side_effects.as_ref()?.train?.mean;
        candidate
            .nominated
            .then_some((candidate.gain, side_effects))
    };
    let places: Vec<Option<(f64, f64)>> = candidates.iter().map(place).collect();
    for (candidate, own) in candidates.iter_mut().zip(&places) {
        let Some((gain, side)) = *own else { continue };
        let beats = |&(g, s): &(f64, f64)| g >= gain && s <= side && (g > gain || s < side);
        candidate.pareto = !places.iter().flatten().any(beats);
    }
}
