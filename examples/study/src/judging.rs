//! Rules that judge as answers come, and when an answer is decided early.

use value_causal::bench::journal::{Likelihoods, RatingLikelihoods, Verdict};
use value_causal::bench::{FirstAnswer, Judge, Judgement, RuleJudge, Scale, Stance};

/// What the rules say of a text that answers on this scale.
#[must_use]
pub fn by_rules(scale: &Scale, text: &str) -> Verdict {
    match (scale.read(text), scale) {
        (Some(reading), _) => Verdict::of(reading, "rules"),
        (None, Scale::YesNo) => Verdict::Unjudged {
            reason: "the rules leave it open".to_owned(),
        },
        (None, Scale::Ratings(_)) => Verdict::Unjudged {
            reason: "it holds no spelling of a rating".to_owned(),
        },
    }
}

/// What likelihoods say that were read off.
#[must_use]
pub fn by_likelihood(scale: &Scale, text: &str) -> Verdict {
    let verdict = match scale {
        Scale::YesNo => Likelihoods::parse(text).map(|found| found.verdict()),
        Scale::Ratings(_) => RatingLikelihoods::parse(text).map(|found| found.verdict()),
    };
    verdict.unwrap_or_else(|| Verdict::Unjudged {
        reason: "expected likelihoods, found another text".to_owned(),
    })
}

/// Whether the first answer of a text that is still being written is decided by the rules: no more tokens are needed in
/// the fast mode.
///
/// A text that itself begins with yes stays a yes whatever follows; one that begins with no can still turn.
#[must_use]
pub fn is_decided(so_far: &str) -> bool {
    FirstAnswer::default().push(so_far).is_some()
}

/// What the fast mode would have made of an answer that was written to its end: judged where its first answer was
/// decided, or as a whole.
#[must_use]
pub fn as_in_fast_mode(text: &str) -> Option<Stance> {
    match RuleJudge.judge(FirstAnswer::cut(text)) {
        Ok(Judgement::Decided(stance)) => Some(stance),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn an_answer_is_decided_once_its_word_is_there() {
        for (text, decided) in [
            ("", false),
            ("No", false),
            ("Ye", false),
            ("Yes", true),
            (" I think so", false),
            (" I think so\nAnswer:", false),
            (" I think so\nAnswer: y", false),
            (" I think so\nAnswer: yes", true),
            (" I think so\nANSWER: No", true),
            (" I think so\nAnswer: uns", false),
            (" I think so\nAnswer: unsure", true),
            ("é\nAnswer: yes", true),
        ] {
            assert_eq!(is_decided(text), decided, "{text:?}");
        }
    }

    #[test]
    fn the_two_modes_differ_where_a_second_answer_does() {
        assert_eq!(
            as_in_fast_mode(" a\nAnswer: yes\n\nAnswer: no"),
            Some(Stance::Yes)
        );
        assert_eq!(
            as_in_fast_mode(" a\nAnswer: well\nAnswer: no"),
            Some(Stance::No)
        );
        assert_eq!(as_in_fast_mode("No.\nAnswer: yes"), Some(Stance::Yes));
        assert_eq!(as_in_fast_mode(" a"), None);
    }

    /// A megabyte each, which took 0.05 s in a debug build, and more than a hundred times as much where each letter was
    /// looked at again with all before it.
    #[test]
    fn long_answers_are_judged_in_time_in_proportion() {
        for unit in [
            "a",
            "\n",
            "\nAnswer",
            "\nAnswer: ",
            "\nAnswer: well",
            "é\nanswer:\n",
        ] {
            let text = unit.repeat((1 << 20) / unit.len());
            let started = Instant::now();
            assert_eq!(as_in_fast_mode(&text), None, "{unit:?}");
            let said = format!("{text}\nAnswer: yes");
            assert_eq!(as_in_fast_mode(&said), Some(Stance::Yes), "{unit:?}");
            let time = started.elapsed();
            assert!(time < Duration::from_secs(10), "{unit:?}: {time:?}");
        }
    }
}
