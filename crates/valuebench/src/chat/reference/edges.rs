//! Reading a list of edges in Python's notation out of a model's reply.

use std::fmt;
use std::str::CharIndices;

/// Why a reply is not a list of edges between the values. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeListError {
    /// Nothing is assigned to `edges`.
    #[error("line {lines}: expected a list `edges = [...]`, found the end of the text")]
    NoList {
        /// Number of lines.
        lines: usize,
    },
    /// The list is not in the notation that was asked for.
    #[error("line {line}: expected {expected}, found {found}")]
    Malformed {
        /// The line.
        line: usize,
        /// What could have stood there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Names that are no values.
    #[error("expected only values of the list, found {}", list(names))]
    UnknownValues {
        /// All of them, in their order.
        names: Vec<UnknownValue>,
    },
    /// An edge from a value to itself.
    #[error("line {line}: expected an edge between two values, found {value:?} twice")]
    Loop {
        /// The line.
        line: usize,
        /// The value.
        value: String,
    },
}

/// A name that is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValue {
    /// The line.
    pub line: usize,
    /// The name.
    pub name: String,
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} (line {})", self.name, self.line)
    }
}

fn list(names: &[UnknownValue]) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The edges of the last list in the reply, each once.
pub(super) fn parse(raw: &str, values: &[String]) -> Result<Vec<[String; 2]>, EdgeListError> {
    let start = last_list(raw).ok_or_else(|| EdgeListError::NoList {
        lines: raw.lines().count().max(1),
    })?;
    let mut unknown = Vec::new();
    let mut edges: Vec<[String; 2]> = Vec::new();
    for pair in Reader::new(raw, start).pairs()? {
        let mut known = |name: &Name| {
            let value = find(&name.text, values);
            if value.is_none() {
                unknown.push(UnknownValue {
                    line: name.line,
                    name: name.text.clone(),
                });
            }
            value
        };
        let [cause, effect] = &pair;
        let (Some(from), Some(to)) = (known(cause), known(effect)) else {
            continue;
        };
        if from == to {
            return Err(EdgeListError::Loop {
                line: effect.line,
                value: from.to_owned(),
            });
        }
        let edge = [from.to_owned(), to.to_owned()];
        if !edges.contains(&edge) {
            edges.push(edge);
        }
    }
    match unknown.is_empty() {
        true => Ok(edges),
        false => Err(EdgeListError::UnknownValues { names: unknown }),
    }
}

/// The value that a name means: spelt the same, or else but for case and underscores.
pub(super) fn find<'a>(name: &str, values: &'a [String]) -> Option<&'a str> {
    let alike = || values.iter().find(|value| plain(value) == plain(name));
    let same = values.iter().find(|value| *value == name).or_else(alike);
    same.map(String::as_str)
}

fn plain(name: &str) -> String {
    let words = name.split(|c: char| c == '_' || c.is_whitespace());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase()
}

/// Where the content of the last list `edges = [` begins.
fn last_list(raw: &str) -> Option<usize> {
    let starts = raw.match_indices("edges").filter_map(|(place, word)| {
        let before = raw[..place].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = raw[place + word.len()..].trim_start().strip_prefix('=')?;
        let rest = rest.trim_start().strip_prefix('[')?;
        Some(raw.len() - rest.len())
    });
    starts.last()
}

/// A name in quotes, and its line.
struct Name {
    text: String,
    line: usize,
}

struct Reader<'a> {
    raw: &'a str,
    rest: CharIndices<'a>,
    /// Where `rest` begins in `raw`.
    offset: usize,
}

impl<'a> Reader<'a> {
    fn new(raw: &'a str, offset: usize) -> Self {
        Self {
            raw,
            rest: raw[offset..].char_indices(),
            offset,
        }
    }

    /// The pairs up to the bracket that closes the list.
    fn pairs(mut self) -> Result<Vec<[Name; 2]>, EdgeListError> {
        let mut pairs = Vec::new();
        loop {
            match self.next() {
                Some(']') => return Ok(pairs),
                Some('[') => pairs.push(self.pair(']')?),
                Some('(') => pairs.push(self.pair(')')?),
                found => return Err(self.wrong("a pair such as ['Cause', 'Effect'], or ]", found)),
            }
            match self.next() {
                Some(',') => (),
                Some(']') => return Ok(pairs),
                found => return Err(self.wrong("a comma, or ]", found)),
            }
        }
    }

    fn pair(&mut self, end: char) -> Result<[Name; 2], EdgeListError> {
        let cause = self.name()?;
        match self.next() {
            Some(',') => (),
            found => return Err(self.wrong("a comma between cause and effect", found)),
        }
        let effect = self.name()?;
        let mut next = self.next();
        if next == Some(',') {
            next = self.next();
        }
        match next {
            Some(found) if found == end => Ok([cause, effect]),
            found => Err(self.wrong("the end of the pair", found)),
        }
    }

