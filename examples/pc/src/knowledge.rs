//! What is known beforehand, from a TOML file.

use std::path::Path;

use causal_pc::Knowledge;
use program::Failure;
use serde::Deserialize;

/// ```toml
/// forbidden = [["income", "age"]]             # no edge income -> age
/// required = [["smoking", "cancer"]]          # smoking -> cancer stands
/// tiers = [["age", "sex"], ["smoking"]]       # no edge from a later list to an earlier one
/// unlinked_tiers = [0]                        # no edge within the first list
/// ```
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnowledgeFile {
    #[serde(default)]
    forbidden: Vec<[String; 2]>,
    #[serde(default)]
    required: Vec<[String; 2]>,
    #[serde(default)]
    tiers: Vec<Vec<String>>,
    #[serde(default)]
    unlinked_tiers: Vec<usize>,
}

/// Reads the file; names become numbers of columns.
pub fn read(path: &Path, names: &[String]) -> Result<Knowledge, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    Ok(parse(&text, names).map_err(|error| named(&error))?)
}

fn parse(text: &str, names: &[String]) -> Result<Knowledge, Failure> {
    let file: KnowledgeFile = toml::from_str(text)?;
    let mut knowledge = Knowledge::new();
    for [cause, effect] in &file.forbidden {
        knowledge = knowledge.forbid_named(names, cause, effect)?;
    }
    for [cause, effect] in &file.required {
        knowledge = knowledge.require_named(names, cause, effect)?;
    }
    for (tier, members) in file.tiers.iter().enumerate() {
        for member in members {
            knowledge = knowledge.tier_named(names, member, tier)?;
        }
    }
    for tier in file.unlinked_tiers {
        knowledge = knowledge.forbid_within_tier(tier);
    }
    Ok(knowledge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["age", "sex", "smoking", "cancer"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn lists_become_knowledge() {
        let text = r#"
            forbidden = [["cancer", "smoking"]]
            required = [["smoking", "cancer"]]
            tiers = [["age", "sex"], ["smoking", "cancer"]]
            unlinked_tiers = [0]
        "#;
        let knowledge = parse(text, &names()).unwrap();
        assert!(knowledge.forbids(3, 2) && !knowledge.forbids(2, 3));
        assert!(knowledge.requires(2, 3));
        assert!(knowledge.forbids(2, 0) && knowledge.forbids(3, 1) && !knowledge.forbids(0, 3));
        assert!(knowledge.forbids_pair(0, 1));
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let unknown = parse("tiers = [[\"weight\"]]", &names())
            .unwrap_err()
            .to_string();
        assert!(unknown.contains("weight"), "{unknown}");
        let misspelt = parse("forbiden = []", &names()).unwrap_err().to_string();
        assert!(
            misspelt.contains("line 1") && misspelt.contains("forbiden"),
            "{misspelt}"
        );
    }
}
