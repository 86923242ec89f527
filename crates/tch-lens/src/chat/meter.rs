//! What a template may cost, and what its operators, filters and tests do.
//!
//! A [`Meter`] is charged for every byte that a text is made of and for every value that is looked at, before the work is
//! done. What a template makes is thereby never more than its allowance, and the time it takes is in proportion.

use std::cmp::Ordering;

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::{Rest, Tuple, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State};
use minijinja_contrib::pycompat;

use super::ordered;
use super::{ALLOWANCE, failed};

/// What looking at a value costs beside its bytes, and so about what it takes.
const VALUE: u64 = 32;
/// Lists within lists that are looked into.
const DEEPEST: usize = 64;

/// What is left of a rendering's allowance.
struct Meter {
    left: u64,
}

impl Meter {
    fn of<'a>(state: &'a mut State<'_, '_>) -> &'a mut Self {
        state.get_or_insert_extension(Self { left: 0 })
    }

    fn charge(&mut self, cost: u64) -> Result<(), Error> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(failed(
                "it makes more text than a chat of that length can need".to_owned(),
            )),
        }
    }

    /// Charges for `value` with all that is in it.
    fn weigh(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(failed(format!(
                "expected at most {DEEPEST} lists or maps within each other"
            )));
        }
        self.charge(VALUE)?;
        match value.kind() {
            ValueKind::String => self.charge(value.as_str().map_or(0, str::len) as u64),
            ValueKind::Bytes => self.charge(value.as_bytes().map_or(0, <[u8]>::len) as u64),
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter()?.checked() {
                    self.weigh(&item?, depth + 1)?;
                }
                Ok(())
            }
            ValueKind::Map => {
                for key in value.try_iter()?.checked() {
                    let key = key?;
                    self.weigh(&key, depth + 1)?;
                    self.weigh(&value.get_item(&key)?, depth + 1)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn weigh_all(&mut self, values: &[Value]) -> Result<(), Error> {
        values.iter().try_for_each(|value| self.weigh(value, 0))
    }
}

/// Adds what [`metered`](super::metered) templates call.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_function("__begin", begin);
    environment.add_function("__ops", operations);
    environment.add_function("__filter", filter);
    environment.add_function("__test", test);
    environment.add_function("__slice", slice);
    environment.add_function("__map", map);
    environment.add_function("__list", list);
    environment.add_function("__tuple", tuple);
    environment.add_function("__make", make);
    environment.set_unknown_method_callback(method);
    environment.set_formatter(|out, state, value| {
        Meter::of(state).weigh(value, 0)?;
        write!(out, "{value}").map_err(Error::from)
    });
}

/// Takes the allowance, which nothing before this could have changed.
fn begin(state: &mut State<'_, '_>) -> &'static str {
    let left = state.lookup(ALLOWANCE).and_then(|given| given.as_usize());
    Meter::of(state).left = left.unwrap_or(0) as u64;
    ""
}

/// `a op b op c`, from left to right.
fn operations(state: &mut State<'_, '_>, values: Rest<Value>) -> Result<Value, Error> {
    let mut values = values.0.into_iter();
    let mut left = values.next().unwrap_or_default();
    while let (Some(operator), Some(right)) = (values.next(), values.next()) {
        left = operation(state, left, operator.as_str().unwrap_or_default(), right)?;
    }
    Ok(left)
}

