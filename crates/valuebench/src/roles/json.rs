//! The JSON format of the released role files.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::ser::Formatter;

use super::{Role, RoleSet};
use crate::output::write_whole;
use crate::sheet::INPUT;
use crate::{ReadError, WriteError, json};

impl RoleSet {
    /// Reads roles from a JSON file in the released form. `bio2` and `bio3` may be missing.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the place: for text that is not UTF-8 or not JSON, empty or repeated
    /// names, roles without a `mini_trait`, unknown keys, other types than texts, and files
    /// without a role.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        not_empty(path.display().to_string(), json::from_path(path, EXPECTED)?)
    }

    /// Reads roles from JSON text in the released form.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path); the file is called `<input>`.
    pub fn from_reader(reader: impl Read) -> Result<Self, ReadError> {
        not_empty(INPUT.to_owned(), json::from_reader(reader, EXPECTED)?)
    }

    /// Writes the roles as a JSON file in the released form, under a temporary name first.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the file cannot be made; a file of that name stays as it was.
    pub fn write_json(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_whole(path.as_ref(), |out| self.write_to(out))
    }

    /// The roles as JSON text in the released form: on one line, spelled as Python's `json.dump`
    /// does, but with letters outside ASCII as they are.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).expect("memory takes every text");
        String::from_utf8(bytes).expect("UTF-8 texts make a UTF-8 text")
    }

    fn write_to(&self, out: impl Write) -> io::Result<()> {
        let mut serializer = serde_json::Serializer::with_formatter(out, PythonStyle);
        Ok(self.serialize(&mut serializer)?)
    }
}

const EXPECTED: &str = "an object with at least one role";

fn not_empty(file: String, roles: RoleSet) -> Result<RoleSet, ReadError> {
    match roles.is_empty() {
        false => Ok(roles),
        true => Err(ReadError::Empty {
            file,
            expected: EXPECTED.to_owned(),
            found: "an empty object",
        }),
    }
}

/// What stands under a role's name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the key `mini_trait`")]
struct Bios {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bio2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bio3: Option<String>,
    #[serde(default)]
    mini_trait: String,
}

impl Serialize for RoleSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for role in self {
            let bios = Bios {
                bio2: role.second_person.clone(),
                bio3: role.third_person.clone(),
                mini_trait: role.bio.clone(),
            };
            map.serialize_entry(&role.name, &bios)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RoleSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RolesByName)
    }
}

struct RolesByName;

impl<'de> Visitor<'de> for RolesByName {
    type Value = RoleSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the roles by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RoleSet, A::Error> {
        let mut roles = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name.is_empty() {
                let problem = "expected the name of a role, found an empty one";
                return Err(de::Error::custom(problem));
            }
            if !names.insert(name.clone()) {
                let problem = format!("expected each role once, found {name:?} again");
                return Err(de::Error::custom(problem));
            }
            let bios: Bios = map.next_value()?;
            if bios.mini_trait.trim().is_empty() {
                let problem = format!("role {name:?}: expected a text `mini_trait`, found none");
                return Err(de::Error::custom(problem));
            }
            roles.push(Role {
                name,
                bio: bios.mini_trait,
                second_person: bios.bio2,
                third_person: bios.bio3,
            });
        }
        Ok(RoleSet { roles })
    }
}

/// `{"a": 1, "b": 2}`, as Python writes it.
struct PythonStyle;

impl Formatter for PythonStyle {
    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_released_spelling_survives() {
        let json = r#"{"Ada \"A\" Quill": {"bio2": "You\nare", "bio3": "Zoë", "mini_trait": "x, y: z"}, "B": {"mini_trait": "b"}}"#;
        let roles = RoleSet::from_reader(json.as_bytes()).unwrap();
        assert_eq!(roles.to_json(), json);
        assert_eq!(roles.get("B").unwrap().second_person, None);
    }

    #[test]
    fn a_byte_order_mark_and_lines_are_fine() {
        let json = "\u{feff}{\n  \"B\": {\n    \"mini_trait\": \"b\"\n  }\n}\n";
        let roles = RoleSet::from_reader(json.as_bytes()).unwrap();
        assert_eq!(roles.to_json(), r#"{"B": {"mini_trait": "b"}}"#);
    }

    #[test]
    fn files_are_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roles.json");
        let roles = RoleSet::generate(3, 4);
        roles.write_json(&path).unwrap();
        assert_eq!(RoleSet::from_path(&path).unwrap(), roles);
    }
}
