//! The plainest implementations of what the crate computes, as definitions to test against.

use digraph_metrics::{Expected, Unexpected};
use ndarray::Array2;

type Edges = [(usize, usize)];

/// Warshall's closure.
pub fn closure(n: usize, edges: &Edges) -> Vec<Vec<bool>> {
    let mut reaches = vec![vec![false; n]; n];
    for &(source, target) in edges {
        reaches[source][target] = true;
    }
    for over in 0..n {
        for from in 0..n {
            for to in 0..n {
                reaches[from][to] |= reaches[from][over] && reaches[over][to];
            }
        }
    }
    reaches
}

pub fn both_ways(edges: &Edges) -> Vec<(usize, usize)> {
    edges.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect()
}

/// The greedy reduction word for word, on a list of edges.
pub fn reduce_in_order(n: usize, edges: &Edges) -> Vec<(usize, usize)> {
    let full = closure(n, edges);
    let mut list = edges.to_vec();
    loop {
        let mut removed_any = false;
        for edge in edges {
            let Some(at) = list.iter().position(|other| other == edge) else {
                continue;
            };
            list.remove(at);
            if closure(n, &list) == full {
                removed_any = true;
            } else {
                list.push(*edge);
            }
        }
        if !removed_any {
            return list;
        }
    }
}

/// Among the rows where `given` changed, the share where `affected` changed.
pub fn rate(changes: &Array2<bool>, affected: usize, given: usize) -> Option<f64> {
    let rows: Vec<_> = changes
        .rows()
        .into_iter()
        .filter(|row| row[given])
        .collect();
    let both = rows.iter().filter(|row| row[affected]).count();
    (!rows.is_empty()).then(|| both as f64 / rows.len() as f64)
}

/// (expected, unexpected) per node.
pub fn steering_effects(
    edges: &Edges,
    changes: &Array2<bool>,
    expected: Expected,
    unexpected: Unexpected,
) -> Vec<(Option<f64>, Option<f64>)> {
    let n = changes.ncols();
    let (down, joined) = (closure(n, edges), closure(n, &both_ways(edges)));
    let mean_over = |v: usize, holds: &dyn Fn(usize) -> bool| {
        let rates = (0..n)
            .filter(|&u| u != v && holds(u))
            .filter_map(|u| rate(changes, u, v));
        mean_and_std(rates).0
    };
    let of = |v: usize| {
        let expected: &dyn Fn(usize) -> bool = match expected {
            Expected::Successors => &|u| down[v][u],
            _ => &|u| joined[v][u],
        };
        let unexpected: &dyn Fn(usize) -> bool = match unexpected {
            Unexpected::NonSuccessors => &|u| !down[v][u],
            _ => &|u| !down[v][u] && !down[u][v],
        };
        (mean_over(v, expected), mean_over(v, unexpected))
    };
    (0..n).map(of).collect()
}

pub fn mean_and_std(numbers: impl Iterator<Item = f64>) -> (Option<f64>, Option<f64>) {
    let numbers: Vec<f64> = numbers.collect();
    if numbers.is_empty() {
        return (None, None);
    }
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let mean_square = numbers.iter().map(|x| x * x).sum::<f64>() / n;
    let deviations = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    assert!((mean_square - mean * mean - deviations).abs() < 1e-9);
    (Some(mean), Some(deviations.sqrt()))
}

/// Pairs of nodes whose edge differs.
pub fn shd(n: usize, a: &Edges, b: &Edges) -> usize {
    let of = |edges: &Edges, i, j| (edges.contains(&(i, j)), edges.contains(&(j, i)));
    let pairs = (0..n).flat_map(|j| (0..j).map(move |i| (i, j)));
    pairs.filter(|&(i, j)| of(a, i, j) != of(b, i, j)).count()
}

/// The structural intervention distance by its definition: every path is looked at.
pub fn intervention_distance(n: usize, truth: &Edges, estimate: &Edges) -> usize {
    let reaches = closure(n, truth);
    let pairs = (0..n)
        .flat_map(|i| (0..n).map(move |j| (i, j)))
        .filter(|(i, j)| i != j);
    let is_wrong = |(i, j): (usize, usize)| {
        let parents: Vec<usize> = (0..n).filter(|&p| estimate.contains(&(p, i))).collect();
        if parents.contains(&j) {
            return reaches[i][j];
        }
        let meets = |v: usize| parents.iter().any(|&z| z == v || reaches[v][z]);
        let mut paths = Vec::new();
        paths_between(n, truth, &mut vec![i], j, &mut paths);
        !paths.iter().all(|path| {
            let directed = path
                .windows(2)
                .all(|step| truth.contains(&(step[0], step[1])));
            if directed {
                path[1..].iter().all(|&w| !meets(w))
            } else {
                path.windows(3)
                    .any(|three| is_blocked_at(truth, three, &parents, &meets))
            }
        })
    };
    pairs.filter(|&pair| is_wrong(pair)).count()
}

fn is_blocked_at(
    truth: &Edges,
    three: &[usize],
    given: &[usize],
    meets: &dyn Fn(usize) -> bool,
) -> bool {
    let (before, middle, after) = (three[0], three[1], three[2]);
    let collider = truth.contains(&(before, middle)) && truth.contains(&(after, middle));
    if collider {
        !meets(middle)
    } else {
        given.contains(&middle)
    }
}

/// All paths without repeated nodes, along edges in either direction.
fn paths_between(
    n: usize,
    edges: &Edges,
    path: &mut Vec<usize>,
    to: usize,
    found: &mut Vec<Vec<usize>>,
) {
    let last = path[path.len() - 1];
    if last == to {
        found.push(path.clone());
        return;
    }
    for next in 0..n {
        let adjacent = edges.contains(&(last, next)) || edges.contains(&(next, last));
        if adjacent && !path.contains(&next) {
            path.push(next);
            paths_between(n, edges, path, to, found);
            path.pop();
        }
    }
}
