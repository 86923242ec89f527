//! What a study found, in numbers: `study.json`, and the section of the report that tells of them.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use value_causal::bench::Setting;
use value_causal::discovery::graph::UndirectedEdges;

use super::centred::Centred;
use super::compared::{Compared, Speed};
use super::instructed::{Instructed, InstructedTables, Rates};
use super::obedience::Obedience;
use super::orientations::Orientations;
use super::rated::Ends;
use super::read_off::ReadOff;
use measurement::Measurement;
use program::{Failure, counted};
use reproduce::Loaded;
use reproduce::experiment::{GraphRows, Truth};
use reproduce::graphs::{digraph, named_edges, planted};
use reproduce::results::{Results, against, search};
use reproduce::text::decimal;

/// `study.json`. What a study cannot tell is null there: without a planted graph, without all items under every
/// instruction, without planted answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// Whether a graph can be seen in the measurements at all: `graph`, `no_graph` or `cannot_tell`.
    verdict: Option<String>,
    /// The same in one plain sentence.
    verdict_sentence: Option<String>,
    /// F1 of the adjacent pairs that PC finds in the unsteered training rows, against the CPDAG of the planted graph.
    skeleton_f1: Option<f64>,
    /// F1 of arrowheads.
    arrowhead_f1: Option<f64>,
    /// Structural Hamming distance.
    shd: Option<usize>,
    /// Answers in the journal.
    answers: usize,
    /// Answers per second of the process that asked.
    answers_per_second: Option<f64>,
    /// Of the values that follow an instructed one in the planted graph, the share that changed with it.
    planted_expected: Option<f64>,
    /// Of the others.
    planted_unexpected: Option<f64>,
    /// The same with the graph that PC found.
    discovered_expected: Option<f64>,
    /// The same of the others.
    discovered_unexpected: Option<f64>,
    /// Share of answers as planted, over the pairs of role and item that training never showed.
    obedience: Option<f64>,
    /// How well each value's orientation is measured.
    #[serde(default)]
    pub(super) orientations: Orientations,
    /// The same without what a setting says to all items alike, where the study asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) centred: Option<Centred>,
    /// What -1 and 1 stand for where items are rated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ends: Vec<Ends>,
    /// What was read off, where answers are likelihoods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read_off: Option<ReadOff>,
    /// Written answers beside those, where a study has both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<Compared>,
}

/// [`Found`], and what goes with it into the report.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) found: Found,
    pub(super) obedience: Option<Obedience>,
    /// Rates with the planted graph's values relabelled at random.
    pub(super) relabelled: Option<Rates>,
}

impl Found {
    /// A journal of so many answers.
    pub(super) fn new(answers: usize, rate: Option<f64>) -> Self {
        Self {
            answers,
            answers_per_second: rate,
            ..Self::default()
        }
    }
}

/// What is known of speed, and where that is nothing what an earlier `study.json` about as many answers tells.
pub(super) fn speed(answers: usize, known: Speed, earlier: &Path) -> Speed {
    let told = || {
        let text = fs::read_to_string(earlier).ok()?;
        let before: Found = serde_json::from_str(&text).ok()?;
        (before.answers == answers).then_some(before)
    };
    let Some(before) = told() else {
        return known;
    };
    let of_ways = before.compared.map(|compared| compared.speed());
    let [written, read_off] = of_ways.unwrap_or_default();
    Speed {
        all: known.all.or(before.answers_per_second),
        written: known.written.or(written),
        read_off: known.read_off.or(read_off),
    }
}

impl Findings {
    /// Adds what PC makes of the unsteered training rows, and what instructions moved, beside what is planted.
    pub(super) fn discover(
        &mut self,
        Loaded {
            experiment, study, ..
        }: &Loaded,
        results: &Results,
        instructed: Option<&InstructedTables>,
    ) -> Result<(), Failure> {
        let test = &study.test;
        let graph = match experiment.features.rows {
            GraphRows::Unsteered => results.published_subset.discovered.clone(),
            GraphRows::Published => {
                let unsteered = study.train.select(Setting::is_unsteered);
                search(experiment, &unsteered)?.found.graph
            }
        };
        let found = &mut self.found;
        let truth: Option<&Truth> = experiment.truth.as_ref();
        if let Some(truth) = truth {
            let against = against(&graph, truth)?;
            found.skeleton_f1 = against.skeleton_f1;
            found.arrowhead_f1 = against.arrowhead_f1;
            found.shd = Some(against.shd);
        }
        let Some(instructed) = instructed else {
            return Ok(());
        };
        let instructed = Instructed::measured(instructed, test);
        let edges = named_edges(&graph.to_digraph(UndirectedEdges::BothWays));
        let rates = instructed.with(&digraph(test.values(), &edges));
        (found.discovered_expected, found.discovered_unexpected) =
            (rates.expected, rates.unexpected);
        if let Some(truth) = truth {
            let planted = planted(test.values(), truth).to_digraph(UndirectedEdges::Drop);
            let rates = instructed.with(&planted);
            (found.planted_expected, found.planted_unexpected) = (rates.expected, rates.unexpected);
            self.relabelled = Some(instructed.with_relabelled(&planted));
        }
        Ok(())
    }

