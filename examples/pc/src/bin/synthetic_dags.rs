//! Does the search find what is there? Random DAGs, whose answer we know, put PC to the test.
//!
//! Three steps, from no uncertainty to the uncertainty of data:
//!
//! 1. The oracle. Independence is read off the DAG by d-separation, and PC must find the DAG's
//!    CPDAG exactly, under every collider rule. Any difference is a fault of the program.
//! 2. The population. Fisher-Z on the exact correlations of a linear-Gaussian model, as if from a
//!    sample without end. Effects that nearly cancel out can mislead it.
//! 3. Samples. With a thousand rows tests err, and what is done about it matters.

use std::process::ExitCode;

use causal_pc::ci::{FisherZ, FisherZOptions};
use causal_pc::graph::cpdag_of_dag;
use causal_pc::synthetic::{DagModel, LinearOptions, LinearSem, random_dag};
use causal_pc::{Alpha, CiTest, ColliderRule, DSeparation, Mark, MixedGraph, PcOptions, pc};
use clap::{Parser, ValueEnum};
use program::{Failure, exit_code, say};

/// Draw random DAGs and data, search them with PC, and compare with the truth.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// How edges are drawn.
    #[arg(long, value_enum, default_value = "erdos-renyi")]
    model: Model,
    /// Number of DAGs.
    #[arg(long, default_value_t = 20)]
    graphs: u64,
    /// Variables of each.
    #[arg(long, default_value_t = 30)]
    variables: usize,
    /// Mean number of neighbours. The time of the first step grows fast with it.
    #[arg(long, default_value_t = 3.0)]
    degree: f64,
    /// Rows of data for each.
    #[arg(long, default_value_t = 1000)]
    samples: usize,
    /// Significance level.
    #[arg(long, default_value_t = 0.01)]
    alpha: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Model {
    /// Every pair is joined with the same probability.
    ErdosRenyi,
    /// A few variables have many effects.
    ScaleFree,
    /// Causes stand in one layer, effects in the next.
    Layered,
}

const RULES: [(&str, ColliderRule); 4] = [
    ("separating set", ColliderRule::SeparatingSet),
    ("conservative", ColliderRule::Conservative),
    ("majority", ColliderRule::Majority),
    ("max-p", ColliderRule::MaxP),
];
const POPULATION: usize = usize::MAX;

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    check_size(args)?;
    let alpha = Alpha::new(args.alpha)?;
    let truths = (0..args.graphs)
        .map(|at| Truth::draw(args, at))
        .collect::<Result<Vec<_>, _>>()?;
    say("1. The oracle: graphs that are not the true CPDAG")?;
    for (name, rule) in RULES {
        let options = PcOptions::new(alpha).collider_rule(rule);
        let wrong = count_wrong(&truths, |truth| &truth.oracle, &options)?;
        say(format_args!("   {name:<15} {wrong} of {}", args.graphs))?;
    }
    say("2. The population: the same with exact correlations")?;
    for (name, rule) in RULES {
        let options = PcOptions::new(alpha).collider_rule(rule);
        let wrong = count_wrong(&truths, |truth| &truth.population, &options)?;
        say(format_args!("   {name:<15} {wrong} of {}", args.graphs))?;
    }
    say(format_args!(
        "3. Samples: {} rows, means over {} graphs",
        args.samples, args.graphs
    ))?;
    say(format_args!(
        "   {:<32} edges: precision recall  arrows: precision recall   SHD  cyclic",
        ""
    ))?;
    for (name, options) in programs(alpha) {
        say(format_args!("   {name:<32} {}", score(&truths, &options)?))?;
    }
    Ok(())
}

/// Refuses what would not fit into memory: all graphs with their matrices, and one table at a time.
fn check_size(args: &Args) -> Result<(), String> {
    const MOST: u128 = 500_000_000;
    let [graphs, p, n] = [
        u128::from(args.graphs),
        args.variables as u128,
        args.samples as u128,
    ];
    let of_graphs = graphs.saturating_mul(p.saturating_mul(p));
    let numbers = of_graphs
        .saturating_mul(3)
        .saturating_add(p.saturating_mul(n));
    if numbers > MOST {
        return Err(format!(
            "{graphs} graphs of {p} variables and tables of {n} rows take {numbers} numbers in memory, at \
             most {MOST} (4 GB) are taken; lower --graphs, --variables or --samples"
        ));
    }
    Ok(())
}

/// A DAG with what is known of it and what can be seen of it.
struct Truth {
    cpdag: MixedGraph,
    oracle: DSeparation,
    population: FisherZ,
    samples: FisherZ,
}

