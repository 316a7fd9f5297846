use crate::failure::Failure;

/// The beginning of the names of maps, from a comune (H224) to a single sheet (H224A001200), in capitals.
pub(super) fn beginning(text: &str) -> Result<String, Failure> {
    let maps = text.to_ascii_uppercase();
    let comune = maps.get(..4).unwrap_or_default();
    let right = maps.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && maps.len() <= 11
        && maps.starts_with(|c: char| c.is_ascii_alphabetic())
        && comune.bytes().skip(1).all(|b| b.is_ascii_digit());
    if right && !comune.is_empty() {
        return Ok(maps);
    }
    Err(Failure::new(format!("{text}: maps are named by a comune (H224) and what follows in their names, up to eleven characters")))
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn maps_are_named_by_a_comune_and_what_follows() {
        for (text, maps) in [("h224", "H224"), ("H224A", "H224A"), ("H224_0012", "H224_0012"), ("H224A001200", "H224A001200")] {
            assert_eq!(beginning(text).unwrap(), maps);
        }
        for text in ["", "H22", "2224", "H224_0012000", "H22A", "H224 1", "H224;"] {
            assert!(beginning(text).is_err(), "{text}");
        }
    }
}
