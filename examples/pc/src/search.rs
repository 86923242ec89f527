//! The search itself, and what it takes.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::csv_table::CsvTable;
use causal_pc::ci::CiTest;
use causal_pc::{Bootstrap, Discovery, PcOptions, bootstrap_with_progress, pc, pc_with_progress};
use program::{Failure, steps};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::knowledge;
use crate::resampled::Resampled;
use crate::settings::{self, Made};

/// Makes the test of a table.
type Make<T> = fn(&CsvTable, &Arguments) -> Made<T>;

/// Searches the table, and its resamples if they are asked for.
pub fn search<T: CiTest>(
    mut table: CsvTable,
    arguments: &Arguments,
    make: Make<T>,
) -> Result<Answer, Failure> {
    let clusters = arguments.resampling.clusters.as_deref();
    let clusters = clusters.map(|name| labels(&mut table, name)).transpose()?;
    let known = arguments.search.knowledge.as_deref();
    let knowledge = known
        .map(|path| knowledge::read(path, &table.names))
        .transpose()?;
    let options = settings::search(&arguments.search, knowledge)?;
    let (discovery, time_s) = timed(&table, arguments, make, &options)?;
    let resampled = match arguments.resampling.bootstrap {
        None => None,
        Some(n) => {
            let start = Instant::now();
            let found = resample(&table, arguments, make, &options, n, clusters.as_deref())?;
            let time_s = start.elapsed().as_secs_f64();
            Some(Resampled::new(
                &found,
                arguments.resampling.consensus,
                time_s,
            ))
        }
    };
    Ok(Answer {
        discovery,
        time_s,
        resampled,
    })
}

/// Takes the column with the labels of clusters out of the table.
fn labels(table: &mut CsvTable, name: &str) -> Result<Vec<u64>, Failure> {
    let column = table
        .take(name)
        .ok_or_else(|| format!("there is no column {name:?}"))?;
    if column.iter().any(|label| label.is_nan()) {
        return Err(
            format!("column {name:?}: expected the cluster of every row, found none").into(),
        );
    }
    Ok(column.iter().map(|label| label.to_bits()).collect())
}

/// What a search finds, and the seconds that making the test and searching take: the median, if
/// they are to be measured several times.
fn timed<T: CiTest>(
    table: &CsvTable,
    arguments: &Arguments,
    make: Make<T>,
    options: &PcOptions,
) -> Result<(Discovery, f64), Failure> {
    let once = || -> Result<(Discovery, f64), Failure> {
        let start = Instant::now();
        let test = make(table, arguments).map_err(|error| error as Failure)?;
        let found = if arguments.output.progress {
            with_progress(&test, options)?
        } else {
            pc(&test, options)?
        };
        Ok((found, start.elapsed().as_secs_f64()))
    };
    let (mut found, first) = once()?;
    let mut seconds = vec![first];
    for _ in 1..arguments.output.repeat {
        let again = once()?;
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
        bar.set_message(format!("{:?}", progress.stage));
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    Ok(found?)
}

fn resample<T: CiTest>(
    table: &CsvTable,
    arguments: &Arguments,
    make: Make<T>,
    options: &PcOptions,
    n_resamples: usize,
    clusters: Option<&[u64]>,
) -> Result<Bootstrap, Failure> {
    let resampling = settings::resampling(arguments, n_resamples, clusters);
    let test = |rows: &[usize]| make(&table.rows(rows), arguments);
    let bar = arguments.output.progress.then(|| steps(n_resamples as u64));
    let found = bootstrap_with_progress(
        table.values.nrows(),
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
    Ok(found?)
}
