//! The command line: every option of the library, with its default.

use std::path::PathBuf;
use std::time::Duration;

use causal_pc::RetestedSets;
#[cfg(feature = "lapack")]
use causal_pc::ci::KernelWidth;
use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser};

use crate::choices::{
    ColliderChoice, ConflictChoice, DofChoice, EvidenceChoice, FailuresChoice, FdrChoice,
    IndependentChoice, MeekChoice, MissingChoice, Preset, SetsChoice, SingularChoice,
    SkeletonChoice, TestKind, TiesChoice, TooFewChoice, UndefinedChoice, ValidityChoice,
};

/// Search the causal graph behind a table of samples with the PC algorithm.
///
/// FILE is CSV in UTF-8 or UTF-16: a line with the names of the variables, then one sample per line; a
/// first column without a name holds the names of the rows and is left out. The edges are printed one per line, `A -> B` (A causes B), `A -- B` (it is open which causes which) or
/// `A <-> B` (the tests contradict each other, or a common cause was not measured), then `time_s`
/// with the seconds that the search took, reading the file not counted.
#[derive(Parser)]
#[command(name = "pc", version)]
pub struct Arguments {
    /// CSV file with a header, or `-` for standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub table: TableArguments,
    #[command(flatten)]
    pub test: TestArguments,
    #[command(flatten)]
    pub clusters: ClusterArguments,
    #[command(flatten)]
    pub search: SearchArguments,
    #[command(flatten)]
    pub resampling: ResamplingArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// How the file is read.
#[derive(Args)]
#[command(next_help_heading = "Reading the file")]
pub struct TableArguments {
    /// The character between cells, or `tab`.
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    pub delimiter: u8,
    /// Numbers have a decimal comma, as R's write.csv2 writes them.
    #[arg(long)]
    pub decimal_comma: bool,
    /// FILE has no line of names: the variables are X1, X2, ...
    #[arg(long)]
    pub no_header: bool,
    /// Columns to leave out, separated by commas; a name with a comma stands alone or in quotation
    /// marks. May be given several times.
    #[arg(long, value_name = "NAMES")]
    pub without: Vec<String>,
    /// Columns whose numbers are names of categories, for `--test mixed`, named in the same way.
    #[arg(long, value_name = "NAMES")]
    pub categorical: Vec<String>,
    /// What to do about missing cells: those that are empty, NA, NaN, None, null or another word by
    /// which pandas or R mark them.
    #[arg(long, value_enum, value_name = "POLICY", default_value = "refuse")]
    pub missing: MissingChoice,
    /// A further text that stands for a missing cell; may be given several times.
    #[arg(long, value_name = "TEXT")]
    pub missing_marker: Vec<String>,
    /// FILE holds the correlations of the columns, computed from this many samples.
    #[arg(long, value_name = "SAMPLES")]
    pub correlation_of: Option<usize>,
}

/// Rows that depend on one another.
#[derive(Args)]
#[command(next_help_heading = "Rows in clusters")]
pub struct ClusterArguments {
    /// Rows with the same cell in this column, which is no variable, may depend on one another: test
    /// by clusters. Given twice, in two ways that cross. Resamples are of the first way's clusters. Rows with an empty
    /// cell are one cluster; NA and the like are refused.
    #[arg(long, value_name = "COLUMN", conflicts_with = "correlation_of")]
    pub cluster: Vec<String>,
    /// Fisher-Z: how many independent samples the rows are worth.
    #[arg(long, value_name = "SAMPLES", conflicts_with = "cluster")]
    pub effective_samples: Option<f64>,
    /// Also count the edges of so many tables without structure: in each, the rows of every column
    /// are shuffled separately; with --cluster or --clusters, whole clusters are.
    #[arg(long, value_name = "DRAWS", conflicts_with = "correlation_of", value_parser = count)]
    pub null: Option<usize>,
}

/// Which test of conditional independence is made, and how.
#[derive(Args)]
#[command(next_help_heading = "The test of independence")]
pub struct TestArguments {
    /// The test.
    #[arg(long = "test", value_enum, default_value = "fisherz")]
    pub kind: TestKind,
    /// Fisher-Z: what to answer where correlations are singular (equal columns, sums of others).
    #[arg(long, value_enum, value_name = "POLICY")]
    pub singular: Option<SingularChoice>,
    /// Fisher-Z: what to answer for constant columns, if not the same.
    #[arg(long, value_enum, value_name = "POLICY")]
    pub constant: Option<SingularChoice>,
    /// Fisher-Z, mixed: what to answer with fewer samples than a test needs.
    #[arg(long, value_enum, value_name = "POLICY")]
    pub too_few: Option<TooFewChoice>,
    /// Fisher-Z: the share of unexplained variance at or below which a variable counts as a
    /// linear combination of others [default: 1e-13].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub tolerance: Option<f64>,
    /// Fisher-Z: the largest absolute correlation that is taken as it is [default: 1 - 2^-52].
    #[arg(long, value_name = "CORRELATION", value_parser = share)]
    pub cut: Option<f64>,
    /// Discrete: what degrees of freedom are counted from.
    #[arg(long, value_enum, value_name = "CELLS")]
    pub dof: Option<DofChoice>,
    /// Discrete: fewer samples than this per degree of freedom count as independence.
    #[arg(long, value_name = "SAMPLES")]
    pub min_per_dof: Option<f64>,
    /// Discrete, mixed: the most categories a column may have [default: 32 for mixed; else as many as
    /// the samples tell apart].
    #[arg(long, value_name = "CATEGORIES")]
    pub max_levels: Option<usize>,
    /// KCI: the width of the kernels, or `median` for sqrt(2) median distances [default: by the
    /// number of samples].
    #[cfg(feature = "lapack")]
    #[arg(long, value_parser = kernel_width)]
    pub kernel_width: Option<KernelWidth>,
    /// KCI: the ridge of the regression on the conditioning set [default: 1e-3].
    #[cfg(feature = "lapack")]
    #[arg(long, value_name = "RIDGE")]
    pub regularization: Option<f64>,
    /// KCI: the share of the largest eigenvalue below which one does not count [default: 1e-5].
    #[cfg(feature = "lapack")]
    #[arg(long, value_name = "SHARE")]
    pub eigenvalue_cut: Option<f64>,
}

/// Every choice that PC leaves open.
#[derive(Args)]
#[command(next_help_heading = "The search")]
pub struct SearchArguments {
    /// Significance level of the tests.
    #[arg(long, default_value_t = 0.05)]
    pub alpha: f64,
    /// Start from the behaviour of another program; options given besides still count.
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// The largest conditioning set [default: no limit].
    #[arg(long, value_name = "SIZE")]
    pub depth: Option<usize>,
    /// When edges leave the graph [default: stable].
    #[arg(long, value_enum)]
    pub skeleton: Option<SkeletonChoice>,
    /// How far a pair is tested once it was found independent [default: first-hit].
    #[arg(long, value_enum)]
    pub sets: Option<SetsChoice>,
    /// Which p-values count as independence [default: above].
    #[arg(long, value_enum, value_name = "SIDE")]
    pub independent: Option<IndependentChoice>,
    /// What a p-value that is not a number counts as [default: refuse].
    #[arg(long, value_enum, value_name = "POLICY")]
    pub undefined: Option<UndefinedChoice>,
    /// Hold down the share of false edges instead of the level of each test [default: no].
    #[arg(long, value_enum, value_name = "PROCEDURE")]
    pub fdr: Option<FdrChoice>,
    /// When a triple is a collider [default: majority].
    #[arg(long, value_enum, value_name = "RULE")]
    pub collider: Option<ColliderChoice>,
    /// The largest sets that are tested again for colliders, or `all` [default: 2].
    #[arg(long, value_name = "SIZE", value_parser = retested)]
    pub retested: Option<RetestedSets>,
    /// What happens where two colliders want an edge in opposite directions [default: stronger-evidence].
    #[arg(long, value_enum, value_name = "WAY")]
    pub conflicts: Option<ConflictChoice>,
    /// How the evidence for a collider is measured [default: ratio].
    #[arg(long, value_enum, value_name = "MEASURE")]
    pub evidence: Option<EvidenceChoice>,
    /// What settles exact ties between colliders [default: by-name; open with --no-header, since
    /// X1, X2, ... are numbers].
    #[arg(long, value_enum, value_name = "BY")]
    pub ties: Option<TiesChoice>,
    /// Which of Meek's rules complete the orientation [default: all].
    #[arg(long, value_enum, value_name = "RULES")]
    pub meek: Option<MeekChoice>,
    /// What is asked of the graph [default: extendable].
    #[arg(long, value_enum)]
    pub validity: Option<ValidityChoice>,
    /// TOML file with what is known beforehand: `forbidden` and `required`, lists of pairs
    /// ["cause", "effect"]; `tiers`, a list of lists of names, earlier ones first;
    /// `unlinked_tiers`, the numbers, from 0, of tiers without edges inside.
    #[arg(long, value_name = "FILE")]
    pub knowledge: Option<PathBuf>,
    /// End after so many seconds, resamples and tables without structure among them, with what is
    /// known by then, marked as unfinished [default: no limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time_limit: Option<Duration>,
    /// Number of threads; the answer is the same with any.
    #[arg(long, default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub threads: usize,
}

/// How sure the edges are.
#[derive(Args)]
#[command(next_help_heading = "Resampling")]
pub struct ResamplingArguments {
    /// Search this many resamples of the rows too, and print how often each edge was found.
    #[arg(long, value_name = "RESAMPLES", conflicts_with = "correlation_of", value_parser = count)]
    pub bootstrap: Option<usize>,
    /// Resample or mix up clusters of rows, with the plain test: those with the same cell in this
    /// column, which is no variable.
    #[arg(long, value_name = "NAME", conflicts_with = "cluster")]
    pub clusters: Option<String>,
    /// Draw this share of the rows without replacement, instead of as many with replacement.
    #[arg(long, value_name = "SHARE", requires = "bootstrap")]
    pub subsample: Option<f64>,
    /// What to do when a resample cannot be searched [default: stop].
    #[arg(long, value_enum, value_name = "POLICY", requires = "bootstrap")]
    pub failures: Option<FailuresChoice>,
    /// Print the graph of the edges that at least this share of the resamples has, too.
    #[arg(long, value_name = "SHARE", requires = "bootstrap", value_parser = share)]
    pub consensus: Option<f64>,
    /// Seed of the resampling.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// What is printed and written.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// Print a JSON object: directed, undirected, bidirected, separating_sets, n_tests, time_s.
    #[arg(long)]
    pub json: bool,
    /// Say for every edge what came nearest to removing it, for every pair without an edge what
    /// separated it, and for every arrow where it is from.
    #[arg(long)]
    pub explain: bool,
    /// Write the graph in Graphviz' language.
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
    /// Print a directed acyclic graph of the class instead of the class.
    #[arg(long)]
    pub dag: bool,
    /// Write the edges as CSV: from, to, kind, p_value, association, given.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the graph in GML, the graph modelling language.
    #[arg(long, value_name = "FILE")]
    pub gml: Option<PathBuf>,
    /// Draw the graph.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Show on standard error how far the search is.
    #[arg(long)]
    pub progress: bool,
    /// Search so many times and report the median time.
    #[arg(long, value_name = "TIMES", default_value_t = 1, hide = true, value_parser = count)]
    pub repeat: usize,
}

/// How often something is repeated.
fn count(text: &str) -> Result<usize, String> {
    const MOST: f64 = 1e6;
    let number = text.parse::<f64>().ok();
    if number.is_some_and(|number| number > MOST) {
        let why = "a share of so many is known to within 0.001, and more cost time and memory for nothing";
        return Err(format!("at most 1,000,000: {why}"));
    }
    let count = text.parse().ok().filter(|&count| count > 0);
    count.ok_or_else(|| "expected a whole number from 1 to 1,000,000".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    number
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "expected a number between 0 and 1".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok();
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds".into())
}

fn retested(text: &str) -> Result<RetestedSets, String> {
    match text.parse() {
        Ok(size) => Ok(RetestedSets::UpTo(size)),
        Err(_) if text == "all" => Ok(RetestedSets::All),
        Err(_) => Err("expected a number or `all`".into()),
    }
}

#[cfg(feature = "lapack")]
fn kernel_width(text: &str) -> Result<KernelWidth, String> {
    match text.parse() {
        Ok(width) => Ok(KernelWidth::Fixed(width)),
        Err(_) if text == "median" => Ok(KernelWidth::Median),
        Err(_) => Err("expected a number or `median`".into()),
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("expected one character of ASCII other than a quotation mark, or `tab`".into()),
    }
}
