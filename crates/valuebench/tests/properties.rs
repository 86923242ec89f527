//! What holds for any input.

use std::collections::HashSet;

use ndarray::Array2;
use proptest::collection::{hash_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use valuebench::{
    Definitions, Item, ItemSampling, Keying, OrientationTable, Questionnaire, RoleSet, Setting,
};

/// Texts with all that is special in CSV.
fn name() -> impl Strategy<Value = String> {
    "[a-cZë价 :;,.'\"\n\r\t-]{1,8}"
}

fn value_names() -> impl Strategy<Value = Vec<String>> {
    let names = hash_set(name(), 1..6).prop_map(|names| names.into_iter().collect());
    names.prop_filter("the format uses the name", |names: &Vec<String>| {
        names.iter().all(|name| !name.ends_with(":scstd"))
    })
}

fn settings() -> impl Strategy<Value = Vec<Setting>> {
    let setting = (option::of(name()), option::of(any::<u64>()));
    hash_set(setting, 1..8).prop_map(|settings| {
        let settings = settings.into_iter().map(|(role, feature)| match feature {
            Some(feature) => Setting::steered(role.as_deref(), feature),
            None => Setting::of_role(role.as_deref()),
        });
        settings.collect()
    })
}

fn orientation() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1.0..=1.0,
        (-9_i32..=9, 9_i32..12).prop_map(|(sum, n)| f64::from(sum) / f64::from(n)),
        select(vec![0.0, -0.0, 1.0, -1.0, 1e-5, -5e-324, 2.2e-16]),
    ]
}

fn scstd() -> impl Strategy<Value = f64> {
    prop_oneof![Just(-1.0), Just(f64::NAN), 0.0..=2.0]
}

fn own_table() -> impl Strategy<Value = OrientationTable> {
    (value_names(), settings()).prop_flat_map(|(values, settings)| {
        let (n, m) = (settings.len(), values.len());
        let matrix = vec(orientation(), n * m);
        let scstd = option::of(vec(scstd(), n * m));
        let stds = option::of(vec(0.0..=1.0, n));
        (matrix, scstd, stds).prop_map(move |(matrix, scstd, stds)| {
            let array = |numbers| Array2::from_shape_vec((n, m), numbers).unwrap();
            let (values, settings) = (values.clone(), settings.clone());
            let scstd = scstd.map(array);
            let table = OrientationTable::new(values, settings, array(matrix), scstd).unwrap();
            match stds {
                Some(stds) => table.with_stds(stds.into()).unwrap(),
                None => table,
            }
        })
    })
}

fn bits<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    let numbers = numbers.into_iter();
    numbers
        .map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() })
        .collect()
}

/// The cells of a file, with numbers in many spellings.
#[derive(Clone, Debug)]
struct Cells {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    bom: bool,
    line_end: &'static str,
    final_newline: bool,
}

impl Cells {
    fn text(&self) -> String {
        let rows = [&self.header].into_iter().chain(&self.rows);
        let lines: Vec<String> = rows
            .map(|row| {
                row.iter()
                    .map(|cell| quoted(cell))
                    .collect::<Vec<_>>()
                    .join(",")
            })
            .collect();
        let mark = if self.bom { "\u{feff}" } else { "" };
        let end = if self.final_newline {
            self.line_end
        } else {
            ""
        };
        format!("{mark}{}{end}", lines.join(self.line_end))
    }
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

fn number_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[+-]?0?\\.[0-9]{1,20}",
        "[+-]?[01]",
        "-?[01]\\.0{0,3}",
        "[1-9]e-[1-9][0-9]{0,2}",
        " 0\\.5 ",
    ]
}

