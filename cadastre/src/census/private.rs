use std::fmt;

/// A text about a person. Nothing prints it: who needs it says so by [`Private::reveal`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Private(String);

impl Private {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for who may have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Private(empty)" } else { "Private(…)" })
    }
}
