/// One step of a PROJ pipeline, which can be taken backwards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    backwards: bool,
    definition: String,
}

/// Steps in their order, from which a pipeline's text is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pipeline(Vec<Step>);

impl Pipeline {
    pub(crate) fn then(mut self, definition: impl Into<String>) -> Self {
        self.0.push(Step { backwards: false, definition: definition.into() });
        self
    }

    pub(crate) fn then_inverse(mut self, definition: impl Into<String>) -> Self {
        self.0.push(Step { backwards: true, definition: definition.into() });
        self
    }

    pub(crate) fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The same way back: last step first, each the other way round.
    pub(crate) fn inverse(self) -> Self {
        Self(self.0.into_iter().rev().map(|s| Step { backwards: !s.backwards, ..s }).collect())
    }

    /// PROJ's text; `None` when there is nothing to do.
    pub(crate) fn text(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut text = String::from("+proj=pipeline");
        for step in &self.0 {
            text.push_str(if step.backwards { " +step +inv " } else { " +step " });
            text.push_str(&step.definition);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Pipeline;

    #[test]
    fn the_inverse_runs_from_the_end() {
        let there = Pipeline::default().then("+proj=a").then_inverse("+proj=b");
        assert_eq!(there.text().unwrap(), "+proj=pipeline +step +proj=a +step +inv +proj=b");
        assert_eq!(there.inverse().text().unwrap(), "+proj=pipeline +step +proj=b +step +inv +proj=a");
        assert_eq!(Pipeline::default().text(), None);
    }
}
