//! What kinds of values expressions have.

/// The kind of a value, as far as it is known before there is a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    Boolean,
    Colour,
    List,
    /// An attribute's, say: known with the feature alone.
    Anything,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Boolean => "true or false",
            Self::Colour => "a colour",
            Self::List => "a list",
            Self::Anything => "a value",
        }
    }

    /// Whether a value of this kind does where `wanted` is: texts become colours, and whatever is not known yet is looked at when it is.
    pub(super) fn does_for(self, wanted: Self) -> bool {
        self == wanted || wanted == Self::Anything || self == Self::Anything || (self == Self::Text && wanted == Self::Colour)
    }
}
