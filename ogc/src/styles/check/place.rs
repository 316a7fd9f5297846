//! Places in a style, as JSON pointers (RFC 6901).

use super::Fault;

/// A place in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pointer: String,
    depth: usize,
    /// Whether what stands there is the property's value, in some cases.
    outcome: bool,
}

impl Place {
    /// The whole style.
    pub(super) fn root() -> Self {
        Self { pointer: String::new(), depth: 0, outcome: true }
    }

    /// A member or item of it.
    pub(super) fn member(&self, name: &str) -> Self {
        let name: String = name.chars().take(60).collect();
        Self { pointer: format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1")), ..*self }
    }

    /// What an operator is given, and looks at.
    pub(super) fn argument(&self, index: usize) -> Self {
        Self { outcome: false, ..self.outcome(index) }
    }

    /// What an operator is given, and may give.
    pub(super) fn outcome(&self, index: usize) -> Self {
        Self { pointer: format!("{}/{index}", self.pointer), depth: self.depth + 1, outcome: self.outcome }
    }

    pub(super) fn is_outcome(&self) -> bool {
        self.outcome
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn fault(&self, detail: impl Into<String>) -> Fault {
        Fault { pointer: self.pointer.clone(), detail: detail.into() }
    }
}