fn operation(
    state: &mut State<'_, '_>,
    left: Value,
    operator: &str,
    right: Value,
) -> Result<Value, Error> {
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    let both = [left, right];
    let meter = Meter::of(state);
    match operator {
        "+" if both.iter().all(is_list) => return joined(meter, &both),
        "*" if both
            .iter()
            .any(|value| is_list(value) || value.as_str().is_some()) =>
        {
            return repeated(meter, &both);
        }
        "%" if both[0].as_str().is_some() => {
            let [text, arguments] = both;
            let arguments = match arguments.is_tuple() {
                true => arguments.try_iter()?.collect(),
                false => vec![arguments],
            };
            return formatted(meter, FormatStyle::Printf, &text, &arguments);
        }
        _ => meter.weigh_all(&both)?,
    }
    let [left, right] = &both;
    let ordered = |wanted: fn(Ordering) -> bool| Value::from(wanted(left.cmp(right)));
    Ok(match operator {
        "==" => Value::from(left == right),
        "!=" => Value::from(left != right),
        "<" => ordered(Ordering::is_lt),
        "<=" => ordered(Ordering::is_le),
        ">" => ordered(Ordering::is_gt),
        ">=" => ordered(Ordering::is_ge),
        "in" => Value::from(state.perform_test("in", &both)?),
        "not in" => Value::from(!state.perform_test("in", &both)?),
        "~" => Value::from(format!("{left}{right}")),
        _ => match (left.as_str(), right.as_str()) {
            (Some(left), Some(right)) if operator == "+" => Value::from([left, right].concat()),
            _ => arithmetic(left, operator, right)?,
        },
    })
}

/// One list of the items of both. What the items hold is shared, not copied.
fn joined(meter: &mut Meter, lists: &[Value; 2]) -> Result<Value, Error> {
    let mut items = Vec::new();
    for list in lists {
        for item in list.try_iter()?.checked() {
            meter.charge(VALUE / 4)?;
            items.push(item?);
        }
    }
    Ok(Value::from(items))
}

/// A text or list so many times.
fn repeated(meter: &mut Meter, both: &[Value; 2]) -> Result<Value, Error> {
    let [left, right] = both;
    let (what, times) = match (left.as_usize(), right.as_usize()) {
        (_, Some(times)) => (left, times),
        (Some(times), _) => (right, times),
        // Python takes what is below 0 for 0.
        _ if left.as_i64().is_some() => (right, 0),
        _ if right.as_i64().is_some() => (left, 0),
        _ => return Err(unsupported("*", left, right)),
    };
    if let Some(text) = what.as_str() {
        meter.charge((text.len() as u64).saturating_mul(times as u64))?;
        return Ok(Value::from(text.repeat(times)));
    }
    let mut items = Vec::new();
    for _ in 0..times {
        meter.charge(1)?;
        for item in what.try_iter()?.checked() {
            meter.charge(VALUE)?;
            items.push(item?);
        }
    }
    Ok(Value::from(items))
}

/// Python's arithmetic on whole numbers and floats.
fn arithmetic(left: &Value, operator: &str, right: &Value) -> Result<Value, Error> {
    let impossible = || failed(format!("{left} {operator} {right} is no number"));
    let whole = |value: &Value| match value.kind() {
        ValueKind::Bool => Some(i128::from(value.is_true())),
        ValueKind::Number if !value.is_integer() => None,
        _ => i128::try_from(value.clone()).ok(),
    };
    let float = |value: &Value| match value.kind() {
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        _ => f64::try_from(value.clone()).ok(),
    };
    if let (Some(a), Some(b)) = (whole(left), whole(right)) {
        let floor = |a: i128, b: i128| {
            let quotient = a.checked_div(b)?;
            let below = a.checked_rem(b)? != 0 && (a < 0) != (b < 0);
            Some(quotient - i128::from(below))
        };
        let result = match operator {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            "//" => floor(a, b),
            "%" => floor(a, b).and_then(|quotient| a.checked_sub(quotient.checked_mul(b)?)),
            "**" if b >= 0 => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            _ => return float_arithmetic(a as f64, operator, b as f64).ok_or_else(impossible),
        };
        let result = result.ok_or_else(impossible)?;
        return Ok(i64::try_from(result).map_or_else(|_| Value::from(result), Value::from));
    }
    match (float(left), float(right)) {
        (Some(a), Some(b)) => float_arithmetic(a, operator, b).ok_or_else(impossible),
        _ => Err(unsupported(operator, left, right)),
    }
}