impl Truth {
    fn draw(args: &Args, at: u64) -> Result<Self, Failure> {
        let seed = args.seed.wrapping_mul(1_000_003).wrapping_add(at);
        let expected_degree = args.degree;
        let model = match args.model {
            Model::ErdosRenyi => DagModel::ErdosRenyi { expected_degree },
            Model::ScaleFree => {
                let parents_per_variable = (args.degree / 2.0).max(1.0) as usize;
                DagModel::ScaleFree {
                    parents_per_variable,
                }
            }
            Model::Layered => DagModel::Layered {
                n_layers: 4,
                expected_degree,
            },
        };
        let dag = random_dag(args.variables, model, seed)?;
        // In units in which every variance is 1, so that size does not tell causes from effects.
        let sem = LinearSem::random(&dag, LinearOptions::new(), seed)?.standardized();
        let exact = sem.correlation();
        Ok(Self {
            cpdag: cpdag_of_dag(&dag)?,
            oracle: DSeparation::new(&dag)?,
            population: FisherZ::from_correlation(exact.view(), POPULATION, FisherZOptions::new())?,
            samples: FisherZ::from_samples(sem.sample(args.samples, seed).view())?,
        })
    }
}

fn count_wrong<T: CiTest>(
    truths: &[Truth],
    test: fn(&Truth) -> &T,
    options: &PcOptions,
) -> Result<usize, Failure> {
    let mut wrong = 0;
    for truth in truths {
        let found = pc(test(truth), options)?.graph;
        wrong += usize::from(found != truth.cpdag);
    }
    Ok(wrong)
}

/// The searches that the last step compares.
fn programs(alpha: Alpha) -> Vec<(String, PcOptions)> {
    let mut programs = vec![
        (
            "like causal-learn".to_owned(),
            PcOptions::like_causal_learn(alpha),
        ),
        ("like pcalg".to_owned(), PcOptions::like_pcalg(alpha)),
    ];
    for (name, rule) in RULES {
        let is_default = if rule == ColliderRule::default() {
            " (default)"
        } else {
            ""
        };
        programs.push((
            format!("{name}{is_default}"),
            PcOptions::new(alpha).collider_rule(rule),
        ));
    }
    programs.push((
        "max-p, sets of at most 2".to_owned(),
        PcOptions::new(alpha).max_depth(2),
    ));
    programs
}

/// Counts over all graphs.
#[derive(Default)]
struct Score {
    edges: Agreement,
    arrows: Agreement,
    distance: usize,
    cyclic: usize,
    graphs: usize,
}

/// How much of one set is in another.
#[derive(Default)]
struct Agreement {
    found: usize,
    true_ones: usize,
    both: usize,
}

fn score(truths: &[Truth], options: &PcOptions) -> Result<Score, Failure> {
    let mut score = Score::default();
    for truth in truths {
        let found = pc(&truth.samples, options)?.graph;
        score.add(&found, &truth.cpdag);
    }
    Ok(score)
}

impl Score {
    fn add(&mut self, found: &MixedGraph, truth: &MixedGraph) {
        self.graphs += 1;
        self.cyclic += usize::from(!found.is_acyclic());
        for a in 0..truth.n_variables() {
            for b in a + 1..truth.n_variables() {
                let marks = |graph: &MixedGraph| [graph.mark_at(a, b), graph.mark_at(b, a)];
                let (found, truth) = (marks(found), marks(truth));
                self.edges.count(found[0].is_some(), truth[0].is_some());
                for end in 0..2 {
                    let is_arrow = |mark| mark == Some(Mark::Arrow);
                    self.arrows
                        .count(is_arrow(found[end]), is_arrow(truth[end]));
                }
                self.distance += usize::from(found != truth);
            }
        }
    }
}

impl Agreement {
    fn count(&mut self, found: bool, is_true: bool) {
        self.found += usize::from(found);
        self.true_ones += usize::from(is_true);
        self.both += usize::from(found && is_true);
    }

    fn precision(&self) -> String {
        share(self.both, self.found)
    }

    fn recall(&self) -> String {
        share(self.both, self.true_ones)
    }
}

/// A dash where there is nothing to take a share of.
fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.3}", part as f64 / whole as f64),
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (edges, arrows) = (&self.edges, &self.arrows);
        write!(f, "{:>16} {:>6}", edges.precision(), edges.recall())?;
        write!(f, "{:>18} {:>6}", arrows.precision(), arrows.recall())?;
        let distance = self.distance as f64 / self.graphs as f64;
        write!(f, "{distance:>6.1} {:>4}", self.cyclic)
    }
}
