//! How much of a score is more than the accident of its items, raters or halves.

mod alpha;
mod drawn;
mod error;
mod intraclass;
mod kuder_richardson;
mod omega;
mod split_half;

pub use alpha::{Alpha, alpha, pairwise_alpha, spearman_brown, standardised_alpha};
pub use drawn::{AskedItems, CaseMoments, Pool};
pub use error::ReliabilityError;
pub use intraclass::{Intraclass, VarianceParts, intraclass, variance_parts};
pub use kuder_richardson::{KuderRichardson, kuder_richardson};
pub use omega::omega_total;
pub use split_half::{SplitHalf, split_half};

pub(crate) use alpha::of_covariances as alpha_of_covariances;
