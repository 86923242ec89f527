//! What is made of a journal.

use valuebench::journal::{
    Aspect, Design, PlannedRow, Question, Shard, Steering, Unjudged, Verdict,
};
use valuebench::{
    Answer, ItemScores, Judge, Keying, Measurements, OrientationTable, RuleJudge, Score, Setting,
    Stance, SteeringChanges,
};

use crate::study::{contents, finish, items, open, small, text, verdict};

fn in_memory(part: &str) -> OrientationTable {
    let design = small();
    let values = ["Calm", "Wit, \"dry\""].map(str::to_owned).to_vec();
    let mut measured = Measurements::new(values.clone());
    for (place, row) in design
        .rows()
        .iter()
        .enumerate()
        .filter(|(_, row)| row.part == part)
    {
        let scores = values.iter().map(|value| {
            let items = row
                .items
                .iter()
                .filter(|&&item| design.items()[item].value == *value);
            let score = |&item: &usize| {
                let said = RuleJudge
                    .judge(&text(Question { row: place, item }))
                    .unwrap();
                Score::of(said.or_unsure(), design.items()[item].keying)
            };
            items.map(score).collect()
        });
        measured.push(row.setting.clone(), scores.collect());
    }
    measured.table().unwrap()
}

#[test]
fn orientations_are_those_of_scores_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), Shard::WHOLE);
    finish(&mut journal, 13);
    for part in ["train", "test"] {
        let table = OrientationTable::from_journal(&journal, part, Unjudged::AsUnsure).unwrap();
        assert_eq!(table.to_csv(), in_memory(part).to_csv());
    }
    // A judge who takes up what was left open.
    let open = journal.unjudged(Aspect::Answer).unwrap();
    assert!(!open.is_empty() && open.iter().all(|answer| answer.text.ends_with("well")));
    assert_eq!(journal.tally().unwrap().unjudged, open.len());
    let unsure = || Verdict::Judged {
        stance: Stance::Unsure,
        judge: "me".into(),
    };
    let verdicts: Vec<_> = open
        .iter()
        .map(|answer| (answer.question, unsure()))
        .collect();
    journal.judge(Aspect::Answer, &verdicts).unwrap();
    let table = OrientationTable::from_journal(&journal, "test", Unjudged::Refuse).unwrap();
    assert_eq!(table.to_csv(), in_memory("test").to_csv());
}

#[test]
fn consistency_and_statistics_of_items() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), Shard::WHOLE);
    finish(&mut journal, 13);
    let texts: Vec<_> = journal.unjudged(Aspect::Thought).unwrap();
    let thought = |text: &str| verdict(Answer::of(text).thought);
    let verdicts: Vec<_> = texts
        .iter()
        .map(|t| (t.question, thought(&t.text)))
        .collect();
    journal.judge(Aspect::Thought, &verdicts).unwrap();

    let mut expected = valuebench::journal::Consistency::default();
    let mut yes = 0;
    let design = small();
    for recorded in contents(&journal) {
        let row = &design.rows()[recorded.response.question.row];
        let of_item = row.part == "test" && recorded.response.question.item == 3;
        let stance = |verdict: Option<&Verdict>| match verdict {
            Some(Verdict::Judged { stance, .. }) => Some(*stance),
            _ => None,
        };
        let (thought, answer) = (recorded.thought, recorded.response.verdict);
        let (thought, answer) = (stance(thought.as_ref()), stance(Some(&answer)));
        yes += usize::from(of_item && answer == Some(Stance::Yes));
        match (thought, answer) {
            (Some(thought), Some(answer)) => {
                expected.counts[thought as usize][answer as usize] += 1;
            }
            _ => expected.unjudged += 1,
        }
    }
    let found = journal.consistency(None, Steering::Any).unwrap();
    assert_eq!(found, expected);
    assert!(
        found
            .disagreement()
            .is_some_and(|share| share > 0.0 && share < 1.0)
    );
    let [before, after] = [Steering::Without, Steering::With]
        .map(|steering| journal.consistency(None, steering).unwrap());
    assert_eq!(before.judged() + after.judged(), found.judged());
    assert!(before.judged() > 0 && after.judged() > before.judged());

    let items = journal.item_statistics("test").unwrap();
    assert_eq!(items.len(), 7);
    assert_eq!(items[3].yes, yes);
    let settings = small().rows().len() / 2;
    assert!(
        items
            .iter()
            .all(|i| i.yes + i.no + i.unsure + i.unjudged == settings)
    );
    assert_eq!(journal.item_statistics("train").unwrap().len(), 5);
}

#[test]
fn the_export_has_every_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), Shard::WHOLE);
    finish(&mut journal, 13);
    let path = folder.path().join("answers.csv");
    journal.write_csv(&path).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let answers = contents(&journal);
    assert_eq!(lines.len(), answers.len());
    for (line, recorded) in lines.iter().zip(&answers) {
        assert_eq!(&line[8], recorded.response.text);
        assert_eq!(&line[15], recorded.response.prompt_tokens.to_string());
    }
    assert_eq!(reader.headers().unwrap().len(), lines[0].len());
}

