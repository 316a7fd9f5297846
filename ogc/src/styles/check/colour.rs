//! Colours: of the palette, or written out.

use crate::styles::palette;

/// Whether a text is a colour; if not, why.
pub(super) fn check(text: &str) -> Result<(), String> {
    if let Some(token) = text.strip_prefix('$') {
        return if palette::is_known(token) { Ok(()) } else { Err(format!("the palette has no colour `${}`", short(token))) };
    }
    if is_hex(text) || is_function(text) {
        return Ok(());
    }
    Err(format!(
        "`{}` is no colour that is taken here: `$data1` and others of the palette, `#0066cc`, `rgb(0, 102, 204)`, `hsl(210, 100%, 40%)`",
        short(text)
    ))
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn is_hex(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `rgb(r, g, b)`, `hsl(h, s%, l%)`, and both with a fourth number from 0 to 1 under the name with an `a`.
fn is_function(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('(') else { return false };
    let Some(inner) = rest.strip_suffix(')') else { return false };
    let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
    let number = |text: &str, most: f64| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && text.parse::<f64>().is_ok_and(|value| (0.0..=most).contains(&value))
    };
    let percent = |text: &str| text.strip_suffix('%').is_some_and(|text| number(text, 100.0));
    match (name, parts.as_slice()) {
        ("rgb", [r, g, b]) => [r, g, b].iter().all(|part| number(part, 255.0)),
        ("rgba", [r, g, b, a]) => [r, g, b].iter().all(|part| number(part, 255.0)) && number(a, 1.0),
        ("hsl", [h, s, l]) => number(h, 360.0) && percent(s) && percent(l),
        ("hsla", [h, s, l, a]) => number(h, 360.0) && percent(s) && percent(l) && number(a, 1.0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn colours_are_of_the_palette_or_written_out() {
        for good in
            ["$data1", "#abc", "#0066CC", "#0066cc80", "rgb(0, 102, 204)", "rgba(0,0,0,0.5)", "hsl(210, 100%, 40%)", "hsla(1,2%,3%,.5)"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["", "$", "$nothing", "#12345", "#gggggg", "rgb(1,2)", "rgb(300,0,0)", "rgb(nan,0,0)", "url(http://x)", "red;", "rgb(1e1,0,0)"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
