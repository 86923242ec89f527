use std::fmt::Display;

/// `1 set`, `2 sets`.
pub(crate) fn counted(n: impl Display, what: &str) -> String {
    let n = n.to_string();
    let s = if n == "1" { "" } else { "s" };
    format!("{n} {what}{s}")
}
