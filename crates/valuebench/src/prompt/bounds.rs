//! What a template of one's own may cost: it may come with a study from anywhere, and must neither
//! run for long nor fill the memory.
//!
//! minijinja counts instructions but not bytes, so text that grows within an expression is bounded
//! by what a template may say: few operators that join texts or make lists once there are variables
//! to keep the result in, none that repeats, no captured text, no filter whose result has no bound.

use std::io;
use std::str::CharIndices;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Template, Value, filters, tests};

use super::PromptError;

/// The longest template, in bytes.
const MAX_SOURCE: usize = 64 << 10;

/// The longest text that a template may make, in bytes.
const MAX_TEXT: usize = 256 << 10;

/// Instructions per prompt: a variable takes two or three.
const FUEL: u64 = 5_000;

/// The longest code of a tag, quoted text not counted, in bytes: what reads it goes down a step per
/// operator.
const MAX_TAG: usize = 2_000;

/// The most `elif` in a template, each of which lies within the one before.
const MAX_BRANCHES: usize = 100;

/// How often a template with variables of its own may double a text or a list.
const MAX_DOUBLINGS: usize = 6;

/// Refuses a template that is too long to be read.
pub(super) fn check_size(source: &str) -> Result<(), PromptError> {
    let found = source.len();
    match found <= MAX_SOURCE {
        true => Ok(()),
        false => Err(refused(
            1,
            ErrorKind::SyntaxError,
            format!("expected at most {MAX_SOURCE} bytes, found {found}"),
        )),
    }
}

/// Gives an empty environment its limits, and the filters and tests that keep to them.
pub(super) fn set(environment: &mut Environment<'_>) {
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(|out, state, value| match value.kind() {
        ValueKind::String | ValueKind::Number => minijinja::escape_formatter(out, state, value),
        kind => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("expected text or a number to put in, found {kind}"),
        )),
    });
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("default", filters::default);
    environment.add_filter("length", filters::length);
    environment.add_filter("replace", replace);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
    environment.add_test("string", tests::is_string);
}

fn replace(text: String, from: String, to: String) -> Result<String, Error> {
    let most = text.len() + text.matches(&from).count() * to.len();
    match most <= MAX_TEXT {
        true => Ok(text.replace(&from, &to)),
        false => Err(too_long()),
    }
}

fn too_long() -> Error {
    let limit = format!("expected a text of at most {MAX_TEXT} bytes, found more");
    Error::new(ErrorKind::WriteFailure, limit)
}

/// Renders up to the longest text.
pub(super) fn render(template: &Template<'_, '_>, variables: Value) -> Result<String, Error> {
    let mut text = Bounded(Vec::new());
    let rendered = template.render_captured_to(variables, &mut text);
    if text.0.len() > MAX_TEXT {
        return Err(too_long());
    }
    rendered?;
    String::from_utf8(text.0).map_err(|error| {
        Error::new(ErrorKind::WriteFailure, "expected UTF-8 text").with_source(error)
    })
}

/// A text that ends at the first byte above its limit.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = (MAX_TEXT + 1).saturating_sub(self.0.len());
        if left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let taken = &bytes[..bytes.len().min(left)];
        self.0.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses a template whose expressions could grow without a bound, or nest too deeply to be read.
pub(super) fn check_growth(source: &str) -> Result<(), PromptError> {
    let mut doublings = Vec::new();
    let (mut keeps, mut branches) = (false, 0);
    for tag in Tags::of(source) {
        if let Some(found) = tag.refused() {
            let problem = format!("expected none of {REFUSED}, found {found}");
            return Err(refused(tag.line, ErrorKind::InvalidOperation, problem));
        }
        let grows = tag.code.chars().filter(|c| matches!(c, '~' | '+' | ','));
        doublings.extend(grows.map(|_| tag.line));
        keeps |= matches!(tag.statement(), Some("set" | "for" | "with"));
        branches += usize::from(tag.statement() == Some("elif"));
        if branches > MAX_BRANCHES {
            let problem = format!("expected at most {MAX_BRANCHES} `elif`, found more");
            return Err(refused(tag.line, ErrorKind::InvalidOperation, problem));
        }
    }
    match doublings.get(MAX_DOUBLINGS) {
        Some(&line) if keeps => {
            let found = doublings.len();
            let problem = format!(
                "expected at most {MAX_DOUBLINGS} of `~`, `+` and `,` beside variables of its own, found {found}"
            );
            Err(refused(line, ErrorKind::InvalidOperation, problem))
        }
        _ => Ok(()),
    }
}

const REFUSED: &str =
    "macros, calls, includes, `set` of a block, recursive loops, `*` and tags above 2000 bytes";

