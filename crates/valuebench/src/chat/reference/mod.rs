//! Causal graphs that a language model draws among the values.

mod edges;
mod prompt;

pub use edges::{EdgeListError, UnknownValue};

use super::{ChatClient, ChatError, ChatQuestion, ChatSampling, Message};
use crate::Definitions;

/// A causal graph among values as a language model sees it, asked for with the paper's Template 5
/// (Appendix A.3). The paper sets such graphs beside the one that it discovers.
///
/// ```
/// use valuebench::chat::ReferenceGraph;
///
/// let values = ["Empathy".to_owned(), "Positive coping".to_owned()];
/// let reply = "\
/// edges = [
///     ['Empathy', 'Positive_coping'],  # it's easier together
/// ]";
/// let graph = ReferenceGraph::parse(reply, &values)?;
/// assert_eq!(graph.edges, [["Empathy".to_owned(), "Positive coping".to_owned()]]);
/// # Ok::<(), valuebench::chat::EdgeListError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceGraph {
    /// Cause and effect of each edge, in the values' own spelling, in the order of the reply, each
    /// once. There may be cycles.
    pub edges: Vec<[String; 2]>,
    /// The whole reply.
    pub raw: String,
}

/// Why there is no reference graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The model was not reached, or gave no reply.
    #[error("no reference graph: {0}")]
    Chat(#[from] ChatError),
    /// The reply is not a list of edges between the values.
    #[error("reply of the model, {problem}")]
    Edges {
        /// What is wrong with it.
        problem: EdgeListError,
        /// The whole reply.
        raw: String,
    },
}

impl ReferenceGraph {
    /// The text that asks for a graph among the values: Template 5. With definitions, those of the
    /// values follow their names, which the template does not have. Its example of four edges is
    /// left out where one of the eight values in it is not among `values`.
    pub fn prompt(values: &[String], definitions: Option<&Definitions>) -> String {
        prompt::render(values, definitions)
    }

    /// Asks a model for a graph among the values.
    ///
    /// # Errors
    ///
    /// [`ReferenceError::Chat`] without a reply, [`ReferenceError::Edges`] for one that is not a
    /// list of edges between the values; it holds the reply.
    pub fn ask(
        client: &ChatClient,
        values: &[String],
        definitions: Option<&Definitions>,
        sampling: &ChatSampling,
    ) -> Result<Self, ReferenceError> {
        let question = [Message::user(Self::prompt(values, definitions))];
        let raw = client.ask(&ChatQuestion::Chat(&question), sampling)?.text;
        Self::parse(&raw, values).map_err(|problem| ReferenceError::Edges { problem, raw })
    }

    /// Reads a reply: the last list that is assigned to `edges`, in Python's notation. Pairs stand
    /// in brackets or parentheses, names in single or double quotes; comments are skipped. A name
    /// is that of a value if it differs at most in upper and lower case, and in underscores for
    /// spaces.
    ///
    /// # Errors
    ///
    /// [`EdgeListError`] for a reply without such a list, one that is broken or cut off, names
    /// that are no values (all of them are named), and edges from a value to itself.
    pub fn parse(raw: &str, values: &[String]) -> Result<Self, EdgeListError> {
        Ok(Self {
            edges: edges::parse(raw, values)?,
            raw: raw.to_owned(),
        })
    }
}
