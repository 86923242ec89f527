//! How fast a respondent answers, told by samples of what it is to be asked.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Range};
use std::time::Duration;

use super::{Answered, Asking};
use program::Failure;

/// Questions in the first sample.
pub const FIRST: usize = 64;
/// Of each setting in the first sample, so that it is of many.
const OF_EACH: usize = 8;
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
        let time = asked.time;
        spent += time;
        let faster = asked.rate() > told.rate().map(|rate| FASTER * rate);
        // What is left over at the end may be too little to tell.
        if 2 * asked.questions() >= told.questions() {
            told = asked;
        }
        let enough = new.end >= TELLING && !faster;
        if enough || spent + 2 * time > AT_MOST {
            break;
        }
        new = new.end..n.min(2 * new.end + FIRST);
    }
    Ok(told)
}

/// What answers took, by setting: settings differ more than the answers of one do, so they tell how sure a rate is.
#[derive(Clone, Debug, Default)]
pub struct Work(BTreeMap<usize, Sums>);

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    answers: f64,
    tokens: f64,
    seconds: f64,
}

impl Work {
    pub(super) fn add(&mut self, answered: &Answered) {
        let sums = self.0.entry(answered.question.row).or_default();
        sums.answers += 1.0;
        // Where nothing is written the prompt is what is computed.
        sums.tokens += match answered.new_tokens {
            0 => answered.prompt_tokens as f64,
            n => n as f64,
        };
        sums.seconds += answered.seconds;
    }

    /// A question that got no answer, which still is one of its setting.
    pub(super) fn add_unanswered(&mut self, setting: usize) {
        self.0.entry(setting).or_default();
    }

    /// Number of settings that were asked.
    #[must_use]
    pub fn settings(&self) -> usize {
        self.0.len()
    }

    /// By which factor a time that is estimated from these answers may be too long or too short: twice the standard error
    /// of the work of an answer over settings, relative to its mean, and at least a tenth, for what else the machine does.
    /// Work is counted in new tokens, in the prompt's where none are written, or seconds where a server counts no tokens. None for fewer than two settings.
    #[must_use]
    pub fn spread(&self) -> Option<f64> {
        let answered: Vec<&Sums> = self.0.values().filter(|sums| sums.answers > 0.0).collect();
        let counts = answered.iter().any(|sums| sums.tokens > 0.0);
        let work = answered.iter().map(|sums| match counts {
            true => sums.tokens / sums.answers,
            false => sums.seconds / sums.answers,
        });
        let n = answered.len() as f64;
        let mean = work.clone().sum::<f64>() / n;
        let squares = work.map(|work| (work - mean).powi(2));
        let error = (squares.sum::<f64>() / (n - 1.0) / n).sqrt();
        (n > 1.0 && mean > 0.0).then(|| (2.0 * error / mean).max(0.1))
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        for (setting, new) in more.0 {
            let sums = self.0.entry(setting).or_default();
            sums.answers += new.answers;
            sums.tokens += new.tokens;
            sums.seconds += new.seconds;
        }
    }
}

/// At most so many questions of these settings in the order in which they are sampled: some of each of several settings
/// first, then setting by setting, as a long run asks them.
pub fn sample<T: Copy>(settings: impl Iterator<Item = Vec<T>>, most: usize) -> Vec<T> {
    let (mut first, mut later, mut n) = (Vec::new(), Vec::new(), 0);
    for mut setting in settings {
        let is_full = first.len() + OF_EACH > FIRST;
        if is_full && n >= most {
            break;
        }
        n += setting.len();
        if !is_full {
            let rest = setting.split_off(setting.len().min(OF_EACH));
            first.append(&mut setting);
            setting = rest;
        }
        later.append(&mut setting);
    }
    first.append(&mut later);
    first.truncate(most);
    first
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
                ..Asking::default()
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
    fn the_first_sample_is_of_many_settings_and_all_are_there() {
        for (settings, of_each, most) in [(20, 50, 300), (3, 50, 100), (40, 3, 1000), (1, 9, 9)] {
            let all = |row: usize| {
                (0..of_each)
                    .map(move |item| (row, item))
                    .collect::<Vec<_>>()
            };
            let sample = sample((0..settings).map(all), most);
            assert_eq!(sample.len(), most.min(settings * of_each));
            let mut rows: Vec<usize> = sample.iter().take(FIRST).map(|&(row, _)| row).collect();
            rows.dedup();
            assert!(rows.len() >= settings.min(FIRST / OF_EACH), "{rows:?}");
            let different: std::collections::HashSet<_> = sample.iter().collect();
            assert_eq!(different.len(), sample.len());
        }
    }

    #[test]
    fn an_estimate_is_as_sure_as_settings_are_alike() {
        let work = |tokens: &[u64]| {
            let mut work = Work::default();
            for (row, &new_tokens) in tokens.iter().enumerate() {
                for item in 0..3 {
                    work.add(&Answered {
                        question: value_causal::bench::journal::Question { row, item },
                        prompt_hash: [0; 32],
                        text: String::new(),
                        prompt_tokens: 0,
                        new_tokens,
                        seconds: 1.0,
                    });
                }
            }
            work.spread()
        };
        assert_eq!(work(&[7]), None);
        assert_eq!(work(&[7, 7, 7, 7]), Some(0.1));
        // Their mean is 7, with a standard error of the root of 3.
        let spread = work(&[4, 4, 10, 10]).unwrap();
        assert!((spread - 2.0 * 3.0_f64.sqrt() / 7.0).abs() < 1e-12);
        assert_eq!(work(&[0, 0, 0]), Some(0.1));
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
