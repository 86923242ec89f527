//! `tojson`, as Python's `json.dumps` writes it.

use minijinja::Error;
use minijinja::value::{Kwargs, Value, ValueKind};

use super::failed;

/// The filter: `tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)`, with no escapes for HTML.
pub(super) fn tojson(
    value: &Value,
    ensure_ascii: Option<Value>,
    options: Kwargs,
) -> Result<String, Error> {
    let named: Option<Value> = options.get("ensure_ascii")?;
    let indent: Option<Value> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let sort_keys: Option<bool> = options.get("sort_keys")?;
    options.assert_all_used()?;
    let indent = indent
        .map(|indent| indentation(&indent))
        .transpose()?
        .flatten();
    let between = if indent.is_some() { "," } else { ", " };
    let [item, key] = match separators.as_deref() {
        None => [between.to_owned(), ": ".to_owned()],
        Some([item, key]) => [item.clone(), key.clone()],
        Some(_) => return Err(failed("separators: expected two texts".to_owned())),
    };
    let mut writer = Writer {
        out: String::new(),
        ascii: ensure_ascii.or(named).is_some_and(|value| value.is_true()),
        sorted: sort_keys.unwrap_or(false),
        indent,
        item,
        key,
        depth: 0,
    };
    writer.value(value)?;
    Ok(writer.out)
}

fn indentation(indent: &Value) -> Result<Option<String>, Error> {
    let refused = || {
        failed(format!(
            "indent: expected at most 64 spaces or a text, found {indent}"
        ))
    };
    match indent.kind() {
        ValueKind::None | ValueKind::Undefined => Ok(None),
        ValueKind::String => Ok(indent
            .as_str()
            .filter(|text| text.len() <= 64)
            .map(str::to_owned)),
        ValueKind::Bool => Ok(Some(" ".repeat(usize::from(indent.is_true())))),
        _ => match indent.as_i64() {
            Some(n) if n <= 64 => Ok(Some(" ".repeat(usize::try_from(n).unwrap_or(0)))),
            _ => Err(refused()),
        },
    }
}

struct Writer {
    out: String,
    ascii: bool,
    sorted: bool,
    indent: Option<String>,
    item: String,
    key: String,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value.kind() {
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self
                .out
                .push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&number(value)),
            ValueKind::String => self.text(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.checked().collect::<Result<_, _>>()?;
                self.container(('[', ']'), &items, Writer::value)?;
            }
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.checked().collect::<Result<_, _>>()?;
                if self.sorted {
                    keys.sort();
                }
                self.container(('{', '}'), &keys, |writer, key| {
                    let name = match key.kind() {
                        ValueKind::String => key.as_str().unwrap_or_default().to_owned(),
                        ValueKind::None => "null".to_owned(),
                        ValueKind::Bool => key.is_true().to_string(),
                        ValueKind::Number => number(key),
                        other => return Err(failed(format!("tojson: {other} cannot be a key"))),
                    };
                    writer.text(&name);
                    writer.out.push_str(&writer.key.clone());
                    writer.value(&value.get_item(key)?)
                })?;
            }
            other => return Err(failed(format!("tojson: {other} has no JSON"))),
        }
        Ok(())
    }

    fn container(
        &mut self,
        (open, close): (char, char),
        items: &[Value],
        each: impl Fn(&mut Self, &Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.out.push(open);
        self.depth += 1;
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push_str(&self.item.clone());
            }
            self.new_line();
            each(self, item)?;
        }
        self.depth -= 1;
        if !items.is_empty() {
            self.new_line();
        }
        self.out.push(close);
        Ok(())
    }

    fn new_line(&mut self) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            self.out.push_str(&indent.repeat(self.depth));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        let escaped =
            |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\' || (self.ascii && byte >= 0x80);
        // Every such byte is the first of a character.
        while let Some(at) = rest.bytes().position(escaped) {
            self.out.push_str(&rest[..at]);
            let Some(char) = rest[at..].chars().next() else {
                break;
            };
            rest = &rest[at + char.len_utf8()..];
            match char {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                char => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.out.push_str(rest);
        self.out.push('"');
    }
}

fn number(value: &Value) -> String {
    match f64::try_from(value.clone()) {
        Ok(float) if !value.is_integer() && !float.is_finite() => match float {
            _ if float.is_nan() => "NaN".to_owned(),
            _ if float > 0.0 => "Infinity".to_owned(),
            _ => "-Infinity".to_owned(),
        },
        Ok(float) if !value.is_integer() => python_float(float),
        _ => value.to_string(),
    }
}

/// The shortest text that reads back, with an exponent where Python has one.
fn python_float(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{float:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = float.to_string();
    if text.contains('.') {
        text
    } else {
        text + ".0"
    }
}
