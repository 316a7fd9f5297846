//! A part of a file (RFC 9110, 14).

use std::ops::Range;

/// What part of a file is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes.
    Bytes(Range<u64>),
    /// Bytes that it does not have.
    None,
}

/// Reads a `Range` header for a file of so many bytes. Several ranges, other units and what is no range at all count as none given,
/// which the standard allows.
pub(super) fn read(header: Option<&str>, length: u64) -> Part {
    let Some((first, last)) =
        header.and_then(|h| h.trim().strip_prefix("bytes=")).filter(|s| !s.contains(',')).and_then(|s| s.split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| {
        (!text.is_empty() && text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u64>().ok()).flatten()
    };
    let range = match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(count) => length.saturating_sub(count)..length,
            None => return Part::Whole,
        },
        (first, "") => match number(first) {
            Some(first) => first..length,
            None => return Part::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..length.min(last + 1),
            _ => return Part::Whole,
        },
    };
    if range.is_empty() { Part::None } else { Part::Bytes(range) }
}

#[cfg(test)]
mod tests {
    use super::{Part, read};

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let of = |text| read(Some(text), 100);
        assert_eq!(of("bytes=0-0"), Part::Bytes(0..1));
        assert_eq!(of("bytes=10-"), Part::Bytes(10..100));
        assert_eq!(of("bytes=-10"), Part::Bytes(90..100));
        assert_eq!(of("bytes=-1000"), Part::Bytes(0..100));
        assert_eq!(of("bytes=90-1000"), Part::Bytes(90..100));
        for none in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(of(none), Part::None, "{none}");
        }
        for whole in
            ["bytes=5-4", "bytes=a-b", "bytes=", "bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=0-99999999999999999999", "bytes=+1-2"]
        {
            assert_eq!(of(whole), Part::Whole, "{whole}");
        }
        assert_eq!(read(None, 100), Part::Whole);
    }
}