fn float_arithmetic(a: f64, operator: &str, b: f64) -> Option<Value> {
    let divides = ["/", "//", "%"].contains(&operator);
    if divides && b == 0.0 {
        return None;
    }
    Some(Value::from(match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => (a / b).floor(),
        "%" => a - b * (a / b).floor(),
        "**" => a.powf(b),
        _ => return None,
    }))
}

fn unsupported(operator: &str, left: &Value, right: &Value) -> Error {
    let (left, right) = (left.kind(), right.kind());
    failed(format!("{left} {operator} {right} is not defined"))
}

fn filter(
    state: &mut State<'_, '_>,
    name: &str,
    values: Rest<ValueOrKwargs>,
) -> Result<Value, Error> {
    let values = values.into_values();
    let meter = Meter::of(state);
    meter.weigh_all(&values)?;
    if let Some((value, arguments)) = values.split_first() {
        match name {
            "join" => charge_join(meter, value, arguments.first().and_then(Value::as_str))?,
            "replace" => charge_replace(meter, value, arguments)?,
            "format" => return formatted(meter, FormatStyle::Printf, value, arguments),
            // An escape takes up to six bytes.
            "tojson" => (0..6).try_for_each(|_| meter.weigh(value, 0))?,
            _ => {}
        }
    }
    // How far is indented, and how many parts are made, may be any number.
    if ["indent", "batch", "slice"].contains(&name) {
        let lines = values.first().map_or(1, |value| match value.as_str() {
            Some(text) => 1 + text.matches('\n').count(),
            None => 1,
        });
        for number in numbers(&values) {
            meter.charge(number.saturating_mul(lines as u64).saturating_mul(VALUE))?;
        }
    }
    let result = state.apply_filter(name, &values)?;
    whole(state, result)
}

/// The numbers among the arguments, named ones included.
fn numbers(values: &[Value]) -> impl Iterator<Item = u64> {
    let named = values.last().filter(|last| last.is_kwargs());
    let named = named
        .and_then(|named| named.as_object())
        .and_then(minijinja::value::DynObject::try_iter_pairs);
    let named = named.into_iter().flatten().map(|(_, value)| value);
    let numbers = values.iter().skip(1).cloned().chain(named);
    numbers
        .filter_map(|value| value.as_usize())
        .map(|number| number as u64)
}

fn test(state: &mut State<'_, '_>, name: &str, values: Rest<ValueOrKwargs>) -> Result<bool, Error> {
    let values = values.into_values();
    // The others look at the kind of a value, not into it.
    let kinds = [
        "defined",
        "undefined",
        "none",
        "string",
        "mapping",
        "iterable",
        "sequence",
        "number",
        "integer",
        "float",
        "boolean",
        "true",
        "false",
    ];
    if !kinds.contains(&name) {
        Meter::of(state).weigh_all(&values)?;
    }
    state.perform_test(name, &values)
}

fn slice(state: &mut State<'_, '_>, value: Value) -> Result<Value, Error> {
    whole(state, value)
}

/// A list whose items are there, where `value` would make them when they are asked for: one that is made of another that
/// is made of another would fill the stack.
fn whole(state: &mut State<'_, '_>, value: Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Iterable && value.kind() != ValueKind::Seq {
        return Ok(value);
    }
    let meter = Meter::of(state);
    let mut items = Vec::new();
    for item in value.try_iter()?.checked() {
        meter.charge(VALUE / 4)?;
        items.push(item?);
    }
    Ok(Value::from(items))
}

/// A map with its keys in the order in which they were written.
fn map(state: &mut State<'_, '_>, values: Rest<Value>) -> Result<Value, Error> {
    let values = parts(state, values)?;
    let mut pairs = Vec::new();
    let mut values = values.into_iter();
    while let (Some(key), Some(value)) = (values.next(), values.next()) {
        pairs.push((key, value));
    }
    Ok(ordered::map(pairs))
}

fn list(state: &mut State<'_, '_>, values: Rest<Value>) -> Result<Value, Error> {
    Ok(Value::from(parts(state, values)?))
}

