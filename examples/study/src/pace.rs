//! How fast a respondent answers, told by samples of what it is to be asked.

use std::ops::Range;
use std::time::Duration;

use super::Asking;
use program::Failure;

/// Questions in the first sample.
pub const FIRST: usize = 64;
/// Samples of fewer answers fill no batch, and the first ones warm up: they are not what a long run is like.
const TELLING: usize = 1024;
/// Sampling goes on while a sample of twice the size is faster by this.
const FASTER: f64 = 1.1;
/// Sampling takes about so long at most, unless the first sample alone takes longer.
const AT_MOST: Duration = Duration::from_secs(20);

/// Asks samples of doubling size, up to `n` questions, until speed stops rising or time is up, and returns the last usable
/// one. The rate of a large sample is that of a long run, because only then
/// batches are full and settings are asked whole.
///
/// `ask` is told which questions are new, by number, and says how many it asked in which time.
///
/// # Errors
/// Those of `ask`.
pub fn pace(
    n: usize,
    mut ask: impl FnMut(Range<usize>) -> Result<Asking, Failure>,
) -> Result<Asking, Failure> {
    let mut told = Asking::default();
    let mut spent = Duration::ZERO;
    let mut new = 0..FIRST.min(n);
    while !new.is_empty() {
        let asked = ask(new.clone())?;
        spent += asked.time;
        let faster = asked.rate() > told.rate().map(|rate| FASTER * rate);
        // What is left over at the end may be too little to tell.
        if 2 * asked.answers >= told.answers {
            told = asked;
        }
        let enough = new.end >= TELLING && !faster;
        if enough || spent + 2 * asked.time > AT_MOST {
            break;
        }
        new = new.end..n.min(2 * new.end + FIRST);
    }
    Ok(told)
}

/// All of them, in an order in which those that come first lie all over the list.
pub fn spread<T: Copy>(all: &[T]) -> impl Iterator<Item = T> {
    let n = all.len();
    // A step near the golden section leaves no large gap, wherever one stops; without a common divisor it comes by all.
    let near = n / 1000 * 618 + n % 1000 * 618 / 1000;
    let step = (1..=near).rev().find(|&step| gcd(step, n) == 1);
    let next = move |&at: &usize| Some((at + step.unwrap_or(1)) % n.max(1));
    let places = std::iter::successors(Some(0), next).take(n);
    places.map(|place| all[place])
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A respondent that needs so many seconds for a sample of that size; with the sizes that it was asked.
    fn asked(n: usize, seconds: impl Fn(usize) -> f64) -> (Vec<usize>, Asking) {
        let mut sizes = Vec::new();
        let told = pace(n, |new| {
            assert_eq!(new.start, sizes.iter().sum::<usize>());
            sizes.push(new.len());
            Ok(Asking {
                answers: new.len(),
                time: Duration::from_secs_f64(seconds(new.len())),
            })
        });
        (sizes, told.unwrap())
    }

    #[test]
    fn sampling_ends_once_more_is_no_faster_or_takes_too_long() {
        // A second to warm up, then a thousand in a second.
        let (sizes, told) = asked(
            1 << 20,
            |n| if n == FIRST { 1.0 } else { n as f64 / 1000.0 },
        );
        assert_eq!(sizes, [64, 128, 256, 512, 1024]);
        assert!((told.rate().unwrap() - 1000.0).abs() < 1e-9);
        // A batch takes a second however full it is: the larger, the faster.
        let (sizes, told) = asked(1 << 20, |_| 1.0);
        assert_eq!((sizes.len(), told.answers), (15, 64 << 13));
        // Two minutes for the first ones already.
        let (sizes, told) = asked(1 << 20, |n| 2.0 * n as f64);
        assert_eq!((sizes, told.answers), (vec![64], 64));
    }

    #[test]
    fn little_is_asked_whole_and_a_small_rest_tells_nothing() {
        let rate = |n: usize| n as f64 / 100.0;
        assert_eq!(asked(0, rate).0, [0; 0]);
        assert_eq!(asked(7, rate).0, [7]);
        let (sizes, told) = asked(200, rate);
        assert_eq!((sizes, told.answers), (vec![64, 128, 8], 128));
    }

    #[test]
    fn a_spread_list_has_every_one_and_its_beginning_no_large_gap() {
        for n in 0..60 {
            let list: Vec<usize> = (0..n).collect();
            let mut there: Vec<usize> = spread(&list).collect();
            there.sort_unstable();
            assert_eq!(there, list);
        }
        let list: Vec<usize> = (0..1000).collect();
        let mut first: Vec<usize> = spread(&list).take(20).collect();
        first.push(1000);
        first.sort_unstable();
        assert!(first[0] == 0 && first.windows(2).all(|pair| pair[1] - pair[0] < 110));
    }
}
