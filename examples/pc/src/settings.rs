//! From the command line to the library's options and tests.

#[cfg(feature = "lapack")]
use causal_pc::ci::{Cached, Kci, KciOptions};
use std::error::Error;

use causal_pc::ci::{
    ChiSquare, ClusterRobust, ClusterRobustOptions, DiscreteOptions, FisherZ, FisherZOptions,
    GSquare, MinimumCount, MixedOptions, MixedTest, VariableKind,
};
use causal_pc::{Alpha, AlphaError, BootstrapOptions, Draw, Knowledge, PcOptions};

use crate::csv_table::{Cells, CsvOptions, CsvTable};
use crate::estimate::Workload;
use crate::search::Data;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::arguments::{Arguments, SearchArguments, TestArguments};
use crate::choices::{MissingChoice, Preset, TestKind, TiesChoice};

/// A test, or why there is none.
pub type Made<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Sets an option if the command line gives it.
macro_rules! set {
    ($options:ident . $setter:ident ( $given:expr )) => {
        if let Some(given) = $given {
            $options = $options.$setter(given.into());
        }
    };
}

/// How to read the file.
pub fn table(arguments: &Arguments) -> CsvOptions {
    let table = &arguments.table;
    let cells = match arguments.test.kind {
        TestKind::Gsq | TestKind::Chisq => Cells::Categories,
        TestKind::Mixed => Cells::Mixed,
        _ => Cells::Numbers,
    };
    let mut options = CsvOptions::new(cells)
        .delimiter(table.delimiter)
        .without(table.without.clone())
        .categorical(table.categorical.clone())
        .labels(label_columns(arguments).cloned().collect())
        .missing_markers(table.missing_marker.clone());
    if table.decimal_comma {
        options = options.decimal_comma();
    }
    if table.no_header {
        options = options.without_header();
    }
    if table.correlation_of.is_some() {
        options = options.matrix();
    }
    match table.missing {
        MissingChoice::Refuse => options,
        MissingChoice::TestwiseDeletion => options.allow_missing(),
    }
}

/// The columns that tell which rows belong together.
pub fn label_columns(arguments: &Arguments) -> impl Iterator<Item = &String> {
    let of_test = arguments.clusters.cluster.iter();
    of_test.chain(&arguments.resampling.clusters)
}

/// Refuses options that the test of independence does not have.
pub fn check(arguments: &Arguments) -> Result<(), String> {
    let (table, test) = (&arguments.table, &arguments.test);
    let clusters = &arguments.clusters;
    if clusters.cluster.len() > 2 {
        return Err("--cluster is given once or twice: for one way or two".to_owned());
    }
    if let [first, second] = &clusters.cluster[..]
        && first == second
    {
        return Err(format!(
            "--cluster names {first:?} twice: two ways of clustering are two columns"
        ));
    }
    let resampled = arguments.resampling.bootstrap.is_some() || clusters.null.is_some();
    if arguments.resampling.clusters.is_some() && !resampled {
        return Err(
            "--clusters goes with --bootstrap or --null; did you mean --cluster?".to_owned(),
        );
    }
    let fisher_z = test.kind.correlation().is_some();
    let discrete = matches!(test.kind, TestKind::Gsq | TestKind::Chisq);
    let mixed = test.kind == TestKind::Mixed;
    let misplaced = [
        (
            "--categorical",
            !table.categorical.is_empty(),
            discrete || mixed,
        ),
        (
            "--correlation-of",
            table.correlation_of.is_some(),
            test.kind == TestKind::Fisherz,
        ),
        ("--cluster", !clusters.cluster.is_empty(), fisher_z),
        (
            "--effective-samples",
            clusters.effective_samples.is_some(),
            fisher_z,
        ),
        ("--singular", test.singular.is_some(), fisher_z),
        ("--constant", test.constant.is_some(), fisher_z),
        ("--too-few", test.too_few.is_some(), fisher_z || mixed),
        ("--tolerance", test.tolerance.is_some(), fisher_z),
        (
            "--cut",
            test.cut.is_some(),
            fisher_z && clusters.cluster.is_empty(),
        ),
        ("--dof", test.dof.is_some(), discrete),
        ("--min-per-dof", test.min_per_dof.is_some(), discrete),
        ("--max-levels", test.max_levels.is_some(), discrete || mixed),
    ]
    .into_iter()
    .find(|&(_, given, fits)| given && !fits);
    match misplaced {
        Some((option, ..)) => {
            let word = test.kind.to_possible_value();
            let word = word.as_ref().map_or("", PossibleValue::get_name);
            Err(format!("{option} does not go with --test {word}"))
        }
        None => Ok(()),
    }
}

