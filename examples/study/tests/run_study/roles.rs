//! Roles that a study makes are kept beside it.

use std::fs;

use value_causal::bench::RoleSet;

use crate::small::{Small, run_study};

#[test]
fn made_roles_are_kept_in_files_that_can_take_the_seeds_place() {
    let study = Small::varied("");
    let shard = ["--shard", "1/9"];
    let said = study.finish(&shard);
    let files = ["roles_train.json", "roles_test.json"].map(|name| study.out().join(name));
    assert!(said.contains(files[1].to_str().unwrap()), "{said}");
    let kept = files
        .each_ref()
        .map(|file| RoleSet::from_path(file).unwrap());
    let (train, test) = RoleSet::generate(5, 5).split_at(3);
    assert_eq!(kept, [train, test]);

    study.change(
        "made = { seed = 5, train = 3, test = 2 }",
        "train = \"out/roles_train.json\"\ntest = \"out/roles_test.json\"",
    );
    let again = study.finish(&shard);
    assert!(
        again.contains("answers are there already, 0 are to come"),
        "{again}"
    );

    let text = fs::read_to_string(&files[0]).unwrap();
    fs::write(&files[0], text.replacen("MBTI: ", "MBTI: X", 1)).unwrap();
    let refused = run_study(&study, &shard).output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("another study: roles.sha256"),
        "{why}"
    );
}
