//! Whose rows somebody may write: those of the comuni that they work for. The program's operator writes those of all.

use kernel::Comuni;

/// A condition that holds for rows whose `comune` (a column or an expression) is not theirs.
pub(crate) fn is_foreign(comune: &str, whose: &Comuni) -> String {
    match whose {
        Comuni::All => "false".to_owned(),
        Comuni::Only(codes) => {
            // ISTAT codes are digits; what is anything else is no comune of anybody's
            let codes: Vec<&str> = codes.iter().map(String::as_str).filter(|code| code.bytes().all(|b| b.is_ascii_digit())).collect();
            format!("({comune} <> all ('{{{}}}'::text[]))", codes.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_foreign;
    use kernel::Comuni;

    #[test]
    fn only_codes_come_into_a_query() {
        let some = Comuni::Only(["080901", "080902", "1}'); drop table x; --"].map(str::to_owned).into());
        assert_eq!(is_foreign("t.comune", &some), "(t.comune <> all ('{080901,080902}'::text[]))");
        assert_eq!((is_foreign("c", &Comuni::none()), is_foreign("c", &Comuni::All)), ("(c <> all ('{}'::text[]))".into(), "false".into()));
    }
}
