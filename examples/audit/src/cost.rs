//! How long an audit will take, told before it starts.

use std::fmt;
use std::time::Duration;

use super::multiverse::n_searches;
use super::null_tests;
use super::search::{Basis, time};
use super::settings::Settings;
use super::words::{duration, thousands};
use program::Failure;
use reproduce::Loaded;
use reproduce::judged::foreseen;

/// What lies before an audit.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Searches for a graph under other choices.
    pub n_searches: usize,
    /// Searches in resamples of the rows.
    pub n_resamples: usize,
    /// How long it all will take on this machine, from how long the study's own searches, a few draws, and a verdict from a
    /// few draws took.
    pub time: Duration,
}

/// An audit that takes longer than anybody said they would wait.
#[derive(Debug, thiserror::Error)]
#[error(
    "the audit would take {about}, and the limit is {limit}: {why}; --minutes lets it take longer"
)]
pub struct TooLong {
    about: String,
    limit: String,
    why: String,
}

/// All else takes this much of the time of the searches on the tables of a study; a part that is always there is below.
const REST: f64 = 0.5;
const ALWAYS: Duration = Duration::from_secs(1);

impl Cost {
    /// From one search of each of the study's graphs at its own level and at the highest one, from a few draws by chance, and
    /// from verdicts that rest on few draws.
    ///
    /// # Errors
    /// [`TooLong`] if all would take longer than `limit`; if a test of independence cannot be made.
    pub fn foresee(loaded: &Loaded, settings: &Settings, limit: Duration) -> Result<Self, Failure> {
        let graph = loaded.of_graph()?;
        let n_searches = n_searches(&graph, settings);
        // Of roles and of rows, for each of the two graphs.
        let n_resamples = 4 * settings.resamples;
        let n = n_searches + n_resamples;
        let own = loaded.experiment.alpha;
        let highest = settings.alphas.iter().copied().fold(own, f64::max);
        let mut longest = Duration::ZERO;
        for basis in Basis::both(&graph) {
            for alpha in [own, highest] {
                match time(&graph, &basis.set, basis.rows, alpha, limit)? {
                    Some(one) => longest = longest.max(one),
                    None => return Err(TooLong::searching("longer", n, "longer than that", limit)),
                }
            }
        }
        let threads = rayon::current_num_threads() as f64;
        let time = longest.mul_f64(n as f64 / threads * (1.0 + REST)) + ALWAYS;
        if time > limit {
            let (time, one) = (duration(time), duration(longest));
            return Err(TooLong::searching(&time, n, &one, limit));
        }
        let drawing = null_tests::foreseen(&graph, settings)?;
        let judging = settings.of_measurement(own);
        let Some(judging) = foreseen(loaded, &judging, limit) else {
            let why = "a single search for the verdict takes longer than that";
            return Err(TooLong::failure("longer", limit, why));
        };
        let parts = [time, drawing, judging].map(duration);
        let time = time + drawing + judging;
        if time > limit {
            let [searches, draws, verdict] = parts;
            let why = format!(
                "{searches} for searches, {draws} for {} draws by chance and {verdict} for the verdict; fewer --draws, \
                 --resamples and --random-sets make it shorter",
                thousands(&settings.draws.to_string())
            );
            return Err(TooLong::failure(&duration(time), limit, &why));
        }
        Ok(Self {
            n_searches,
            n_resamples,
            time,
        })
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "audit: {} searches for a graph and {} in resamples, about {}",
            thousands(&self.n_searches.to_string()),
            thousands(&self.n_resamples.to_string()),
            duration(self.time)
        )
    }
}

impl TooLong {
    fn failure(about: &str, limit: Duration, why: &str) -> Failure {
        let (about, limit, why) = (about.to_owned(), duration(limit), why.to_owned());
        Self { about, limit, why }.into()
    }

    fn searching(about: &str, n: usize, one: &str, limit: Duration) -> Failure {
        let searches = thousands(&n.to_string());
        let why = format!(
            "there are {searches} searches of which one takes {one}, as a graph of these measurements has many edges, which \
             makes searches long; fewer --resamples and --random-sets make it shorter"
        );
        Self::failure(about, limit, &why)
    }
}