    fn name(&mut self) -> Result<Name, EdgeListError> {
        let quote = match self.next() {
            Some(quote @ ('\'' | '"')) => quote,
            found => return Err(self.wrong("a name in quotes", found)),
        };
        let line = self.line();
        let mut text = String::new();
        loop {
            match self.rest.next().map(|(_, found)| found) {
                Some(end) if end == quote => break,
                Some('\\') => text.extend(self.rest.next().map(|(_, escaped)| escaped)),
                Some('\n') => return Err(self.wrong("a closing quote", Some('\n'))),
                Some(other) => text.push(other),
                None => return Err(self.wrong("a closing quote", None)),
            }
        }
        Ok(Name { text, line })
    }

    /// The next character that is neither white space nor of a comment.
    fn next(&mut self) -> Option<char> {
        loop {
            let found = self.rest.next()?.1;
            if found == '#' {
                self.rest.find(|(_, c)| *c == '\n')?;
            } else if !found.is_whitespace() {
                return Some(found);
            }
        }
    }

    /// The line of the character that was read last.
    fn line(&self) -> usize {
        let read = &self.raw[..self.offset + self.rest.offset()];
        let before = read
            .char_indices()
            .next_back()
            .map_or(0, |(place, _)| place);
        1 + read[..before].matches('\n').count()
    }

    fn wrong(&self, expected: &'static str, found: Option<char>) -> EdgeListError {
        EdgeListError::Malformed {
            line: self.line(),
            expected,
            found: match found {
                Some('\n') => "the end of the line".to_owned(),
                Some(found) => format!("{found:?}"),
                None => "the end of the text".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Vec<String> {
        ["Empathy", "Positive coping", "Social", "social"]
            .map(str::to_owned)
            .into()
    }

    fn edges(raw: &str) -> Vec<[String; 2]> {
        parse(raw, &values()).unwrap()
    }

    fn error(raw: &str) -> String {
        parse(raw, &values()).unwrap_err().to_string()
    }

    #[test]
    fn what_models_write() {
        let reply = "Sure! My_edges = [ and in edges (below):\n```python\nedges = [\n\
            ['Empathy', \"positive_coping\"], # it's [good], 'really'\n\
            # ['Social', 'Empathy'],\n\
            (\"Social\", 'EMPATHY'),\n ['social', 'Positive  coping',],\n\
            ['Empathy', 'Positive coping']\n]\n```\nHope it helps: edges == [1]";
        assert_eq!(
            edges(reply),
            [
                ["Empathy", "Positive coping"],
                ["Social", "Empathy"],
                ["social", "Positive coping"]
            ]
        );
        assert!(edges("edges=[]").is_empty());
        assert!(edges("edges = [\n# none\n]").is_empty());
    }

    #[test]
    fn the_last_list_counts() {
        let reply = "edges = [['Cause_Value1', 'Effect_Value1']]\n\
                     edges = [['Social', 'Empathy']]";
        assert_eq!(edges(reply), [["Social", "Empathy"]]);
    }

    #[test]
    fn unknown_values_are_all_named() {
        let reply =
            "edges = [\n['Empathy', 'Kindness'],\n['Social', 'Empathy'],\n['Power', 'Greed']]";
        assert_eq!(
            error(reply),
            "expected only values of the list, found \"Kindness\" (line 2), \"Power\" (line 4), \
             \"Greed\" (line 4)"
        );
    }

    #[test]
    fn broken_lists_say_where() {
        for (reply, expected) in [
            (
                "",
                "line 1: expected a list `edges = [...]`, found the end of the text",
            ),
            (
                "a\nb",
                "line 2: expected a list `edges = [...]`, found the end of the text",
            ),
            (
                "edges = [\n['Empathy', 'Social'],\n['Soc",
                "line 3: expected a closing quote, found the end of the text",
            ),
            (
                "edges = [\n['Empathy', 'Social'],\n",
                "line 2: expected a pair such as ['Cause', 'Effect'], or ], found the end of the text",
            ),
            (
                "edges = [\n['Empathy', 'Social'] ['Social', 'Empathy']]",
                "line 2: expected a comma, or ], found '['",
            ),
            (
                "edges = [['Empathy']]",
                "line 1: expected a comma between cause and effect, found ']'",
            ),
            (
                "edges = [['Empathy', 'Social', 'x']]",
                "line 1: expected the end of the pair, found '\\''",
            ),
            (
                "edges = [[Empathy, Social]]",
                "line 1: expected a name in quotes, found 'E'",
            ),
            (
                "edges = [\n\n['Emp\nathy', 'Social']]",
                "line 3: expected a closing quote, found the end of the line",
            ),
            (
                "edges = [\n['Empathy',\n'empathy']]",
                "line 3: expected an edge between two values, found \"Empathy\" twice",
            ),
        ] {
            assert_eq!(error(reply), expected, "{reply:?}");
        }
    }

    #[test]
    fn any_prefix_of_a_reply_ends_in_edges_or_an_error() {
        let reply = "é edges = [ ['Empathy', 'Social'], # ü\n (\"social\", 'Positive_coping') ]";
        for (cut, _) in reply.char_indices() {
            assert!(parse(&reply[..cut], &values()).is_err());
        }
        assert_eq!(edges(reply).len(), 2);
    }
}
