//! Rows counted in words, each language with its own singular.

use kernel::Text;

/// `1 riga`, `2 righe`.
pub(crate) fn rows(count: u64) -> Text {
    if count == 1 { Text::new("1 riga", "1 row") } else { Text::new(format!("{count} righe"), format!("{count} rows")) }
}

/// `2 righe senza geometria (per esempio le righe 3, 7): che cosa fare`.
pub(crate) fn rows_are(count: u64, what: &Text, examples: &[String], cure: &Text) -> Text {
    let (counted, examples) = (rows(count), examples.join(", "));
    let (it, en) = if count == 1 { ("la riga", "row") } else { ("per esempio riga", "for example row") };
    Text::new(
        format!("{} {} ({it} {examples}): {}", counted.it, what.it, cure.it),
        format!("{} {} ({en} {examples}): {}", counted.en, what.en, cure.en),
    )
}

#[cfg(test)]
mod tests {
    use kernel::Text;

    use super::rows_are;

    #[test]
    fn one_is_no_plural() {
        let (what, cure) = (Text::new("senza geometria", "without a geometry"), Text::new("completare", "complete"));
        let say = |count, examples: &[&str]| rows_are(count, &what, &examples.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>(), &cure);
        assert_eq!(
            say(1, &["3"]),
            Text::new("1 riga senza geometria (la riga 3): completare", "1 row without a geometry (row 3): complete")
        );
        let two = say(2, &["3", "7"]);
        assert_eq!(two.it, "2 righe senza geometria (per esempio riga 3, 7): completare");
        assert_eq!(two.en, "2 rows without a geometry (for example row 3, 7): complete");
    }
}