/// A file with the columns in any order: the values of `table`, their numbers respelled.
fn cells() -> impl Strategy<Value = Cells> {
    (value_names(), settings()).prop_flat_map(|(values, settings)| {
        let (n, m) = (settings.len(), values.len());
        let header = ["steer_dim", "player_name"].map(str::to_owned);
        let header = header.into_iter().chain(values).collect::<Vec<_>>();
        let order = Just((0..m + 2).collect::<Vec<_>>()).prop_shuffle();
        let numbers = vec(vec(number_text(), m), n);
        let ends = select(vec!["\n", "\r\n"]);
        (
            order,
            numbers,
            vec(any::<bool>(), n),
            ends,
            any::<bool>(),
            any::<bool>(),
        )
            .prop_map(
                move |(order, numbers, as_float, line_end, bom, final_newline)| {
                    let rows = settings.iter().zip(numbers).zip(as_float);
                    let rows = rows.map(|((setting, numbers), as_float)| {
                        let feature = setting.feature().map(|feature| match as_float {
                            true => format!("{feature}.0"),
                            false => feature.to_string(),
                        });
                        let role = setting.role.clone().unwrap_or_default();
                        let row = [feature.unwrap_or_default(), role]
                            .into_iter()
                            .chain(numbers);
                        reorder(&row.collect::<Vec<_>>(), &order)
                    });
                    Cells {
                        rows: rows.collect(),
                        header: reorder(&header, &order),
                        bom,
                        line_end,
                        final_newline,
                    }
                },
            )
    })
}

fn reorder(row: &[String], order: &[usize]) -> Vec<String> {
    order.iter().map(|&place| row[place].clone()).collect()
}

/// Pieces of all formats, and any bytes between them.
fn almost_a_file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        select(vec![
            "steer_dim",
            "player_name",
            "Empathy",
            "Empathy:scstd",
            "stds",
            "scstds",
            "questionnaire",
            "item",
            "value",
            "agreement",
            "question",
            "definition",
            "upper_dimension",
            "mini_trait",
            "bio2",
            ",",
            ",",
            ",",
            "\n",
            "\r\n",
            "\r",
            "\"",
            "\"\"",
            "{",
            "}",
            "[",
            ":",
            "1",
            "-1",
            "0.5",
            "nan",
            "\u{feff}",
            "é",
            " ",
            "\0",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const VALID: [&str; 4] = [
    "questionnaire,item,value,agreement,question\nI,a,V,1,A?\nI,\"b\nc\",V,-1,\"B, C?\"\n",
    "questionnaire,value,definition,upper_dimension,opposite_dimension\nI,V,d,U,\nJ,V,\"e\ne\",,W\n",
    "{\"Ada\": {\"bio2\": \"b\", \"mini_trait\": \"a\"}, \"Bo\": {\"mini_trait\": \"é\\n\"}}",
    "steer_dim,player_name,V,V:scstd,stds,scstds\r\n,\"A\r\nb\",0.5,-1,0.1,\r\n7,Z,1,2,0.1,2\r\n",
];

/// A good file with some bytes replaced, and cut.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..4);
    (select(VALID.to_vec()), changes, any::<Index>()).prop_map(|(text, changes, cut)| {
        let mut bytes = text.as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 2));
        bytes
    })
}

fn read_with_all(bytes: &[u8]) {
    let errors = [
        Questionnaire::from_reader(bytes).err(),
        Definitions::from_reader(bytes).err(),
        RoleSet::from_reader(bytes).err(),
        OrientationTable::from_reader(bytes).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(error.to_string().starts_with("<input>"), "{error}");
    }
}

