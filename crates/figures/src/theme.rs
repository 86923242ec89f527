//! The colours of the pictures on a dark ground.

use super::palette::{BLUE, FAINT, INK, MUTED, PURPLE, VERMILION, WHITE};

/// Each colour that a dark ground asks another for. Those of light fills stay as they are, under dark
/// text.
const DARK: [(&str, &str); 9] = [
    (INK, "#ececec"),
    (MUTED, "#b3b3b3"),
    (FAINT, "#4a4d50"),
    (WHITE, "#17191c"),
    ("#f3f5f7", "#2a2e33"),
    ("#3a3a3a", "#d0d0d0"),
    (BLUE, "#56a8e0"),
    (VERMILION, "#f0803c"),
    (PURPLE, "#dd9cc0"),
];

/// Rules of style that show [inline pictures](super::Picture::inline) on a dark ground.
#[must_use]
pub fn dark_style() -> String {
    let rule = |(light, dark): &(&str, &str)| {
        let of = |property: &str| {
            format!(".picture [{property}=\"{light}\"] {{ {property}: {dark}; }}\n")
        };
        of("fill") + &of("stroke")
    };
    DARK.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let number = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let share = f64::from(number) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    /// WCAG 2.2: 4.5 for text, 3 for what else has to be seen.
    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn what_is_dark_on_white_is_light_on_dark() {
        let ground = DARK.iter().find(|(light, _)| *light == WHITE).unwrap().1;
        for (light, dark) in DARK {
            if [INK, MUTED].contains(&light) {
                assert!(contrast(dark, ground) > 4.5, "{light} {dark}");
                assert!(contrast(light, WHITE) > 4.5, "{light}");
            } else if ![WHITE, FAINT, "#f3f5f7"].contains(&light) {
                assert!(contrast(dark, ground) > 3.0, "{light} {dark}");
            }
        }
        let style = dark_style();
        assert!(style.contains(".picture [stroke=\"#222222\"] { stroke: #ececec; }"));
    }
}