    /// Adds whether a graph can be seen at all.
    pub(super) fn judge(&mut self, measurement: &Measurement) {
        self.found.verdict = Some(measurement.verdict.key().to_owned());
        self.found.verdict_sentence = Some(measurement.sentence.clone());
    }

    /// Adds how many answers are as planted.
    pub(super) fn obey(&mut self, obedience: Obedience) {
        self.found.obedience = obedience.share();
        self.obedience = Some(obedience);
    }

    /// The sections of the report.
    pub(super) fn markdown(&self) -> Result<String, fmt::Error> {
        let compared = self.found.compared.as_ref().map(Compared::markdown);
        let centred = self.found.centred.as_ref();
        let centred = centred.map(|centred| centred.markdown(&self.found.orientations));
        let more = [compared, centred].map(Option::unwrap_or_default);
        Ok(self.of_the_study()? + &more.concat())
    }

    /// Nothing where nothing is planted and nothing was instructed as a whole.
    fn of_the_study(&self) -> Result<String, fmt::Error> {
        let found = &self.found;
        let mut text = String::new();
        if found.skeleton_f1.is_none() && found.discovered_expected.is_none() {
            return Ok(text);
        }
        write!(text, "## The study\n\n{}", counted(found.answers, "answer"))?;
        if let Some(rate) = found.answers_per_second {
            write!(text, ", {rate:.0} per second")?;
        }
        text.push_str(".\n\n");
        if let Some(Obedience { plain, instructed }) = self.obedience {
            writeln!(
                text,
                "Answers as planted, to items that training never showed to the role:\n\n\
                 | | as planted | of | share |\n|---|---:|---:|---:|"
            )?;
            for (name, [right, all]) in [
                ("without an instruction", plain),
                ("under an explicit instruction", instructed),
            ] {
                let share = decimal((all > 0).then(|| right as f64 / all as f64), 3);
                writeln!(text, "| {name} | {right} | {all} | {share} |")?;
            }
            text.push('\n');
        }
        if let Some(shd) = found.shd {
            writeln!(
                text,
                "PC in the unsteered training rows, against the CPDAG of the planted graph: skeleton F1 {}, arrowhead F1 {}, \
                 structural Hamming distance {shd}.\n",
                decimal(found.skeleton_f1, 3),
                decimal(found.arrowhead_f1, 3),
            )?;
        }
        if found.discovered_expected.is_some() {
            writeln!(
                text,
                "When an explicit instruction changed its own value: the rate at which the values that follow it in the \
                 graph (expected) and the others (unexpected) changed too; mean over values.\n\n\
                 | graph | expected | unexpected |\n|---|---:|---:|"
            )?;
            let line = |text: &mut String, name: &str, rates: [Option<f64>; 2]| {
                let [expected, unexpected] = rates.map(|rate| decimal(rate, 3));
                writeln!(text, "| {name} | {expected} | {unexpected} |")
            };
            if found.shd.is_some() {
                let rates = [found.planted_expected, found.planted_unexpected];
                line(&mut text, "planted", rates)?;
            }
            let rates = [found.discovered_expected, found.discovered_unexpected];
            line(&mut text, "discovered", rates)?;
            if let Some(chance) = self.relabelled {
                let name = "planted, its values relabelled at random";
                line(&mut text, name, [chance.expected, chance.unexpected])?;
            }
            text.push('\n');
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_for_as_many_answers_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("study.json");
        let told = |answers, all| {
            let known = Speed {
                all,
                ..Speed::default()
            };
            speed(answers, known, &file).all
        };
        assert_eq!(told(7, None), None);
        let found = Found::new(7, Some(2.5));
        fs::write(&file, serde_json::to_string(&found).unwrap()).unwrap();
        assert_eq!(told(7, None), Some(2.5));
        assert_eq!(told(8, None), None);
        assert_eq!(told(7, Some(3.0)), Some(3.0));
    }

    #[test]
    fn the_report_tells_what_there_is() {
        let mut findings = Findings::default();
        assert_eq!(findings.markdown().unwrap(), "");
        findings.found.discovered_expected = Some(0.75);
        let text = findings.markdown().unwrap();
        assert!(text.contains("| discovered | 0.750 | – |"), "{text}");
        assert!(!text.contains("planted"), "{text}");
        findings.found.shd = Some(3);
        findings.obey(Obedience {
            plain: [9, 10],
            instructed: [1, 2],
        });
        let text = findings.markdown().unwrap();
        assert!(text.contains("Hamming distance 3"), "{text}");
        assert!(text.contains("| without an instruction | 9 | 10 | 0.900 |"));
        assert_eq!(findings.found.obedience, Some(10.0 / 12.0));
    }
}
