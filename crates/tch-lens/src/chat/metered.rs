//! A template rewritten so that what it costs can be counted.
//!
//! minijinja counts the instructions that a template takes (its fuel), not what one of them makes: `s ~ s` doubles a text,
//! `x == x` may compare a list that holds itself thousands of times. So operators, filters, tests, literals of maps and the
//! text between tags become calls of functions of ours, which count before they work. Lines stay where they were, so that
//! errors name the right one.

use std::fmt::{self, Write};

use minijinja::Error;
use minijinja::machinery::ast::{
    BinOpKind, CallArg, CompareOpKind, Expr, Macro, Stmt, UnaryOpKind,
};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};

use super::{NAME, failed};

/// Bytes of a template; published ones have a few tens of thousands at most.
const LARGEST: usize = 1 << 17;
/// Expressions within expressions, and tags within tags.
const DEEPEST: usize = 100;

/// The template that does what `source` does, read with the whitespace rules of `syntax`, and counts.
pub(super) fn metered(source: &str, syntax: SyntaxConfig) -> Result<String, Error> {
    if source.len() > LARGEST {
        let found = source.len();
        return Err(failed(format!(
            "expected a template of at most {LARGEST} bytes, found {found}"
        )));
    }
    let source = without_generation_tags(source);
    let Stmt::Template(template) = parse(&source, NAME, syntax)? else {
        return Err(failed("expected a template".to_owned()));
    };
    let mut writer = Writer {
        out: String::with_capacity(2 * source.len()),
        line: 1,
        depth: 0,
    };
    writer.out.push_str("{{__begin()}}");
    writer.statements(&template.children)?;
    Ok(writer.out)
}

