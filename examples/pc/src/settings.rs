//! From the command line to the library's options and tests.

#[cfg(feature = "lapack")]
use causal_pc::ci::{Cached, Kci, KciOptions};
use std::error::Error;

use causal_pc::ci::{
    ChiSquare, DiscreteOptions, FisherZ, FisherZOptions, GSquare, MinimumCount, MixedOptions,
    MixedTest, VariableKind,
};
use causal_pc::{Alpha, AlphaError, BootstrapOptions, Draw, Knowledge, PcOptions};

use crate::csv_table::{Cells, CsvOptions, CsvTable};
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::arguments::{Arguments, SearchArguments, TestArguments};
use crate::choices::{MissingChoice, Preset, TestKind};

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
    let categorical = table
        .categorical
        .iter()
        .chain(&arguments.resampling.clusters);
    let options = CsvOptions::new(cells)
        .delimiter(table.delimiter)
        .without(table.without.clone())
        .categorical(categorical.cloned().collect());
    match table.missing {
        MissingChoice::Refuse => options,
        MissingChoice::TestwiseDeletion => options.allow_missing(table.missing_marker.clone()),
    }
}

/// Refuses options that the test of independence does not have.
pub fn check(arguments: &Arguments) -> Result<(), String> {
    let (table, test) = (&arguments.table, &arguments.test);
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
        ("--singular", test.singular.is_some(), fisher_z),
        ("--constant", test.constant.is_some(), fisher_z),
        ("--too-few", test.too_few.is_some(), fisher_z || mixed),
        ("--tolerance", test.tolerance.is_some(), fisher_z),
        ("--cut", test.cut.is_some(), fisher_z),
        ("--dof", test.dof.is_some(), discrete),
        ("--min-per-dof", test.min_per_dof.is_some(), discrete),
        ("--max-levels", test.max_levels.is_some(), mixed),
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
    set!(options.discoveries(arguments.fdr));
    set!(options.collider_rule(arguments.collider));
    set!(options.retested_sets(arguments.retested));
    set!(options.collider_conflict(arguments.conflicts));
    set!(options.evidence(arguments.evidence));
    set!(options.meek_rules(arguments.meek));
    set!(options.validity(arguments.validity));
    set!(options.knowledge(knowledge));
    Ok(options)
}

/// How to resample; rows with equal labels are a cluster.
pub fn resampling(
    arguments: &Arguments,
    n_resamples: usize,
    clusters: Option<&[u64]>,
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
pub fn fisher_z(table: &CsvTable, arguments: &Arguments) -> Made<FisherZ> {
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
    options
}

/// The G-squared test of a table of categories.
pub fn g_square(table: &CsvTable, arguments: &Arguments) -> Made<GSquare> {
    Ok(GSquare::with_options(
        table.values.view(),
        discrete_options(table, arguments),
    )?)
}

/// The chi-squared test of a table of categories.
pub fn chi_square(table: &CsvTable, arguments: &Arguments) -> Made<ChiSquare> {
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
    options
}

/// The test of a table with columns of numbers and columns of categories.
pub fn mixed(table: &CsvTable, arguments: &Arguments) -> Made<MixedTest> {
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
pub fn kci(table: &CsvTable, arguments: &Arguments) -> Made<Cached<Kci>> {
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
