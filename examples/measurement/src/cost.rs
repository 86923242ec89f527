//! How long it takes to judge measurements, told before they are judged.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use value_causal::discovery::{CiTest, PcError, PcProgress, pc_with_progress};

use crate::rows::{Clustering, Rows};
use crate::search::{fisher_z, pc_options};
use crate::whole::searched_of;
use crate::{Failure, Input, Measurement, Settings};

/// As few of everything as a pilot draws, and how many more of one kind tell what each of these costs.
const FEW: usize = 2;
const MORE: usize = 8;

/// How long [`Measurement::of`] will take here and now, from how long it takes with a few draws of each kind; none where a
/// single search of the rows outlasts `limit`.
#[must_use]
pub fn foresee(input: &Input<'_>, settings: &Settings, limit: Duration) -> Option<Duration> {
    let rows = searched_of(input).1;
    let ways = [Clustering::Independent, Clustering::Roles, rows.honest()];
    // Rows that cannot be searched at all are judged at once.
    if ways
        .into_iter()
        .any(|way| outlasts(&rows, way, settings.alpha, limit).unwrap_or(false))
    {
        return None;
    }
    let time = |settings: Settings| {
        let started = Instant::now();
        let _judged = Measurement::of(input, &settings);
        started.elapsed()
    };
    let few = Settings {
        draws: FEW.min(settings.draws),
        quick_draws: FEW.min(settings.quick_draws),
        simulations: FEW.min(settings.simulations),
        resamples: FEW.min(settings.resamples),
        ..*settings
    };
    let kinds: [fn(&mut Settings) -> &mut usize; 4] = [
        |of| &mut of.draws,
        |of| &mut of.quick_draws,
        |of| &mut of.simulations,
        |of| &mut of.resamples,
    ];
    let least = time(few);
    let further = kinds.into_iter().map(|kind| {
        let (mut all, mut more) = (*settings, few);
        let left = *kind(&mut all) - *kind(&mut more);
        let asked = left.min(MORE);
        *kind(&mut more) += asked;
        match asked {
            0 => Duration::ZERO,
            _ => time(more)
                .saturating_sub(least)
                .mul_f64(left as f64 / asked as f64),
        }
    });
    Some(least + further.sum::<Duration>())
}

fn outlasts(
    rows: &Rows,
    clustering: Clustering,
    alpha: f64,
    limit: Duration,
) -> Result<bool, Failure> {
    let cells = rows.cells_for(clustering);
    match clustering {
        Clustering::Independent => is_longer(&fisher_z(cells.view(), &rows.values)?, alpha, limit),
        _ => is_longer(
            &rows.clustered_test(cells.view(), clustering)?,
            alpha,
            limit,
        ),
    }
}

fn is_longer<T>(test: &T, alpha: f64, limit: Duration) -> Result<bool, Failure>
where
    T: CiTest + Sync,
    T::Error: Send + Sync + 'static,
{
    let started = Instant::now();
    let look = |_: &PcProgress| match started.elapsed() > limit {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    match pc_with_progress(test, &pc_options(alpha)?, &look) {
        Ok(_) => Ok(false),
        Err(PcError::Cancelled) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
