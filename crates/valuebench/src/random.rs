//! Reproducible random choices: Python's generator and its `random.sample`, and our own seeds.
//!
//! The one algorithm for drawing serves two sources of bits, so that nothing depends on how a
//! library draws.

use std::collections::HashSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_mt::Mt;
use sha2::{Digest, Sha256, Sha512};

/// A source of 32-bit words.
pub(crate) trait Words {
    fn word(&mut self) -> u32;
}

impl Words for Mt {
    fn word(&mut self) -> u32 {
        self.next_u32()
    }
}

impl Words for ChaCha8Rng {
    fn word(&mut self) -> u32 {
        self.next_u32()
    }
}

/// Python's generator after `random.seed(text)` with its version 2 for strings: the text followed
/// by its SHA-512 digest is one big-endian integer, whose 32-bit words, least significant first,
/// are the key of the Mersenne Twister.
pub(crate) fn python_seeded(text: &str) -> Mt {
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend_from_slice(&Sha512::digest(text));
    let words = bytes.rchunks(4).map(|word| {
        let fold = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
        word.iter().fold(0, fold)
    });
    let mut key: Vec<u32> = words.collect();
    while key.len() > 1 && key.last() == Some(&0) {
        key.pop();
    }
    Mt::new_with_key(key)
}

/// The seed of our own generator: everything that a random choice may depend on, hashed.
pub(crate) struct Seed(Sha256);

impl Seed {
    /// `purpose` keeps choices of different kinds with the same seed apart.
    pub(crate) fn new(purpose: &str, seed: u64) -> Self {
        let hash = Sha256::new().chain_update(seed.to_le_bytes());
        Self(hash).text(purpose)
    }

    /// Adds a text, with its length in front so that no two lists of texts are alike.
    pub(crate) fn text(self, text: &str) -> Self {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Self(self.0.chain_update(length.to_le_bytes()).chain_update(text))
    }

    /// Adds a text that may not be there, which differs from an empty one.
    pub(crate) fn optional(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => Self(self.0.chain_update([1])).text(text),
            None => Self(self.0.chain_update([0])),
        }
    }

    pub(crate) fn source(self) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.0.finalize().into())
    }
}

/// `k` different numbers below `n`, at most `n` of them, in the order in which Python's
/// `random.sample(range(n), k)` draws them. With `k = n` this is a shuffle.
pub(crate) fn sample(source: &mut impl Words, n: usize, k: usize) -> Vec<usize> {
    let k = k.min(n);
    if n <= pool_limit(k) {
        sample_from_pool(source, n, k)
    } else {
        sample_by_rejection(source, n, k)
    }
}

/// Up to this `n` Python copies the population, above it remembers what it has drawn: 21 plus,
/// beyond five draws, the smallest power of four that is at least `3 k`.
fn pool_limit(k: usize) -> usize {
    let mut table = 1_usize;
    while table < k.saturating_mul(3) {
        table = table.saturating_mul(4);
    }
    if k > 5 { table.saturating_add(21) } else { 21 }
}

fn sample_from_pool(source: &mut impl Words, n: usize, k: usize) -> Vec<usize> {
    let mut pool: Vec<usize> = (0..n).collect();
    (0..k)
        .map(|_| {
            let drawn = below(source, pool.len());
            pool.swap_remove(drawn)
        })
        .collect()
}

fn sample_by_rejection(source: &mut impl Words, n: usize, k: usize) -> Vec<usize> {
    let mut seen = HashSet::with_capacity(k);
    let draws = std::iter::repeat_with(|| below(source, n));
    draws.filter(|&drawn| seen.insert(drawn)).take(k).collect()
}

/// A number below `n > 0`, from as many bits as `n` has, drawn until they are small enough.
pub(crate) fn below(source: &mut impl Words, n: usize) -> usize {
    let bits = usize::BITS - n.leading_zeros();
    loop {
        match usize::try_from(random_bits(source, bits)) {
            Ok(drawn) if drawn < n => return drawn,
            _ => {}
        }
    }
}

/// Python's `getrandbits` for 1 to 64 bits: the low word first, of the last word its upper bits.
fn random_bits(source: &mut impl Words, bits: u32) -> u64 {
    let mut upper_bits = |bits: u32| u64::from(source.word() >> (32 - bits));
    match bits {
        0..=32 => upper_bits(bits),
        _ => upper_bits(32) | upper_bits(bits - 32) << 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `random.seed(text)`, then `random.getrandbits(32)` three times, in Python 3.11.
    #[test]
    fn string_seeds_are_pythons() {
        for (text, words) in [
            ("", [4124137760, 1951988028, 2557274880]),
            ("None", [1425068989, 313428169, 2801779344]),
            ("a", [1168357962, 2173948116, 289208638]),
            ("Zoë Ünal", [3769942264, 1996390578, 2650591900]),
            ("\0\0x", [253678335, 13751072, 810440835]),
        ] {
            let mut source = python_seeded(text);
            assert_eq!(
                [source.word(), source.word(), source.word()],
                words,
                "{text}"
            );
        }
    }

    /// `random.seed(text)`, then `random.sample(range(n), k)`, in Python 3.11: on both sides of
    /// both limits between pool and rejection, and with numbers of more than one word.
    #[test]
    fn samples_are_pythons() {
        for (text, n, k, drawn) in [
            ("pool", 21, 5, &[7, 10, 15, 3, 18][..]),
            ("set", 22, 5, &[11, 5, 2, 12, 9]),
            ("pool", 85, 6, &[30, 41, 62, 12, 60, 37]),
            ("set", 86, 6, &[45, 21, 11, 48, 50, 37]),
            ("big", 1_000_000, 4, &[976217, 992820, 592746, 578721]),
            ("one", 1, 1, &[0]),
            ("none", 5, 0, &[]),
            ("shuffle", 9, 9, &[2, 6, 1, 8, 0, 4, 5, 7, 3]),
        ] {
            assert_eq!(
                sample(&mut python_seeded(text), n, k),
                drawn,
                "{text} {n} {k}"
            );
        }
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn wide_samples_are_pythons() {
        let drawn = sample(&mut python_seeded("wide"), (1 << 33) + 5, 3);
        assert_eq!(drawn, [955102308, 4593100753, 1247260809]);
        let drawn = sample(&mut python_seeded("wider"), 1 << 40, 2);
        assert_eq!(drawn, [338128920811, 272820109332]);
    }

    #[test]
    fn seeds_differ_by_every_part() {
        let first = |seed: Seed| seed.source().word();
        let seed = || Seed::new("a", 1);
        let words = [
            first(seed()),
            first(Seed::new("b", 1)),
            first(Seed::new("a", 2)),
            first(seed().text("xy").text("z")),
            first(seed().text("x").text("yz")),
            first(seed().optional(None)),
            first(seed().optional(Some(""))),
            first(seed().text("")),
        ];
        assert_eq!(HashSet::from(words).len(), words.len());
    }

    /// Fixed for good: other numbers would change the splits and samples of finished studies. An
    /// implementation of hash, ChaCha8 and draw in Python gives the same.
    #[test]
    fn our_own_draws_stay_the_same() {
        let mut source = Seed::new("test", 1).text("value").source();
        assert_eq!(sample(&mut source, 9, 9), [2, 0, 1, 4, 7, 8, 5, 6, 3]);
    }
}
