//! The organism in `fixtures/organism/`: what is planted can be found, and what was grown obeys.

use std::path::Path;

use organism::measure::{Changes, discover, held_against, orientations};
use organism::planting::{definitions_csv, questionnaire_csv};
use organism::world::World;
use value_causal::bench::{Instruction, Item};

fn folder() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/organism"
    ))
}

#[test]
fn the_world_comes_from_its_seeds() {
    let world = World::open(folder()).unwrap();
    let again = World::draw(world.truth.file().recipe).unwrap();
    assert_eq!(again.truth.file(), world.truth.file());
    assert_eq!(again.questionnaire, world.questionnaire);
    assert_eq!((again.train, again.test), (world.train, world.test));
    let read = |name| std::fs::read_to_string(folder().join(name)).unwrap();
    assert_eq!(
        questionnaire_csv(&world.questionnaire).unwrap(),
        read("questionnaire.csv")
    );
    assert_eq!(definitions_csv().unwrap(), read("definitions.csv"));
    assert_eq!(world.truth.to_json(), read("truth.json"));
    assert_eq!(organism::texts::TEMPLATE, read("template.txt"));
}

/// From answers as planted the search finds the planted graph, and that graph predicts what instructions do.
#[test]
fn planted_answers_show_the_planted_graph() {
    let world = World::open(folder()).unwrap();
    let (truth, values) = (&world.truth, world.truth.values());
    let planted = |role: Option<&str>, item: &Item, set: Option<&Instruction>| {
        Ok(truth.answer(role, &item.question, set)?)
    };
    let split = world.questionnaire.split(0.7, 1).unwrap();
    let observed = orientations(&split.train, values, &world.train, &planted).unwrap();
    let graph = discover(&observed, values).unwrap();
    let found = held_against(&graph, truth.structure().cpdag()).unwrap();
    assert!(
        found.skeleton_f1 >= 0.95 && found.arrowhead_f1 >= 0.9,
        "{found:?}"
    );

    let (few, instructions) = (world.test.split_at(4).0, world.instructions());
    let changes = Changes::under(&instructions, &split.test, values, &few, &planted).unwrap();
    let effects = changes.effects(truth.structure().dag()).unwrap();
    assert!(
        effects.expected >= 0.8 && effects.unexpected == 0.0,
        "{effects:?}"
    );
    let random = changes.effects_of_random(truth.structure().dag()).unwrap();
    assert!(random.expected < 0.5, "{random:?}");
}

mod lens {
    use std::collections::BTreeSet;

    use organism::exam::{Answers, Figures, held_out};
    use organism::grow::tokenizer;
    use organism::network::{Batch, Network, Shape};
    use value_causal::lens::tch::{Kind, Tensor};
    use value_causal::lens::{Lm, LoadOptions};

    use super::*;

    /// Pairs that training never showed, unsteered and under three instructions, through the engine.
    #[test]
    fn the_organism_obeys() {
        let world = World::open(folder()).unwrap();
        let lm = Lm::open(folder().join("model"), &LoadOptions::default()).unwrap();
        let first = world.train.len();
        let roles = [Some(0), Some(1), Some(first), Some(first + 1), None];
        let ways = [None, Some(0), Some(7), Some(17)];
        let asked = held_out(&world, &roles, &ways).unwrap();
        let all: BTreeSet<_> = asked.iter().copied().collect();
        let answers = Answers::to(&all, &lm, &world).unwrap();
        let right = answers.as_planted(&asked).unwrap();
        let share = right as f64 / asked.len() as f64;
        assert!(share >= 0.95, "{right} of {} as planted", asked.len());
    }

    /// What the whole exam found is what the organism is for; `check_organism` repeats it.
    #[test]
    fn the_exam_was_passed() {
        let text = std::fs::read_to_string(folder().join("exam.json")).unwrap();
        let exam: Figures = serde_json::from_str(&text).unwrap();
        assert!(exam.obedience_plain >= 0.95 && exam.obedience_instructed >= 0.95);
        assert!(exam.graph.skeleton_f1 >= 0.9 && exam.graph.arrowhead_f1 >= 0.8);
        let (planted, discovered) = (exam.planted, exam.discovered);
        assert!(planted.expected >= 0.8 && planted.unexpected <= 0.15);
        assert!((discovered.expected - planted.expected).abs() <= 0.1);
        assert!((discovered.unexpected - planted.unexpected).abs() <= 0.1);
        assert!(exam.random.expected <= planted.expected - 0.3);
    }

    /// The training forward over shared beginnings computes what tch-lens computes for each whole text.
    #[test]
    fn training_and_serving_compute_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::open(super::folder()).unwrap();
        let vocabulary = tokenizer(&world, folder.path()).unwrap().vocab_size();
        let shape = Shape {
            d_model: 48,
            d_mlp: 56,
            n_layers: 2,
            n_heads: 3,
            d_head: 10,
            d_vocab: vocabulary,
        };
        let network = Network::new(shape, 5).unwrap();
        network
            .save(&folder.path().join("model.safetensors"))
            .unwrap();
        let config = shape.config().to_string();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let lm = Lm::open(folder.path(), &LoadOptions::default()).unwrap();

        let beginnings: [&[i64]; 2] = [&[2, 9, 10, 11, 12], &[2, 30, 31, 0, 0]];
        let questions: [&[i64]; 2] = [&[40, 41, 42], &[50, 51, 52]];
        let batch = Batch {
            prefixes: Tensor::from_slice(&beginnings.concat()).view([2, 5]),
            lengths: Tensor::from_slice(&[5i64, 3]),
            questions: Tensor::from_slice(&questions.concat().repeat(2)).view([2, 2, 3]),
        };
        let stream = network.forward(&batch, |_, stream| Ok(stream)).unwrap();
        let found = network.logits(stream.questions.last().unwrap()).unwrap();
        for (row, length) in [(0, 5), (1, 3)] {
            for (place, question) in questions.iter().enumerate() {
                let whole = [&beginnings[row][..length], question].concat();
                let expected = lm.forward(&[whole], &mut []).unwrap();
                let expected = expected.get(0).narrow(0, length as i64, 3);
                let found = found.get(row as i64).get(place as i64);
                let gap = (found - expected)
                    .abs()
                    .max()
                    .to_kind(Kind::Double)
                    .double_value(&[]);
                assert!(gap < 1e-4, "row {row}, question {place}: {gap}");
            }
        }
    }
}
