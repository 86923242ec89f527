use clap::ValueEnum;
use value_causal::bench::schwartz::{Instrument, PVQ_21, PVQ_40, PVQ_RR, SVS};

/// One of Schwartz's instruments, as programs are told.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// Portrait Values Questionnaire, 40 items.
    Pvq40,
    /// Portrait Values Questionnaire, 21 items.
    Pvq21,
    /// Revised Portrait Values Questionnaire, 57 items.
    PvqRr,
    /// Schwartz Value Survey, 57 items.
    Svs,
}

impl Kind {
    /// Its key.
    #[must_use]
    pub fn instrument(self) -> &'static Instrument {
        match self {
            Self::Pvq40 => &PVQ_40,
            Self::Pvq21 => &PVQ_21,
            Self::PvqRr => &PVQ_RR,
            Self::Svs => &SVS,
        }
    }
}
