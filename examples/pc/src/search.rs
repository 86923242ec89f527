//! The search itself, and what it takes.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::csv_table::CsvTable;
use causal_pc::ci::CiTest;
use causal_pc::{
    Bootstrap, BootstrapError, Clusters, Discovery, EdgeNull, NullError, NullOptions, PcOptions,
    PcStage, ResampleProgress, bootstrap_with_progress, edge_null_with_progress, edge_strengths,
    pc, pc_with_progress,
};
use ndarray::ArrayView2;
use program::{Failure, counted, remark, steps, with_causes};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::estimate::estimate;
use crate::knowledge;
use crate::null::Null;
use crate::resampled::Resampled;
use crate::settings::{self, Made};

/// A table, and which of its rows belong together.
pub struct Data {
    pub table: CsvTable,
    /// What the test takes for clusters.
    pub clusters: Option<Clusters>,
}

impl Data {
    /// The data of these rows, of which some may repeat.
    fn rows(&self, rows: &[usize]) -> Self {
        Self {
            table: self.table.rows(rows),
            clusters: self
                .clusters
                .as_ref()
                .map(|clusters| clusters.of_rows(rows)),
        }
    }

    /// The same clusters with other values.
    fn with_values(&self, values: ArrayView2<'_, f64>) -> Self {
        Self {
            table: CsvTable {
                values: values.to_owned(),
                ..self.table.clone()
            },
            clusters: self.clusters.clone(),
        }
    }
}

/// Makes the test of a table.
type Make<T> = fn(&Data, &Arguments) -> Made<T>;

/// Searches the table, its resamples and tables without structure if they are asked for.
pub fn search<T: CiTest>(
    mut table: CsvTable,
    arguments: &Arguments,
    make: Make<T>,
) -> Result<Answer, Failure> {
    let mut labels = Vec::new();
    for name in settings::label_columns(arguments) {
        labels.push(labels_in(&mut table, name)?);
    }
    let n_samples = (arguments.table.correlation_of).unwrap_or(table.values.nrows());
    if let Some(effective) = arguments.clusters.effective_samples
        && effective > n_samples as f64
    {
        return Err(format!(
            "--effective-samples: expected at most the {n_samples} samples that there are, found {effective}"
        )
        .into());
    }
    let in_test = !arguments.clusters.cluster.is_empty();
    let clusters = clusters_of(&labels)?;
    let known = arguments.search.knowledge.as_deref();
    let knowledge = known
        .map(|path| knowledge::read(path, &table.names))
        .transpose()?;
    let options = settings::search(&arguments.search, arguments.table.no_header, knowledge)?;
    let data = Data {
        table,
        clusters: clusters.clone().filter(|_| in_test),
    };
    let begun = Instant::now();
    let rest_of_time = || match arguments.search.time_limit {
        None => options.clone(),
        Some(limit) => options
            .clone()
            .time_limit(limit.saturating_sub(begun.elapsed())),
    };
    let found = timed(&data, arguments, make, &options);
    let (discovery, time_s) = found.map_err(with_hint)?;
    let strengths = if arguments.output.explain || arguments.output.csv.is_some() {
        let test = make(&data, arguments).map_err(|error| error as Failure)?;
        edge_strengths(&test, &discovery, &options)?
    } else {
        Vec::new()
    };
    let resampled = match arguments.resampling.bootstrap {
        None => None,
        Some(n) => {
            let start = Instant::now();
            let first = labels.first().map(Vec::as_slice);
            let found = resample(&data, arguments, make, &rest_of_time(), n, first)?;
            let time_s = start.elapsed().as_secs_f64();
            let consensus = arguments.resampling.consensus;
            Some(Resampled::new(found.as_ref(), n, consensus, time_s))
        }
    };
    let null = match arguments.clusters.null {
        None => None,
        Some(n) => {
            let start = Instant::now();
            let options = rest_of_time();
            let found = without_structure(&data, arguments, make, &options, n, clusters)?;
            let time_s = start.elapsed().as_secs_f64();
            Some(Null::new(found, n, &data.table.names, time_s))
        }
    };
    Ok(Answer {
        discovery,
        strengths,
        time_s,
        resampled,
        null,
    })
}

/// Names the option of the command line that speaks of what went wrong.
fn with_hint(error: Failure) -> Failure {
    let words = with_causes(error.as_ref());
    let hints = [
        ("what the test answers for singular sets", "--singular"),
        (
            "too few samples count as",
            "--too-few; --depth limits the depth",
        ),
        (
            "too few clusters count as",
            "--too-few; --depth limits the depth",
        ),
        ("is constant", "--constant, or --without to leave it out"),
        ("allow them by max_levels", "--max-levels"),
    ];
    match hints.iter().find(|(part, _)| words.contains(part)) {
        Some((_, option)) => format!("{words} (option {option})").into(),
        None => error,
    }
}