/// `{% generation %}` marks what the assistant says, for training; in a prompt it only makes a scope.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(end) = rest[start..].find("%}").map(|end| start + end) else {
            break;
        };
        let tag = &rest[start + 2..end];
        let word = tag.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
        let statement = match word {
            "generation" => Some("with"),
            "endgeneration" => Some("endwith"),
            _ => None,
        };
        out.push_str(&rest[..start + 2]);
        match statement {
            Some(statement) => out.push_str(&tag.replace(word, statement)),
            None => out.push_str(tag),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

struct Writer {
    out: String,
    /// The line at which `out` ends.
    line: u16,
    depth: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Goes on to the line of what comes next. Called within a tag alone, where lines are whitespace.
    fn at(&mut self, span: Span) {
        while self.line < span.start_line {
            self.out.push('\n');
            self.line += 1;
        }
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(text);
    }

    fn deeper(&mut self, within: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let found = format!("expected at most {DEEPEST} expressions or tags within each other");
            return Err(failed(found));
        }
        within(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn statements(&mut self, statements: &[Stmt<'_>]) -> Result<(), Error> {
        self.deeper(|writer| statements.iter().try_for_each(|s| writer.statement(s)))
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Result<(), Error> {
        match statement {
            Stmt::Template(template) => self.statements(&template.children)?,
            Stmt::EmitExpr(emit) => {
                self.text("{{");
                self.at(emit.span());
                self.expression(&emit.expr)?;
                self.text("}}");
            }
            Stmt::EmitRaw(raw) => {
                self.text("{{");
                self.string(raw.raw);
                self.text("}}");
            }
            Stmt::ForLoop(each) => {
                self.text("{%");
                self.at(each.span());
                self.text("for ");
                self.target(&each.target)?;
                self.text(" in ");
                self.expression(&each.iter)?;
                if let Some(filter) = &each.filter_expr {
                    self.text(" if ");
                    self.expression(filter)?;
                }
                self.text(if each.recursive { " recursive%}" } else { "%}" });
                self.statements(&each.body)?;
                if !each.else_body.is_empty() {
                    self.text("{%else%}");
                    self.statements(&each.else_body)?;
                }
                self.text("{%endfor%}");
            }
            Stmt::IfCond(_) => self.conditions(statement)?,
            Stmt::WithBlock(with) => {
                self.text("{%");
                self.at(with.span());
                self.text("with ");
                for (i, (target, value)) in with.assignments.iter().enumerate() {
                    self.text(if i > 0 { ", " } else { "" });
                    self.target(target)?;
                    self.text("=");
                    self.expression(value)?;
                }
                self.text("%}");
                self.statements(&with.body)?;
                self.text("{%endwith%}");
            }
            Stmt::Set(set) => {
                self.text("{%");
                self.at(set.span());
                self.text("set ");
                self.target(&set.target)?;
                self.text("=");
                self.expression(&set.expr)?;
                self.text("%}");
            }
            Stmt::SetBlock(set) => {
                self.text("{%");
                self.at(set.span());
                self.text("set ");
                self.target(&set.target)?;
                self.text("%}");
                self.statements(&set.body)?;
                self.text("{%endset%}");
                if let Some(filter) = &set.filter {
                    self.text("{%set ");
                    self.target(&set.target)?;
                    self.text("=");
                    self.filtered(filter, &|writer| writer.target(&set.target))?;
                    self.text("%}");
                }
            }
            Stmt::FilterBlock(block) => {
                self.text("{%set __block%}");
                self.statements(&block.body)?;
                self.text("{%endset%}{{");
                self.at(block.span());
                self.filtered(&block.filter, &|writer| {
                    writer.text("__block");
                    Ok(())
                })?;
                self.text("}}");
            }
            Stmt::Block(block) => {
                // No other template can take its place, so it is what it says.
                self.text("{%with%}");
                self.statements(&block.body)?;
                self.text("{%endwith%}");
            }
            Stmt::Macro(declared) => {
                self.text("{%");
                self.at(declared.span());
                self.text("macro ");
                self.name(declared.name)?;
                self.parameters(declared)?;
                self.text("%}");
                self.statements(&declared.body)?;
                self.text("{%endmacro%}");
            }
            Stmt::CallBlock(block) => {
                self.text("{%");
                self.at(block.span());
                self.text("call");
                self.parameters(&block.macro_decl)?;
                self.text(" ");
                self.call(&block.call.expr, &block.call.args)?;
                self.text("%}");
                self.statements(&block.macro_decl.body)?;
                self.text("{%endcall%}");
            }
            Stmt::Continue(_) => self.text("{%continue%}"),
            Stmt::Break(_) => self.text("{%break%}"),
            Stmt::Do(action) => {
                self.text("{%");
                self.at(action.span());
                self.text("do ");
                self.call(&action.call.expr, &action.call.args)?;
                self.text("%}");
            }
            Stmt::AutoEscape(block) => return Err(refused("autoescape", block.span())),
            Stmt::Import(import) => return Err(refused("import", import.span())),
            Stmt::FromImport(import) => return Err(refused("import", import.span())),
            Stmt::Extends(extends) => return Err(refused("extends", extends.span())),
            Stmt::Include(include) => return Err(refused("include", include.span())),
        }
        Ok(())
    }

    /// A chain of `if`, `elif` and `else`, not one within the other.
    fn conditions(&mut self, first: &Stmt<'_>) -> Result<(), Error> {
        let mut next = Some(first);
        let mut tag = "if ";
        while let Some(Stmt::IfCond(condition)) = next {
            self.text("{%");
            self.at(condition.span());
            self.text(tag);
            self.expression(&condition.expr)?;
            self.text("%}");
            self.statements(&condition.true_body)?;
            (next, tag) = (None, "elif ");
            match &condition.false_body[..] {
                [] => {}
                [only @ Stmt::IfCond(_)] => next = Some(only),
                body => {
                    self.text("{%else%}");
                    self.statements(body)?;
                }
            }
        }
        self.text("{%endif%}");
        Ok(())
    }

    fn parameters(&mut self, declared: &Macro<'_>) -> Result<(), Error> {
        let first_default = declared.args.len() - declared.defaults.len().min(declared.args.len());
        self.text("(");
        for (i, parameter) in declared.args.iter().enumerate() {
            self.text(if i > 0 { ", " } else { "" });
            self.target(parameter)?;
            if i >= first_default {
                self.text("=");
                self.expression(&declared.defaults[i - first_default])?;
            }
        }
        self.text(")");
        Ok(())
    }

    /// What a value is given to: names, their tuples, and attributes of namespaces.
    fn target(&mut self, target: &Expr<'_>) -> Result<(), Error> {
        match target {
            Expr::Var(variable) => self.name(variable.id),
            Expr::GetAttr(attribute) => {
                self.target(&attribute.expr)?;
                self.write(format_args!(".{}", attribute.name));
                Ok(())
            }
            Expr::List(list) => self.targets(&list.items),
            Expr::Tuple(tuple) => self.targets(&tuple.items),
            other => Err(failed(format!(
                "expected a name, found an {}",
                other.description()
            ))),
        }
    }

    fn targets(&mut self, targets: &[Expr<'_>]) -> Result<(), Error> {
        self.text("(");
        for target in targets {
            self.target(target)?;
            self.text(", ");
        }
        self.text(")");
        Ok(())
    }

    /// Names with two underscores in front are ours.
    fn name(&mut self, name: &str) -> Result<(), Error> {
        if name.starts_with("__") {
            return Err(failed(format!("expected a name, found \"{name}\"")));
        }
        self.text(name);
        Ok(())
    }

    fn expression(&mut self, expression: &Expr<'_>) -> Result<(), Error> {
        self.at(expression.span());
        self.deeper(|writer| writer.one(expression))
    }

    fn one(&mut self, expression: &Expr<'_>) -> Result<(), Error> {
        match expression {
            Expr::Var(variable) => self.name(variable.id)?,
            Expr::Const(constant) => self.constant(&constant.value)?,
            Expr::Slice(slice) => {
                self.text("__slice(");
                self.base(&slice.expr)?;
                self.text("[");
                for (i, part) in [&slice.start, &slice.stop, &slice.step]
                    .into_iter()
                    .enumerate()
                {
                    self.text(if i > 0 { ":" } else { "" });
                    if let Some(part) = part {
                        self.expression(part)?;
                    }
                }
                self.text("])");
            }
            Expr::UnaryOp(unary) => {
                self.text(match unary.op {
                    UnaryOpKind::Not => "(not ",
                    UnaryOpKind::Neg => "(-",
                });
                self.expression(&unary.expr)?;
                self.text(")");
            }
            Expr::BinOp(_) => self.operations(expression)?,
            Expr::Compare(compare) => {
                let mut left = &compare.expr;
                self.text("(");
                for (i, comparison) in compare.ops.iter().enumerate() {
                    self.text(if i > 0 { " and " } else { "" });
                    self.text("__ops(");
                    self.expression(left)?;
                    self.write(format_args!(", \"{}\", ", compared(comparison.op)));
                    self.expression(&comparison.expr)?;
                    self.text(")");
                    left = &comparison.expr;
                }
                self.text(")");
            }
            Expr::IfExpr(choice) => {
                self.text("(");
                self.expression(&choice.true_expr)?;
                self.text(" if ");
                self.expression(&choice.test_expr)?;
                if let Some(other) = &choice.false_expr {
                    self.text(" else ");
                    self.expression(other)?;
                }
                self.text(")");
            }
            Expr::Filter(_) => self.filtered(expression, &|_| {
                Err(failed("expected a value before the filter".to_owned()))
            })?,
            Expr::Test(test) => {
                self.write(format_args!("__test(\"{}\", ", test.name));
                self.expression(&test.expr)?;
                self.more_arguments(&test.args)?;
                self.text(")");
            }
            Expr::GetAttr(attribute) => {
                self.base(&attribute.expr)?;
                self.write(format_args!(".{}", attribute.name));
            }
            Expr::GetItem(item) => {
                self.base(&item.expr)?;
                self.text("[");
                self.expression(&item.subscript_expr)?;
                self.text("]");
            }
            Expr::Call(call) => self.call(&call.expr, &call.args)?,
            Expr::List(list) => self.listed("__list(", &list.items)?,
            Expr::Tuple(tuple) => self.listed("__tuple(", &tuple.items)?,
            Expr::Map(map) => {
                self.text("__map(");
                for (i, (key, value)) in map.keys.iter().zip(&map.values).enumerate() {
                    self.text(if i > 0 { ", " } else { "" });
                    self.expression(key)?;
                    self.text(", ");
                    self.expression(value)?;
                }
                self.text(")");
            }
        }
        Ok(())
    }

    fn listed(&mut self, call: &str, items: &[Expr<'_>]) -> Result<(), Error> {
        self.text(call);
        for (i, item) in items.iter().enumerate() {
            self.text(if i > 0 { ", " } else { "" });
            self.expression(item)?;
        }
        self.text(")");
        Ok(())
    }

    /// What an attribute, an item or a method is of.
    fn base(&mut self, base: &Expr<'_>) -> Result<(), Error> {
        let stands_alone = !matches!(base, Expr::Const(_) | Expr::UnaryOp(_));
        self.text(if stands_alone { "" } else { "(" });
        self.expression(base)?;
        self.text(if stands_alone { "" } else { ")" });
        Ok(())
    }

    /// `a + b - c` as one call, as deep as its operands and no deeper.
    fn operations(&mut self, expression: &Expr<'_>) -> Result<(), Error> {
        let mut left = expression;
        let mut operations = Vec::new();
        while let Expr::BinOp(operation) = left {
            operations.push(operation);
            left = &operation.left;
        }
        // From the inside out: what has been written so far is the first operand of what follows.
        operations.reverse();
        let start = self.out.len();
        self.expression(left)?;
        let mut written = Written::Operand;
        for operation in operations {
            match (short_circuit(operation.op), &written) {
                (Some(word), before) => {
                    match before {
                        Written::Call => self.text(")"),
                        Written::Words(other) if *other != word => self.wrap(start),
                        Written::Words(_) | Written::Operand => {}
                    }
                    self.text(word);
                    written = Written::Words(word);
                }
                (None, before) => {
                    if !matches!(before, Written::Call) {
                        self.out.insert_str(start, "__ops(");
                    }
                    self.write(format_args!(", \"{}\", ", operator(operation.op)));
                    written = Written::Call;
                }
            }
            self.expression(&operation.right)?;
        }
        match written {
            Written::Call => self.text(")"),
            Written::Words(_) => self.wrap(start),
            Written::Operand => {}
        }
        Ok(())
    }

    fn wrap(&mut self, start: usize) {
        self.out.insert(start, '(');
        self.out.push(')');
    }

    /// A chain of filters over what `innermost` writes where the chain has no beginning of its own.
    fn filtered(
        &mut self,
        expression: &Expr<'_>,
        innermost: &dyn Fn(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut chain = Vec::new();
        let mut first = Some(expression);
        while let Some(Expr::Filter(filter)) = first {
            chain.push(filter);
            first = filter.expr.as_ref();
        }
        for filter in &chain {
            self.write(format_args!("__filter(\"{}\", ", filter.name));
        }
        match first {
            Some(value) => self.expression(value)?,
            None => innermost(self)?,
        }
        for filter in chain.iter().rev() {
            self.more_arguments(&filter.args)?;
            self.text(")");
        }
        Ok(())
    }

    fn call(&mut self, callee: &Expr<'_>, arguments: &[CallArg<'_>]) -> Result<(), Error> {
        let named = arguments.iter().map(|argument| match argument {
            CallArg::Kwarg(name, value) => Some((*name, value)),
            _ => None,
        });
        let named: Option<Vec<_>> = named.collect();
        if let (Expr::Var(variable), Some(named)) = (callee, named)
            && variable.id == "dict"
        {
            // The order of the names would be lost on the way.
            self.text("__map(");
            for (i, (name, value)) in named.into_iter().enumerate() {
                self.write(format_args!(
                    "{}\"{name}\", ",
                    if i > 0 { ", " } else { "" }
                ));
                self.expression(value)?;
            }
            self.text(")");
            return Ok(());
        }
        if let Expr::Var(variable) = callee
            && ["dict", "namespace"].contains(&variable.id)
        {
            self.write(format_args!("__make(\"{}\"", variable.id));
            self.more_arguments(arguments)?;
            self.text(")");
            return Ok(());
        }
        self.base(callee)?;
        self.text("(");
        for (i, argument) in arguments.iter().enumerate() {
            self.text(if i > 0 { ", " } else { "" });
            self.argument(argument)?;
        }
        self.text(")");
        Ok(())
    }

    fn more_arguments(&mut self, arguments: &[CallArg<'_>]) -> Result<(), Error> {
        arguments.iter().try_for_each(|argument| {
            self.text(", ");
            self.argument(argument)
        })
    }

    fn argument(&mut self, argument: &CallArg<'_>) -> Result<(), Error> {
        match argument {
            CallArg::Pos(value) => self.expression(value),
            CallArg::Kwarg(name, value) => {
                self.write(format_args!("{name}="));
                self.expression(value)
            }
            CallArg::PosSplat(value) => {
                self.text("*");
                self.expression(value)
            }
            CallArg::KwargSplat(value) => {
                self.text("**");
                self.expression(value)
            }
        }
    }

    fn constant(&mut self, value: &Value) -> Result<(), Error> {
        match value.kind() {
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Bool => self.text(if value.is_true() { "true" } else { "false" }),
            ValueKind::None => self.text("none"),
            ValueKind::Number => self.write(format_args!("{value}")),
            other => return Err(failed(format!("expected a literal, found {other}"))),
        }
        Ok(())
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for char in text.chars() {
            match char {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }
}

/// How far [`Writer::operations`] has come.
enum Written {
    Operand,
    /// A call that more operands can follow in.
    Call,
    /// Operands with that word between them.
    Words(&'static str),
}

fn refused(tag: &str, span: Span) -> Error {
    failed(format!(
        "line {}: expected a template that stands alone, found {{% {tag} %}}",
        span.start_line
    ))
}

fn short_circuit(op: BinOpKind) -> Option<&'static str> {
    match op {
        BinOpKind::ScAnd => Some(" and "),
        BinOpKind::ScOr => Some(" or "),
        _ => None,
    }
}

fn operator(op: BinOpKind) -> &'static str {
    match op {
        BinOpKind::Eq => "==",
        BinOpKind::Ne => "!=",
        BinOpKind::Lt => "<",
        BinOpKind::Lte => "<=",
        BinOpKind::Gt => ">",
        BinOpKind::Gte => ">=",
        BinOpKind::ScAnd => "and",
        BinOpKind::ScOr => "or",
        BinOpKind::Add => "+",
        BinOpKind::Sub => "-",
        BinOpKind::Mul => "*",
        BinOpKind::Div => "/",
        BinOpKind::FloorDiv => "//",
        BinOpKind::Rem => "%",
        BinOpKind::Pow => "**",
        BinOpKind::Concat => "~",
        BinOpKind::In => "in",
    }
}

fn compared(op: CompareOpKind) -> &'static str {
    match op {
        CompareOpKind::Eq => "==",
        CompareOpKind::Ne => "!=",
        CompareOpKind::Lt => "<",
        CompareOpKind::Lte => "<=",
        CompareOpKind::Gt => ">",
        CompareOpKind::Gte => ">=",
        CompareOpKind::In => "in",
        CompareOpKind::NotIn => "not in",
    }
}
