use std::fmt::Display;

/// `1 answer`, `2 answers`.
pub(crate) fn counted(n: impl Display, what: &str) -> String {
    let n = n.to_string();
    let s = if n == "1" { "" } else { "s" };
    format!("{n} {what}{s}")
}
