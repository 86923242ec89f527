use serde::Serialize;

/// How much is drawn, and the levels that are tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Every random number comes from this.
    pub seed: u64,
    /// Levels of the tests of independence; the experiment's own is tried too.
    pub alphas: Vec<f64>,
    /// The kinds of sets of features that are tried.
    pub feature_sets: Vec<SetKind>,
    /// Random sets of features, each as large as the published one.
    pub random_sets: usize,
    /// A graph's equivalence class is averaged over if it has no more members than this.
    pub class_limit: usize,
    /// Graphs drawn for each test against chance.
    pub draws: usize,
    /// Resamples of the training rows, by role and by row, and of the test rows.
    pub resamples: usize,
    /// Share of the resamples that an edge of the consensus graph is found in.
    pub threshold: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            alphas: vec![0.001, 0.01, 0.05, 0.1],
            feature_sets: SetKind::ALL.to_vec(),
            random_sets: 10,
            class_limit: 200,
            draws: 2_000,
            resamples: 1_000,
            threshold: 0.5,
        }
    }
}

impl Settings {
    /// What is drawn to judge the measurements: as much as that takes, unless few draws are wanted of everything.
    pub(crate) fn of_measurement(&self, alpha: f64) -> measurement::Settings {
        let most = measurement::Settings::new(alpha);
        measurement::Settings {
            seed: self.seed,
            draws: most.draws.min(self.draws),
            quick_draws: most.quick_draws.min(self.draws),
            resamples: most.resamples.min(self.resamples),
            ..most
        }
    }
}

/// How a set of features was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SetKind {
    /// The hand-picked features behind the published graphs.
    Published,
    /// Every feature.
    All,
    /// The published features but one.
    PublishedButOne,
    /// Every feature but one.
    AllButOne,
    /// As many features as published, at random.
    Random,
}

impl SetKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Published,
        Self::All,
        Self::PublishedButOne,
        Self::AllButOne,
        Self::Random,
    ];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::All => "all",
            Self::PublishedButOne => "published but one",
            Self::AllButOne => "all but one",
            Self::Random => "random set",
        }
    }
}