/// Takes a column of labels out of the table.
fn labels_in(table: &mut CsvTable, name: &str) -> Result<Vec<usize>, Failure> {
    let column = table
        .take(name)
        .ok_or_else(|| format!("there is no column {name:?}"))?;
    Ok(column.iter().map(|&label| label as usize).collect())
}

fn clusters_of(labels: &[Vec<usize>]) -> Result<Option<Clusters>, Failure> {
    Ok(match labels {
        [] => None,
        [one] => Some(Clusters::new(one)),
        [first, second, ..] => Some(Clusters::new(first).and(second)?),
    })
}

/// What a search finds, and the seconds that making the test and searching take: the median, if
/// they are to be measured several times.
fn timed<T: CiTest>(
    data: &Data,
    arguments: &Arguments,
    make: Make<T>,
    options: &PcOptions,
) -> Result<(Discovery, f64), Failure> {
    let once = |is_first: bool| -> Result<(Discovery, f64), Failure> {
        let start = Instant::now();
        let test = make(data, arguments).map_err(|error| error as Failure)?;
        let making = start.elapsed();
        if is_first && let Some(estimate) = estimate(&test, &settings::workload(arguments)) {
            remark(&estimate);
        }
        let start = Instant::now();
        let found = if arguments.output.progress {
            with_progress(&test, options)?
        } else {
            pc(&test, options)?
        };
        Ok((found, (making + start.elapsed()).as_secs_f64()))
    };
    let (mut found, first) = once(true)?;
    let mut seconds = vec![first];
    for _ in 1..arguments.output.repeat {
        let again = once(false)?;
        found = again.0;
        seconds.push(again.1);
    }
    seconds.sort_by(f64::total_cmp);
    Ok((found, seconds[seconds.len() / 2]))
}

fn with_progress<T: CiTest>(test: &T, options: &PcOptions) -> Result<Discovery, Failure> {
    let bar = steps(0);
    let found = pc_with_progress(test, options, &|progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        let stage = match progress.stage {
            PcStage::Skeleton { depth } => format!(
                "pairs given {variables}",
                variables = counted(depth, "variable")
            ),
            _ => "colliders".to_owned(),
        };
        let left = progress.remaining().as_secs_f64();
        bar.set_message(format!("{stage}, {left:.0} s left of them"));
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    Ok(found?)
}

/// What is found in resamples; none if time is up before the first.
fn resample<T: CiTest>(
    data: &Data,
    arguments: &Arguments,
    make: Make<T>,
    options: &PcOptions,
    n_resamples: usize,
    clusters: Option<&[usize]>,
) -> Result<Option<Bootstrap>, Failure> {
    let resampling = settings::resampling(arguments, n_resamples, clusters);
    let test = |rows: &[usize]| make(&data.rows(rows), arguments);
    let bar = arguments.output.progress.then(|| steps(n_resamples as u64));
    let found = bootstrap_with_progress(
        data.table.values.nrows(),
        test,
        options,
        &resampling,
        &|progress| {
            if let Some(bar) = &bar {
                bar.set_position(progress.done as u64);
            }
            ControlFlow::Continue(())
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match found {
        Err(BootstrapError::OutOfTime) => Ok(None),
        found => Ok(Some(found?)),
    }
}

/// What is found in tables without structure; none if time is up before the first.
fn without_structure<T: CiTest>(
    data: &Data,
    arguments: &Arguments,
    make: Make<T>,
    options: &PcOptions,
    n_draws: usize,
    clusters: Option<Clusters>,
) -> Result<Option<EdgeNull>, Failure> {
    let mut mixing = NullOptions::new(n_draws)
        .seed(arguments.resampling.seed)
        .threads(arguments.search.threads);
    if let Some(clusters) = clusters {
        mixing = mixing.clusters(clusters);
    }
    let test = |values: ArrayView2<'_, f64>| make(&data.with_values(values), arguments);
    let bar = arguments.output.progress.then(|| steps(n_draws as u64));
    let tell = |progress: &ResampleProgress| {
        if let Some(bar) = &bar {
            bar.set_position(progress.done as u64);
        }
        ControlFlow::Continue(())
    };
    let found = edge_null_with_progress(&data.table.values, test, options, &mixing, &tell);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    match found {
        Err(NullError::OutOfTime) => Ok(None),
        found => Ok(Some(found?)),
    }
}
