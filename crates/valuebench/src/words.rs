use std::fmt::Display;

/// `1 answer`, `2 answers`.
pub(crate) fn counted(n: impl Display, what: &str) -> String {
    let n = n.to_string();
    let s = if n == "1" { "" } else { "s" };
    format!("{n} {what}{s}")
}

/// `1 answer is`, `2 answers are`.
pub(crate) fn counted_are(n: usize, what: &str) -> String {
    let are = if n == 1 { "is" } else { "are" };
    format!("{} {are}", counted(n, what))
}
