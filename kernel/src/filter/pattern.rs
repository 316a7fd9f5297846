use super::FilterError;

/// A form that a text may have: `%` stands for any characters or none, `_` for one, `\` takes the meaning from the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    any_case: bool,
}

impl Pattern {
    /// At most as many `%`, since each is a place to try again at.
    pub const MAX_WILDCARDS: usize = 16;

    /// A pattern. It does not end with a lone `\`, has no NUL, and at most [`Self::MAX_WILDCARDS`] `%`.
    pub fn new(text: impl Into<String>) -> Result<Self, FilterError> {
        let text = text.into();
        let (mut wildcards, mut chars) = (0, text.chars());
        while let Some(c) = chars.next() {
            match c {
                '\0' => return Err(FilterError::new("", "a pattern can't hold the character NUL")),
                '\\' if chars.next().is_none_or(|next| next == '\0') => {
                    return Err(FilterError::new("", "the pattern ends with a lone `\\`: write `\\\\` for the character itself"));
                }
                '%' => wildcards += 1,
                _ => {}
            }
        }
        if wildcards > Self::MAX_WILDCARDS {
            return Err(FilterError::new("", format!("a pattern can have {} `%`, this one has {wildcards}", Self::MAX_WILDCARDS)));
        }
        Ok(Self { text, any_case: false })
    }

    /// The pattern that a text matches which is this one, letter by letter.
    pub fn exactly(text: &str) -> Result<Self, FilterError> {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            if matches!(c, '%' | '_' | '\\') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        Self::new(escaped)
    }

    /// The same without regard to case, in all scripts.
    #[must_use]
    pub fn in_any_case(mut self) -> Self {
        self.any_case = true;
        self
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether case is of no account.
    pub fn any_case(&self) -> bool {
        self.any_case
    }

    /// Whether a text is of this form. Takes at most the product of both lengths.
    pub fn matches(&self, text: &str) -> bool {
        if self.any_case { like(&text.to_lowercase(), &self.text.to_lowercase()) } else { like(text, &self.text) }
    }
}

/// Walks both at once; behind a `%` that did not fit, one character later is tried, and never an earlier `%` again.
fn like(text: &str, pattern: &str) -> bool {
    let (mut t, mut p) = (text.chars(), pattern.chars());
    let mut again = None;
    loop {
        let mut ahead = p.clone();
        match ahead.next() {
            Some('%') => {
                p = ahead;
                again = Some((t.clone(), p.clone()));
                continue;
            }
            None if t.as_str().is_empty() => return true,
            None => {}
            Some(wanted) => {
                let (wanted, any) = if wanted == '\\' { (ahead.next(), false) } else { (Some(wanted), wanted == '_') };
                let mut rest = t.clone();
                let found = rest.next();
                if found.is_some() && (any || found == wanted) {
                    (t, p) = (rest, ahead);
                    continue;
                }
            }
        }
        let Some((later, behind)) = &mut again else { return false };
        if later.next().is_none() {
            return false;
        }
        (t, p) = (later.clone(), behind.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn matches_as_like_does() {
        let like = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().matches(text);
        for (pattern, text) in [
            ("", ""),
            ("%", ""),
            ("%", "a\nb"),
            ("a%", "abc"),
            ("%c", "abc"),
            ("_b_", "abc"),
            ("%b%", "abc"),
            ("\\%", "%"),
            ("a\\_", "a_"),
            ("%ab", "aab"),
            ("_", "à"),
            ("%a_", "aab"),
        ] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("_", ""), ("_", "ab"), ("\\%", "a"), ("a_", "a"), ("%a", "ab"), ("A", "a"), ("%b%b%", "abc")]
        {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
        assert!(Pattern::new("CITTÀ%").unwrap().in_any_case().matches("città nuova"));
        assert!(Pattern::exactly("50%_\\").unwrap().matches("50%_\\"));
    }

    #[test]
    fn refuses_what_the_database_would_and_what_would_take_long() {
        for bad in ["\\", "a\\", "\\\\\\", "a\0", "\\\0", &"%a".repeat(17)] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
        let slow = Pattern::new("%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%b").unwrap();
        assert!(!slow.matches(&"a".repeat(100_000)));
    }
}
