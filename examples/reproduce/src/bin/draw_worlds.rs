//! Draws the four known worlds for `docs/measurement.md`: what is found in each, beside what is planted and what is
//! found where each value's roles (and features) are mixed up by themselves.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use figures::{Edge, EdgeStyle, GraphFigure, GraphPanel, graphs};
use program::{Failure, exit_code, make_folder, say, write_whole};
use reproduce::worlds::{Drawn, Known};
use value_causal::discovery::{
    Alpha, ClusterRobust, Clusters, Discovery, EdgeNull, FisherZ, MixedGraph, NullOptions,
    PcOptions, edge_null, pc,
};

/// Draw the four known worlds: the graphs that PC finds by Fisher's z and by clusters of roles and features.
#[derive(Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version)]
struct Args {
    /// Folder to write world_a.png to world_d.png into.
    out: PathBuf,
    /// Seed of the worlds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tables without structure, for the number of edges that are found there.
    #[arg(long, default_value_t = 200)]
    draws: usize,
}

const ROLES: usize = 101;
const FEATURES: usize = 25;
const WORLDS: [(Known, &str, &str); 4] = [
    (
        Known::A,
        "a",
        "A planted graph, the same items for all roles",
    ),
    (
        Known::B,
        "b",
        "No graph, a draw of items for each role (as released)",
    ),
    (
        Known::C,
        "c",
        "One general factor, no arrows, the same items for all roles",
    ),
    (
        Known::D,
        "d",
        "A planted graph, a draw of items for each role",
    ),
];

fn main() -> ExitCode {
    exit_code(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    make_folder(&args.out)?;
    for (known, letter, title) in WORLDS {
        let drawn = known.world(ROLES, FEATURES, args.seed)?.draw()?;
        let [fisher, clustered] = [
            Searched::by_fishers_z(&drawn, args)?,
            Searched::by_clusters(&drawn, args)?,
        ];
        let fisher = fisher.panel("Rows taken for independent", "roles", &drawn);
        let clustered = clustered.panel("By clusters", "roles and features", &drawn);
        let figure = GraphFigure::new(title)
            .description("Left: found by Fisher's z. Right: found by the test for clustered rows.")
            .comparison(
                "planted and found",
                "planted, not found",
                "found, not planted",
            )
            .same_places()
            .panel(fisher)
            .panel(clustered);
        let file = args.out.join(format!("world_{letter}.png"));
        write_whole(&file, &graphs(&figure)?.png()?)?;
        say(file.display())?;
    }
    Ok(())
}

/// What was found, and in tables without structure.
struct Searched {
    found: Discovery,
    null: EdgeNull,
}

impl Searched {
    fn by_fishers_z(drawn: &Drawn, args: &Args) -> Result<Self, Failure> {
        let options = options()?;
        let null = NullOptions::new(args.draws)
            .clusters(roles())
            .matched_by(features());
        let rows = drawn.train.matrix();
        Ok(Self {
            found: pc(&FisherZ::from_samples(rows)?, &options)?,
            null: edge_null(rows, |draw| FisherZ::from_samples(draw), &options, &null)?,
        })
    }

    fn by_clusters(drawn: &Drawn, args: &Args) -> Result<Self, Failure> {
        let options = options()?;
        let both = roles().and(features())?;
        let null = NullOptions::new(args.draws).clusters(both.clone());
        let test = |rows| ClusterRobust::from_samples(rows, both.clone());
        let rows = drawn.train.matrix();
        Ok(Self {
            found: pc(&test(rows)?, &options)?,
            null: edge_null(
                rows,
                |draw| ClusterRobust::from_samples(draw, both.clone()),
                &options,
                &null,
            )?,
        })
    }

    /// The graph, with planted edges marked, and the numbers of edges.
    fn panel(&self, test: &str, mixed: &str, drawn: &Drawn) -> GraphPanel {
        let graph = &self.found.graph;
        let arrows = drawn.model.arrows();
        let (n, mean, sd) = (
            graph.n_edges(),
            self.null.mean(),
            self.null.standard_deviation(),
        );
        let title = format!("{test}: {n} edges; {mixed} mixed up: {mean:.1} ± {sd:.1}");
        let names = (1..=graph.n_variables()).map(|v| v.to_string());
        GraphPanel::new(title, edges(graph, &arrows)).nodes(names)
    }
}

fn options() -> Result<PcOptions, Failure> {
    Ok(PcOptions::new(Alpha::new(0.05)?))
}

fn roles() -> Clusters {
    Clusters::new((0..ROLES * FEATURES).map(|row| row / FEATURES))
}

fn features() -> impl Iterator<Item = usize> {
    (0..ROLES * FEATURES).map(|row| row % FEATURES)
}

fn edges(graph: &MixedGraph, arrows: &[(usize, usize, f64)]) -> Vec<Edge> {
    let name = |v: usize| (v + 1).to_string();
    let planted = |a, b| {
        arrows
            .iter()
            .any(|&(x, y, _)| (x, y) == (a, b) || (y, x) == (a, b))
    };
    let found = graph.edges().map(|edge| {
        let (a, b) = edge.direction().unwrap_or((edge.a, edge.b));
        let drawn = match (edge.is_undirected(), edge.is_bidirected()) {
            (true, _) => Edge::undirected(name(a), name(b)),
            (_, true) => Edge::bidirected(name(a), name(b)),
            _ => Edge::directed(name(a), name(b)),
        };
        drawn.style(if planted(a, b) {
            EdgeStyle::Found
        } else {
            EdgeStyle::Extra
        })
    });
    let missed = arrows.iter().filter(|(a, b, _)| !graph.is_adjacent(*a, *b));
    let missed = missed.map(|&(a, b, _)| Edge::directed(name(a), name(b)).style(EdgeStyle::Missed));
    found.chain(missed).collect()
}