/// The options of the search: those of the preset, changed by what is given besides.
pub fn search(
    arguments: &SearchArguments,
    no_header: bool,
    knowledge: Option<Knowledge>,
) -> Result<PcOptions, AlphaError> {
    let alpha = Alpha::new(arguments.alpha)?;
    let mut options = match arguments.preset {
        None => PcOptions::new(alpha),
        Some(Preset::CausalLearn) => PcOptions::like_causal_learn(alpha),
        Some(Preset::Pcalg) => PcOptions::like_pcalg(alpha),
    }
    .threads(arguments.threads);
    set!(options.max_depth(arguments.depth));
    set!(options.skeleton_search(arguments.skeleton));
    set!(options.set_search(arguments.sets));
    set!(options.independent(arguments.independent));
    set!(options.undefined_p(arguments.undefined));
    set!(options.fdr_control(arguments.fdr));
    set!(options.collider_rule(arguments.collider));
    set!(options.retested_sets(arguments.retested));
    set!(options.collider_conflict(arguments.conflicts));
    set!(options.evidence(arguments.evidence));
    let numbered = no_header.then_some(TiesChoice::Open);
    set!(options.ties(arguments.ties.or(numbered)));
    set!(options.meek_rules(arguments.meek));
    set!(options.validity(arguments.validity));
    set!(options.knowledge(knowledge));
    set!(options.time_limit(arguments.time_limit));
    Ok(options)
}

/// What the time of all searches hangs on.
pub fn workload(arguments: &Arguments) -> Workload {
    let resamples = arguments.resampling.bootstrap.unwrap_or(0);
    Workload {
        alpha: arguments.search.alpha,
        max_depth: arguments.search.depth,
        n_searches: 1 + resamples + arguments.clusters.null.unwrap_or(0),
        threads: arguments.search.threads,
    }
}

/// How to resample; rows with equal labels are a cluster.
pub fn resampling(
    arguments: &Arguments,
    n_resamples: usize,
    clusters: Option<&[usize]>,
) -> BootstrapOptions {
    let given = &arguments.resampling;
    let mut options = BootstrapOptions::new(n_resamples)
        .seed(given.seed)
        .threads(arguments.search.threads);
    set!(options.draw(given.subsample.map(Draw::Subsample)));
    set!(options.failures(given.failures));
    match clusters {
        Some(labels) => options.clusters(labels),
        None => options,
    }
}

/// The Fisher-Z test of a table of numbers.
pub fn fisher_z(data: &Data, arguments: &Arguments) -> Made<FisherZ> {
    let table = &data.table;
    let options = fisher_z_options(arguments).names(table.names.iter().cloned());
    let samples = table.values.view();
    Ok(match arguments.table.correlation_of {
        Some(n_samples) => FisherZ::from_correlation(samples, n_samples, options)?,
        None => FisherZ::with_options(samples, options)?,
    })
}

