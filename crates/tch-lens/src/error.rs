//! What can go wrong, each with what was being done, what was expected and what was found.

use std::io;
use std::path::PathBuf;

use tch::TchError;

use crate::TorchError;
use crate::words::counted;

/// Why a checkpoint, a tokenizer or a sparse autoencoder could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file could not be opened or read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A JSON file is not JSON, or lacks a field, or has one of another type.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        source: serde_json::Error,
    },
    /// A setting has a value that cannot be.
    #[error("{}: {field}: expected {expected}, found {found}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting's name in the file.
        field: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A weights file (safetensors, npz) is damaged, cut short or hostile.
    #[error("{}: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor that the settings ask for is not there.
    #[error("{}: tensor \"{name}\" is missing", path.display())]
    MissingTensor {
        /// The file or folder.
        path: PathBuf,
        /// The tensor's name.
        name: String,
    },
    /// A tensor has another shape than the settings say.
    #[error("{}: tensor \"{name}\" has shape {found:?}, expected {expected:?}", path.display())]
    Shape {
        /// The file or folder.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// The shape that the settings ask for.
        expected: Vec<i64>,
        /// The shape that it has.
        found: Vec<i64>,
    },
    /// A tensor's numbers are of a type that weights cannot have.
    #[error("{}: tensor \"{name}\" holds {found}, expected one of F64, F32, F16 and BF16", path.display())]
    Dtype {
        /// The file or folder.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// Its type.
        found: String,
    },
    /// The checkpoint is of a model that this crate does not know.
    #[error("{}: unknown architecture \"{found}\", known are {known}", path.display())]
    UnknownArchitecture {
        /// The file.
        path: PathBuf,
        /// The architecture's name in the file.
        found: String,
        /// The names that are known.
        known: String,
    },
    /// The checkpoint's model has a part that this crate does not compute.
    #[error("{}: the model has {part}, which this crate does not compute; it computes {known}", path.display())]
    NotComputed {
        /// The file.
        path: PathBuf,
        /// The part, with the setting that says so.
        part: String,
        /// The architectures that are known.
        known: String,
    },
    /// tokenizer.json cannot be used.
    #[error("{}: {reason}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A chat template has a mistake in it.
    #[error("{}: chat template: {reason}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line of the template.
        reason: String,
    },
    /// Something cannot be had by its name.
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
    /// The device that was asked for cannot be had.
    #[error(transparent)]
    Device(#[from] crate::DeviceError),
    /// libtorch failed.
    #[error("while {doing}: {source}")]
    Torch {
        /// What was being done.
        doing: String,
        /// libtorch's message.
        source: TorchError,
    },
}

/// Why a model that is open could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// libtorch failed.
    #[error("while {doing}: {source}")]
    Torch {
        /// What was being done, with the layer where there is one.
        doing: String,
        /// libtorch's message.
        source: TorchError,
    },
    /// The model has no hook point of that name.
    #[error("unknown hook point \"{name}\"; this model has {available}")]
    UnknownHookPoint {
        /// The name.
        name: String,
        /// The names that there are, layers as `0..18`.
        available: String,
    },
    /// A hook failed or gave back a tensor of another shape or type.
    #[error("hook at {point}: {reason}")]
    Hook {
        /// Where it sits.
        point: String,
        /// What is wrong.
        reason: String,
    },
    /// A request cannot be carried out as it stands: its prompt, span, steering or sampling settings.
    #[error("{what}: expected {expected}, found {found}")]
    Request {
        /// The part of the request.
        what: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The model gave no numbers to choose a token by.
    #[error(
        "{what}: expected numbers, found NaN or infinity: the model overflows in this precision, or a steer or hook is too \
         strong"
    )]
    NotNumbers {
        /// Whose logits, and for which token.
        what: String,
    },
    /// Why one of several requests cannot be carried out.
    #[error("request {number}: {source}")]
    InRequest {
        /// Which one, counted from 0.
        number: usize,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// A sparse autoencoder and a model that do not belong together.
    #[error("the sparse autoencoder does not fit the model: {reason}")]
    Fit {
        /// The setting in which they differ, and both values.
        reason: String,
    },
    /// A text could not be turned into tokens, or tokens into text.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A chat template is wrong or refused its messages.
    #[error("chat template: {0}")]
    Template(String),
    /// The device ran out of memory, and smaller batches did not help.
    #[error("out of memory with {rows} of up to {tokens} in the batch: {source}", rows = counted(rows, "row"), tokens = counted(tokens, "token"))]
    OutOfMemory {
        /// Rows in the batch.
        rows: usize,
        /// Tokens per row.
        tokens: usize,
        /// libtorch's message.
        source: TorchError,
    },
    /// The run was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// A request, or a part of one, that cannot be carried out.
pub(crate) fn request(
    what: impl Into<String>,
    expected: impl Into<String>,
    found: impl ToString,
) -> Error {
    Error::Request {
        what: what.into(),
        expected: expected.into(),
        found: found.to_string(),
    }
}

/// For `?` on libtorch's own results inside a hook; the pass that called it adds where it was.
impl From<TchError> for Error {
    fn from(source: TchError) -> Self {
        Self::Torch {
            doing: "computing".to_owned(),
            source: source.into(),
        }
    }
}

/// Says where a failure of libtorch happened.
pub(crate) trait Within {
    fn within(self, what: impl FnOnce() -> String) -> Self;
}

impl<T> Within for Result<T, Error> {
    fn within(self, what: impl FnOnce() -> String) -> Self {
        self.map_err(|error| match error {
            Error::Torch { source, .. } => Error::Torch {
                doing: what(),
                source,
            },
            other => other,
        })
    }
}

/// Says what was being done when libtorch failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error>;
    fn loading(self, what: impl FnOnce() -> String) -> Result<T, LoadError>;
}

impl<T> Doing<T> for Result<T, TchError> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Torch {
            doing: what(),
            source: source.into(),
        })
    }

    fn loading(self, what: impl FnOnce() -> String) -> Result<T, LoadError> {
        self.map_err(|source| LoadError::Torch {
            doing: what(),
            source: source.into(),
        })
    }
}
