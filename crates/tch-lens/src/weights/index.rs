//! The index of a checkpoint in shards, and JSON objects in which a name may stand once.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::marker::PhantomData;
use std::path::{Component, Path};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::{LoadError, file};

#[derive(serde::Deserialize)]
struct Index {
    weight_map: Pairs<String>,
}

pub(super) fn read_index(path: &Path) -> Result<Vec<(String, String)>, LoadError> {
    let text = file::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    let index: Index = serde_json::from_slice(&text).map_err(|source| LoadError::Json {
        path: path.to_owned(),
        source,
    })?;
    Ok(index.weight_map.0)
}

/// The files that an index names, each once.
pub(crate) fn shards(path: &Path) -> Result<BTreeSet<String>, LoadError> {
    let named = read_index(path)?;
    Ok(named.into_iter().map(|(_, file)| file).collect())
}

pub(super) fn is_plain_file_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(components.next(), Some(Component::Normal(part)) if part == name)
        && components.next().is_none()
        && !name.contains(['/', '\\'])
}

/// The members of a JSON object in the order of the text. Maps keep the last of two members of one name without a word.
pub(super) struct Pairs<V>(pub(super) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let (mut seen, mut pairs) = (HashSet::new(), Vec::new());
                while let Some((name, value)) = map.next_entry::<String, V>()? {
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("\"{name}\" is there twice")));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}