/// Item by item it is what the table has value by value, and by hand what the answers say.
#[test]
fn changes_of_items_are_what_tables_are_the_means_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), Shard::WHOLE);
    let refused = journal.item_changes("train", Unjudged::AsUnsure);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("0 of 108 answers")
    );
    finish(&mut journal, 13);
    let refused = journal.item_changes("train", Unjudged::Refuse);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("answers are unjudged")
    );

    let items = journal.item_changes("train", Unjudged::AsUnsure).unwrap();
    let table = OrientationTable::from_journal(&journal, "train", Unjudged::AsUnsure).unwrap();
    let values = SteeringChanges::of(&table);
    assert_eq!(items.interventions(), values.interventions());
    assert_eq!(items.roles(), values.roles());
    // Two in three items are asked in this part.
    assert_eq!(items.matrix().dim(), (2, 3, 5));
    let mut changed = 0;
    for (place, expected) in values.matrix().indexed_iter() {
        let name = &values.values()[place.2];
        let of_value = (0..5).filter(|&item| items.items()[item].value == *name);
        let changes: Vec<f64> = of_value
            .map(|item| items.matrix()[[place.0, place.1, item]])
            .collect();
        changed += changes.iter().filter(|change| **change != 0.0).count();
        let mean = changes.iter().sum::<f64>() / changes.len() as f64;
        assert!((mean - expected).abs() < 1e-12);
    }
    assert!(changed > 5, "{changed}");
    // Feature 7 in the role Ada, the first item: rows 3 and 4.
    let score = |row| {
        let said = RuleJudge.judge(&text(Question { row, item: 0 })).unwrap();
        f64::from(Score::of(said.or_unsure(), small().items()[0].keying))
    };
    assert_eq!(items.matrix()[[0, 1, 0]], score(4) - score(3));
}

/// Exactly the scores that the orientations are the means of, and those of plain and of reversed
/// items apart.
#[test]
fn scores_of_items_are_what_orientations_are_the_means_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), Shard::WHOLE);
    finish(&mut journal, 13);
    assert!(journal.item_scores("train", Unjudged::Refuse).is_err());
    for part in ["train", "test"] {
        let scores = journal.item_scores(part, Unjudged::AsUnsure).unwrap();
        let table = OrientationTable::from_journal(&journal, part, Unjudged::AsUnsure).unwrap();
        assert_eq!(scores.values(), table.values());
        assert_eq!(scores.settings(), table.settings());
        assert_eq!(scores.orientations(), table.matrix());
        let keyings = [Keying::Positive, Keying::Negative];
        let [plain, reversed] = keyings.map(|keying| scores.keyed(keying));
        assert_eq!(
            plain.items().len() + reversed.items().len(),
            scores.items().len()
        );
        for (value, name) in scores.values().iter().enumerate() {
            let n = |of: &ItemScores| of.of_value(name).items().len() as f64;
            let sum = |of: &ItemScores, row: usize| of.orientations()[[row, value]] * n(of);
            for row in 0..table.n_settings() {
                let expected = sum(&plain, row) + sum(&reversed, row);
                assert!(
                    (expected - sum(&scores, row)).abs() < 1e-12,
                    "{part}, {name}, {row}"
                );
            }
        }
    }
}

/// Rows that another shard holds have no answers, which is not the same as being unsure.
#[test]
fn a_shard_alone_makes_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let shard = Shard::new(1, 2).unwrap();
    let mut journal = open(&folder.path().join("journal"), &small(), shard);
    finish(&mut journal, 13);
    journal.complete().unwrap();
    let table = OrientationTable::from_journal(&journal, "train", Unjudged::AsUnsure);
    let refused = table.unwrap_err().to_string();
    let there = journal.tally().unwrap().answered;
    assert!(
        refused.contains(&format!("{there} of 108 answers")),
        "{refused}"
    );
}

/// A split leaves each part other items, so the values come up in another order in each; the
/// columns do not.
#[test]
fn every_part_has_its_values_in_the_order_of_the_questionnaire() {
    let items = items(6);
    let row = |part: &str, asked: &[usize]| PlannedRow {
        part: part.into(),
        setting: Setting::default(),
        items: asked.into(),
    };
    let rows = vec![
        row("train", &[1, 2, 3, 4]),
        row("test", &[0, 5]),
        row("one value", &[3]),
    ];
    let design = Design::new(items, rows).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"), &design, Shard::WHOLE);
    finish(&mut journal, 3);
    let values = |part| {
        let table = OrientationTable::from_journal(&journal, part, Unjudged::AsUnsure).unwrap();
        table.values().to_vec()
    };
    assert_eq!(values("train"), ["Calm", "Wit, \"dry\""]);
    assert_eq!(values("test"), values("train"));
    assert_eq!(values("one value"), ["Wit, \"dry\""]);
    let scores = journal.item_scores("train", Unjudged::AsUnsure).unwrap();
    assert_eq!(scores.values(), values("train"));
}
