//! Numbers and names as tables of text have them.

/// A number to so many decimals, a dash for none.
#[must_use]
pub fn decimal(number: Option<f64>, decimals: usize) -> String {
    number.map_or("–".to_owned(), |number| format!("{number:.decimals$}"))
}

/// A name as Markdown shows it, with what Markdown, HTML or a table would read as more than text escaped; on one line.
#[must_use]
pub fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '#' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

/// Names as cells of a Markdown table.
pub(crate) fn headings(names: &[String]) -> String {
    let cells: Vec<String> = names.iter().map(|name| escaped(name)).collect();
    cells.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_markup() {
        for (name, shown) in [
            ("Self-direction: action", "Self-direction: action"),
            (
                "<img src=x onerror=alert(1)>",
                r"\<img src=x onerror=alert(1)\>",
            ),
            ("a | b\n# c", r"a \| b \# c"),
            ("![x](http://y) *z* _w_", r"!\[x\](http://y) \*z\* \_w\_"),
            (r"\<b> &lt; `c`", r"\\\<b\> \&lt; \`c\`"),
        ] {
            assert_eq!(escaped(name), shown);
        }
    }
}