fn fisher_z_options(arguments: &Arguments) -> FisherZOptions {
    let TestArguments {
        kind,
        singular,
        constant,
        too_few,
        tolerance,
        cut,
        ..
    } = arguments.test;
    let mut options = match arguments.search.preset {
        None => FisherZOptions::new(),
        Some(Preset::CausalLearn) => FisherZOptions::like_causal_learn(),
        Some(Preset::Pcalg) => FisherZOptions::like_pcalg(),
    }
    .missing(arguments.table.missing.into());
    set!(options.correlation(kind.correlation()));
    set!(options.singular(singular));
    set!(options.constant(constant));
    set!(options.too_few(too_few));
    set!(options.tolerance(tolerance));
    set!(options.cut(cut));
    set!(options.effective_samples(arguments.clusters.effective_samples));
    options
}

/// The test of a table of numbers whose rows come in clusters.
pub fn cluster_robust(data: &Data, arguments: &Arguments) -> Made<ClusterRobust> {
    let test = &arguments.test;
    let mut options = ClusterRobustOptions::new()
        .missing(arguments.table.missing.into())
        .names(&data.table.names);
    set!(options.correlation(test.kind.correlation()));
    set!(options.singular(test.singular));
    set!(options.constant(test.constant));
    set!(options.too_few(test.too_few));
    set!(options.tolerance(test.tolerance));
    let clusters = data.clusters.clone().ok_or("there are no clusters")?;
    let samples = &data.table.values;
    Ok(ClusterRobust::with_options(samples, clusters, options)?)
}

/// The G-squared test of a table of categories.
pub fn g_square(data: &Data, arguments: &Arguments) -> Made<GSquare> {
    let table = &data.table;
    Ok(GSquare::with_options(
        table.values.view(),
        discrete_options(table, arguments),
    )?)
}

/// The chi-squared test of a table of categories.
pub fn chi_square(data: &Data, arguments: &Arguments) -> Made<ChiSquare> {
    let table = &data.table;
    Ok(ChiSquare::with_options(
        table.values.view(),
        discrete_options(table, arguments),
    )?)
}

fn discrete_options(table: &CsvTable, arguments: &Arguments) -> DiscreteOptions {
    let mut options = match arguments.search.preset {
        Some(Preset::Pcalg) => DiscreteOptions::like_pcalg(),
        None | Some(Preset::CausalLearn) => DiscreteOptions::new(),
    }
    .missing(arguments.table.missing.into())
    .names(table.names.iter().cloned());
    set!(options.degrees_of_freedom(arguments.test.dof));
    let minimum = arguments
        .test
        .min_per_dof
        .map(MinimumCount::PerDegreeOfFreedom);
    set!(options.minimum_count(minimum));
    set!(options.max_levels(arguments.test.max_levels));
    options
}

/// The test of a table with columns of numbers and columns of categories.
pub fn mixed(data: &Data, arguments: &Arguments) -> Made<MixedTest> {
    let table = &data.table;
    let kinds: Vec<_> = table
        .categories
        .iter()
        .map(|categories| match categories {
            Some(_) => VariableKind::Discrete,
            None => VariableKind::Continuous,
        })
        .collect();
    let mut options = MixedOptions::new()
        .missing(arguments.table.missing.into())
        .names(table.names.iter().cloned());
    set!(options.too_few(arguments.test.too_few));
    set!(options.max_levels(arguments.test.max_levels));
    Ok(MixedTest::with_options(
        table.values.view(),
        &kinds,
        options,
    )?)
}

/// The kernel test of a table of numbers; it is slow, so no question is answered twice.
#[cfg(feature = "lapack")]
pub fn kci(data: &Data, arguments: &Arguments) -> Made<Cached<Kci>> {
    let table = &data.table;
    let mut options = KciOptions::new()
        .missing(arguments.table.missing.into())
        .names(table.names.iter().cloned());
    set!(options.width(arguments.test.kernel_width));
    set!(options.regularization(arguments.test.regularization));
    set!(options.eigenvalue_cut(arguments.test.eigenvalue_cut));
    Ok(Cached::new(Kci::with_options(
        table.values.view(),
        options,
    )?))
}