fn tuple(state: &mut State<'_, '_>, values: Rest<Value>) -> Result<Value, Error> {
    Ok(Value::from(Tuple::from(parts(state, values)?)))
}

/// What a list or map is made of. It is weighed here, which limits how deep lists lie within each other: dropping a list that
/// is a hundred thousand levels deep would overflow the stack, as each level takes some of it.
fn parts(state: &mut State<'_, '_>, values: Rest<Value>) -> Result<Vec<Value>, Error> {
    let meter = Meter::of(state);
    for value in &values.0 {
        meter.weigh(value, 1)?;
    }
    Ok(values.0)
}

/// `dict` and `namespace`.
fn make(
    state: &mut State<'_, '_>,
    name: &str,
    values: Rest<ValueOrKwargs>,
) -> Result<Value, Error> {
    let values = values.into_values();
    let meter = Meter::of(state);
    for value in &values {
        meter.weigh(value, 1)?;
    }
    let function = state.lookup(name).unwrap_or_default();
    function.call(state, &values)
}

/// Python's methods of texts, lists and dicts.
fn method(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let meter = Meter::of(state);
    // What a dict gives out is shared, and so is its method's cost.
    if value.kind() != ValueKind::Map {
        meter.weigh(value, 0)?;
        meter.weigh_all(arguments)?;
    }
    match (method, value.as_str()) {
        ("join", Some(between)) => {
            let list = arguments.first().cloned().unwrap_or_default();
            charge_join(meter, &list, Some(between))?;
        }
        ("replace", Some(_)) => charge_replace(meter, value, arguments)?,
        ("format", Some(_)) => return formatted(meter, FormatStyle::StrFormat, value, arguments),
        ("removeprefix", Some(text)) => {
            let prefix = arguments
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default();
            return Ok(Value::from(text.strip_prefix(prefix).unwrap_or(text)));
        }
        ("removesuffix", Some(text)) => {
            let suffix = arguments
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default();
            return Ok(Value::from(text.strip_suffix(suffix).unwrap_or(text)));
        }
        _ => {}
    }
    let result = pycompat::unknown_method_callback(state, value, method, arguments)?;
    whole(state, result)
}

fn charge_join(meter: &mut Meter, list: &Value, between: Option<&str>) -> Result<(), Error> {
    let between = between.map_or(0, str::len) as u64;
    let items = list.try_iter().map_or(0, Iterator::count) as u64;
    meter.charge(between.saturating_mul(items))
}

fn charge_replace(meter: &mut Meter, value: &Value, arguments: &[Value]) -> Result<(), Error> {
    let text = value.as_str().unwrap_or_default();
    if let [old, new, ..] = arguments
        && let (Some(old), Some(new)) = (old.as_str(), new.as_str())
    {
        let found = text.matches(old).count() as u64;
        meter.charge(found.saturating_mul(new.len() as u64))?;
    }
    Ok(())
}

/// Python's `%` and `str.format`. Widths and precisions may be any number, in the text or among the arguments.
fn formatted(
    meter: &mut Meter,
    style: FormatStyle,
    text: &Value,
    arguments: &[Value],
) -> Result<Value, Error> {
    meter.weigh(text, 0)?;
    meter.weigh_all(arguments)?;
    let text = text.as_str().unwrap_or_default();
    let written = text.split(|c: char| !c.is_ascii_digit());
    let written = written.filter(|digits| !digits.is_empty());
    let written = written.map(|digits| digits.parse().unwrap_or(u64::MAX));
    for number in written.chain(arguments.iter().filter_map(width)) {
        meter.charge(number)?;
    }
    // An argument may be placed several times.
    let fields = text.matches(['%', '{']).count() as u64;
    let before = meter.left;
    meter.weigh_all(arguments)?;
    meter.charge((before - meter.left).saturating_mul(fields))?;
    Ok(Value::from(format(style, text, arguments)?))
}

/// A number that could be meant as a width.
fn width(value: &Value) -> Option<u64> {
    value.as_usize().map(|number| number as u64)
}
