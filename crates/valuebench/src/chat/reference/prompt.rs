//! Template 5 of the paper.

use serde_json::Value;

use super::edges::find;
use crate::Definitions;

const TASK: &str = "Construct a causal graph depicting the relationships among human values in \
    the list provided below.\n\n";

const REQUIREMENTS: &str = "\
Requirements

- Identify Causal Links: Determine which values influence others based on theoretical principles like Schwartz's Theory of Basic Human Values and common senses.
- Justify Relationships: Ensure that each causal link is conceptually sound, providing a brief explanation if necessary to clarify the rationale.
- Comprehensive Coverage: Aim to include as many relevant causal relationships as possible to create a robust and informative causal graph.
- Causal Relationships Format: Represent the causal relationships (edges) using the following format:

edges = [
    ['Cause_Value1', 'Effect_Value1'], # Explanation 1
    ['Cause_Value2', 'Effect_Value2'], # Explanation 2
    # Continue accordingly...
]
";

const EXAMPLE: &str = "
- Example:

edges = [
    ['Understanding', 'Empathy'],
    # Greater understanding leads to increased empathy.
    ['Resilience', 'Positive_coping'],
    # Resilience enhances positive coping mechanisms.
    ['Anxiety_Disorder', 'Uncertainty_Avoidance'],
    # Anxiety may increase the need to avoid uncertainty.
    ['Social_Cynicism', 'Social_Complexity'],
    # Cynicism might arise from perceiving social
    # structures as complex and untrustworthy.
]
";

const IN_EXAMPLE: [&str; 8] = [
    "Understanding",
    "Empathy",
    "Resilience",
    "Positive coping",
    "Anxiety Disorder",
    "Uncertainty Avoidance",
    "Social Cynicism",
    "Social Complexity",
];

pub(super) fn render(values: &[String], definitions: Option<&Definitions>) -> String {
    let names: Vec<_> = values
        .iter()
        .map(|value| Value::from(value.as_str()).to_string())
        .collect();
    let list = format!("[{}]\n\n", names.join(", "));
    let meanings = definitions
        .map(|known| meanings(values, known))
        .unwrap_or_default();
    let fits = IN_EXAMPLE.iter().all(|name| find(name, values).is_some());
    let example = if fits { EXAMPLE } else { "" };
    [TASK, &list, &meanings, REQUIREMENTS, example].concat()
}

/// Each different definition of each value, once.
fn meanings(values: &[String], known: &Definitions) -> String {
    let meaning = |value: &String| {
        let mut texts: Vec<&str> = Vec::new();
        for row in known.of(value) {
            let text = row.definition.as_str();
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        (!texts.is_empty()).then(|| format!("- {value}: {}\n", texts.join(" ")))
    };
    let lines: String = values.iter().filter_map(meaning).collect();
    match lines.is_empty() {
        true => lines,
        false => format!("Definitions\n\n{lines}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_example_stays_only_where_all_its_values_are() {
        let all = names(&IN_EXAMPLE);
        let prompt = render(&all, None);
        assert!(prompt.starts_with(TASK));
        assert!(prompt.contains("\n[\"Understanding\", \"Empathy\", \"Resilience\", "));
        assert!(prompt.ends_with(EXAMPLE));
        assert!(!render(&all[1..], None).contains("'Empathy'"));
    }

    #[test]
    fn definitions_follow_the_list() {
        let csv = "questionnaire,value,definition\nA,Empathy,To feel with others\n\
                   B,Empathy,To feel with others\nC,Empathy,To understand\n";
        let known = Definitions::from_reader(csv.as_bytes()).unwrap();
        let prompt = render(&names(&["Social", "Empathy"]), Some(&known));
        let expected = "[\"Social\", \"Empathy\"]\n\nDefinitions\n\n\
                        - Empathy: To feel with others To understand\n\nRequirements\n";
        assert!(prompt.contains(expected), "{prompt}");
        assert!(!render(&names(&["Social"]), Some(&known)).contains("Definitions"));
    }
}
