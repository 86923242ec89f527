//! Orientation tables in other spellings than the released one: understood where the meaning is
//! clear, and written back as they were.

use valuebench::{OrientationTable, Setting};

fn table(csv: &str) -> OrientationTable {
    OrientationTable::from_reader(csv.as_bytes()).unwrap()
}

#[track_caller]
fn assert_kept(csv: &str) -> OrientationTable {
    let table = table(csv);
    assert_eq!(table.to_csv(), csv);
    table
}

#[test]
fn features_as_floats_and_unsteered_in_words() {
    let read = assert_kept(
        "steer_dim,player_name,Empathy\n49202.0,Ada,0.5\nNone,Ada,0.5\nnone,,0.5\n7.,,0.5\n007,Ada,1\n",
    );
    let expected = [
        Setting::steered("Ada", 49202),
        Setting::of_role("Ada"),
        Setting::default(),
        Setting::steered(None, 7),
        Setting::steered("Ada", 7),
    ];
    assert_eq!(read.settings(), expected);
}

#[test]
fn numbers_keep_their_spelling() {
    let read = assert_kept(
        "steer_dim,player_name,Empathy,Empathy:scstd\n,,0.50,-1.0\n7,,-1,0\n8,,+0.25,1e-05\n9,, 1. ,2\n",
    );
    assert_eq!(read.matrix().column(0).to_vec(), [0.5, -1.0, 0.25, 1.0]);
    let scstd = read.scstd_matrix().unwrap();
    assert_eq!(scstd.column(0).to_vec(), [-1.0, 0.0, 1e-5, 2.0]);
}

#[test]
fn columns_in_another_order() {
    let read = assert_kept(
        "scstds,Social:scstd,Empathy,player_name,Social,steer_dim\n,-1,0.5,Ada,1.0,\n0.5,0.5,0.25,Ada,0.0,7\n",
    );
    assert_eq!(read.values(), ["Empathy", "Social"]);
    assert_eq!(
        read.orientation(&Setting::steered("Ada", 7), "Empathy"),
        Some(0.25)
    );
    let scstd = read.scstd_matrix().unwrap();
    assert!(scstd[(0, 0)].is_nan(), "Empathy has no such column");
    assert_eq!(scstd[(1, 1)], 0.5);
    assert!(read.stds().is_none());
    let means = read.scstds().unwrap();
    assert!(means[0].is_nan());
    assert_eq!(means[1], 0.5);
}

#[test]
fn orientations_alone() {
    let read = assert_kept("steer_dim,player_name,Empathy\n,,0.5\n");
    assert!(read.scstd_matrix().is_none() && read.stds().is_none() && read.scstds().is_none());
}

#[test]
fn cells_without_a_number() {
    let read = assert_kept("steer_dim,player_name,Empathy,Empathy:scstd,stds,scstds\n,,0.5,,,\n");
    assert!(read.scstd_matrix().unwrap()[(0, 0)].is_nan());
    assert!(read.stds().unwrap()[0].is_nan());
}

#[test]
fn the_row_index_of_pandas() {
    for name in ["", "Unnamed: 0"] {
        let csv = format!("{name},steer_dim,player_name,Empathy\n0,,,0.5\n17,7,,1.0\n");
        let read = assert_kept(&csv);
        assert_eq!(read.values(), ["Empathy"]);
        let steered = read.select(|setting| !setting.is_unsteered());
        let rest = format!("{name},steer_dim,player_name,Empathy\n17,7,,1.0\n");
        assert_eq!(steered.to_csv(), rest);
    }
}

#[test]
fn names_with_everything_in_them() {
    let read = assert_kept(
        "steer_dim,player_name,\"Risk, taking\",Öffnung\n,\"Ada \"\"A\"\"\nQuill\",0.5,0.5\n,Zoë,0.5,0.5\n, ,0.5,0.5\n",
    );
    assert_eq!(read.values(), ["Risk, taking", "Öffnung"]);
    assert_eq!(read.settings()[0].role.as_deref(), Some("Ada \"A\"\nQuill"));
    assert_eq!(read.settings()[2].role.as_deref(), Some(" "));
}

#[test]
fn the_shape_of_the_text() {
    for csv in [
        "\u{feff}steer_dim,player_name,Empathy\n,,0.5\n",
        "steer_dim,player_name,Empathy\r\n,,0.5\r\n",
        "\u{feff}steer_dim,player_name,Empathy\r\n,,0.5",
        "steer_dim,player_name,Empathy\n,,0.5",
        "Empathy,steer_dim,player_name\n0.5,,Ada ",
        "steer_dim,player_name,\"Risk\ntaking\"\r\n,,0.5\r\n",
        "steer_dim,player_name,\"Risk\r\ntaking\"\n,,0.5\n",
    ] {
        assert_kept(csv);
    }
}

/// What is not kept: blank lines, needless quotes, and line ends other than the first.
#[test]
fn what_is_normalised() {
    let read = table("steer_dim,\"player_name\",Empathy\n\n,,\"0.5\"\r\n\n7,,1.0\n\n");
    assert_eq!(
        read.to_csv(),
        "steer_dim,player_name,Empathy\n,,0.5\n7,,1.0\n"
    );
}

#[test]
fn a_new_stds_column_goes_before_scstds() {
    let read =
        table("steer_dim,player_name,Empathy,Empathy:scstd,scstds\n,,0.50,-1,\n7,,1,0.5,.5\n");
    let with_stds = read.with_stds(ndarray::array![0.25, 1.0]).unwrap();
    assert_eq!(
        with_stds.to_csv(),
        "steer_dim,player_name,Empathy,Empathy:scstd,stds,scstds\n,,0.50,-1,0.25,\n7,,1,0.5,1.0,.5\n"
    );
}

#[test]
fn a_replaced_stds_column_loses_its_spelling() {
    let read = table("steer_dim,player_name,Empathy,stds\n,,0.50,0.10\n");
    let with_stds = read.with_stds(ndarray::array![0.25]).unwrap();
    assert_eq!(
        with_stds.to_csv(),
        "steer_dim,player_name,Empathy,stds\n,,0.50,0.25\n"
    );
}
