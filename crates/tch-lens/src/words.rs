use std::fmt::Display;

/// `1 token`, `2 tokens`.
pub(crate) fn counted(n: impl Display, what: &str) -> String {
    let n = n.to_string();
    let s = if n == "1" { "" } else { "s" };
    format!("{n} {what}{s}")
}