/// A statement or an expression, without its delimiters and with every quoted text left out.
struct Tag {
    line: usize,
    is_statement: bool,
    code: String,
}

impl Tag {
    fn words(&self) -> impl Iterator<Item = &str> {
        let parts = self.code.split(|c: char| !c.is_alphanumeric() && c != '_');
        parts.filter(|word| !word.is_empty())
    }

    /// What of it no template may have.
    fn refused(&self) -> Option<String> {
        if self.code.len() > MAX_TAG {
            return Some(format!("a tag of {} bytes", self.code.len()));
        }
        if self.code.contains('*') {
            return Some("`*`".to_owned());
        }
        match self.statement()? {
            "set" if self.captures() => Some("a `set` of a block".to_owned()),
            "for" if self.words().any(|word| word == "recursive") => {
                Some("a recursive loop".to_owned())
            }
            "set" | "for" | "with" | "if" | "elif" | "else" => None,
            "endif" | "endfor" | "endset" | "endwith" => None,
            other => Some(format!("the statement `{other}`")),
        }
    }

    fn statement(&self) -> Option<&str> {
        self.words().next().filter(|_| self.is_statement)
    }

    /// Whether a `set` lacks its `=` and so keeps the text up to `endset`.
    fn captures(&self) -> bool {
        let is_target = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.,()".contains(c);
        let rest = self.code.trim_start().trim_start_matches(is_target);
        !rest.starts_with('=')
    }
}

/// The tags of a template, as minijinja tells them from the text. Where that sees none because the
/// template is not a valid one, it does not matter what is seen here.
struct Tags<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Tags<'a> {
    fn of(source: &'a str) -> Self {
        Self {
            source,
            at: 0,
            line: 1,
        }
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        self.line += self.rest()[..bytes].matches('\n').count();
        self.at += bytes;
    }

    /// Moves behind the next occurrence of a mark, or to the end.
    fn skip_past(&mut self, mark: &str) {
        let rest = self.rest();
        self.advance(
            rest.find(mark)
                .map_or(rest.len(), |place| place + mark.len()),
        );
    }

    /// Moves behind the `{% endraw %}`: whatever stands before it is text.
    fn skip_raw(&mut self) {
        while self.at < self.source.len() {
            self.skip_past("{%");
            if let Some(rest) = after_end_of_raw(self.rest()) {
                return self.advance(self.rest().len() - rest.len());
            }
        }
    }

    /// The code of the tag that begins here, up to its end.
    fn code(&mut self, end: &str) -> String {
        let mut code = String::new();
        let mut open = 0_isize;
        let rest = self.rest();
        let mut letters = rest.char_indices();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '\'' | '"' => skip_quoted(&mut letters, letter),
                // As in minijinja: between brackets nothing ends a tag.
                _ if open == 0 && rest[place..].starts_with(end) => {
                    self.advance(place + end.len());
                    return without_marks(&code).to_owned();
                }
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' => open -= 1,
                _ => {}
            }
            code.push(letter);
        }
        self.advance(rest.len());
        code
    }
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let rest = self.rest();
            let begins =
                |&(place, _): &(usize, &str)| rest[place + 1..].starts_with(['{', '%', '#']);
            let (place, _) = rest.match_indices('{').find(begins)?;
            let kind = rest.as_bytes()[place + 1];
            self.advance(place + 2);
            let line = self.line;
            let code = match kind {
                b'#' => {
                    self.skip_past("#}");
                    continue;
                }
                b'%' => self.code("%}"),
                _ => self.code("}}"),
            };
            let tag = Tag {
                line,
                is_statement: kind == b'%',
                code,
            };
            match tag.statement() {
                Some("raw") => self.skip_raw(),
                _ => return Some(tag),
            }
        }
    }
}

/// What follows `endraw %}`, if a text begins with that.
fn after_end_of_raw(text: &str) -> Option<&str> {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let text = text
        .trim_ascii_start()
        .strip_prefix("endraw")?
        .trim_ascii_start();
    text.strip_prefix(['-', '+'])
        .unwrap_or(text)
        .strip_prefix("%}")
}

/// The marks for white space at either end, which are no operators.
fn without_marks(code: &str) -> &str {
    let code = code.strip_prefix(['-', '+']).unwrap_or(code);
    code.strip_suffix(['-', '+']).unwrap_or(code)
}

fn skip_quoted(letters: &mut CharIndices<'_>, quote: char) {
    while let Some((_, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            _ if letter == quote => return,
            _ => {}
        }
    }
}

pub(super) fn refused(line: usize, kind: ErrorKind, problem: String) -> PromptError {
    PromptError::Template {
        line,
        problem: format!("{kind}: {problem}"),
        source: Error::new(kind, problem),
    }
}