fn questionnaire() -> impl Strategy<Value = Questionnaire> {
    vec(select(vec!["A", "B", "C", "D"]), 1..80).prop_map(|values| {
        let items = values.into_iter().enumerate().map(|(place, value)| Item {
            inventory: "I".to_owned(),
            statement: format!("{place}"),
            value: value.to_owned(),
            keying: Keying::Positive,
            question: format!("{place}?"),
            ..Item::default()
        });
        items.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn own_tables_survive_a_round_trip(table in own_table()) {
        let csv = table.to_csv();
        let read = OrientationTable::from_reader(csv.as_bytes()).unwrap();
        prop_assert_eq!(read.to_csv(), csv);
        prop_assert_eq!(read.values(), table.values());
        prop_assert_eq!(read.settings(), table.settings());
        prop_assert_eq!(bits(read.matrix()), bits(table.matrix()));
        let scstd = |table: &OrientationTable| table.scstd_matrix().map(|m| bits(m.iter()));
        prop_assert_eq!(scstd(&read), scstd(&table));
        let columns = |table: &OrientationTable| {
            [table.stds(), table.scstds()].map(|column| column.map(|c| bits(c.iter())))
        };
        prop_assert_eq!(columns(&read), columns(&table));
    }

    #[test]
    fn foreign_files_keep_their_bytes(cells in cells()) {
        let text = cells.text();
        let table = OrientationTable::from_reader(text.as_bytes()).unwrap();
        prop_assert_eq!(table.to_csv(), text);
        prop_assert_eq!(table.n_settings(), cells.rows.len());
    }

    #[test]
    fn selected_rows_are_those_of_the_file(mut cells in cells(), kept in vec(any::<bool>(), 8)) {
        let table = OrientationTable::from_reader(cells.text().as_bytes()).unwrap();
        let mut keep = kept.iter().copied().cycle();
        let selected = table.select(|_| keep.next() == Some(true));
        let mut keep = kept.iter().copied().cycle();
        cells.rows.retain(|_| keep.next() == Some(true));
        prop_assert_eq!(selected.to_csv(), cells.text());
        for (row, setting) in selected.settings().iter().enumerate() {
            prop_assert_eq!(selected.position(setting), Some(row));
            prop_assert_eq!(bits(selected.matrix().row(row)), bits(table.row(setting).unwrap()));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in almost_a_file()) {
        read_with_all(&bytes);
    }

    #[test]
    fn no_damage_makes_a_reader_panic(bytes in damaged()) {
        read_with_all(&bytes);
    }

    #[test]
    fn a_split_is_a_seeded_partition(
        all in questionnaire(),
        fraction in 0.0..=1.0_f64,
        seed in any::<u64>(),
    ) {
        let split = all.split(fraction, seed).unwrap();
        prop_assert_eq!(&split, &all.split(fraction, seed).unwrap());
        let train: HashSet<&Item> = split.train.items().iter().collect();
        let merged = all.filter(|item| train.contains(item));
        prop_assert_eq!(&merged, &split.train, "items and their order");
        prop_assert_eq!(all.filter(|item| !train.contains(item)), split.test);
        for value in all.values() {
            let n = all.measuring(value).len();
            let expected = (fraction * n as f64).floor() as usize;
            prop_assert_eq!(split.train.measuring(value).len(), expected);
            let alone = all.filter(|item| item.value == *value).split(fraction, seed).unwrap();
            prop_assert_eq!(alone.train, split.train.filter(|item| item.value == *value));
        }
    }

    #[test]
    fn draws_have_their_size(
        role in option::of(name()),
        value in name(),
        n in 0_usize..400,
        rate in 0.0..=1.0_f64,
        seed in any::<u64>(),
    ) {
        let expected = (rate * n as f64).ceil() as usize;
        for sampling in [
            ItemSampling::released(rate).unwrap(),
            ItemSampling::seeded(rate, seed).unwrap(),
        ] {
            let drawn = sampling.indices(role.as_deref(), &value, n);
            prop_assert_eq!(drawn.len(), expected);
            prop_assert!(drawn.is_sorted_by(|a, b| a < b));
            prop_assert!(drawn.iter().all(|&place| place < n));
            prop_assert_eq!(&drawn, &sampling.indices(role.as_deref(), &value, n));
        }
    }

    #[test]
    fn generated_roles_survive_a_round_trip(seed in any::<u64>(), n in 1_usize..40) {
        let roles = RoleSet::generate(seed, n);
        prop_assert_eq!(roles.len(), n);
        prop_assert_eq!(RoleSet::from_reader(roles.to_json().as_bytes()).unwrap(), roles);
    }
}
