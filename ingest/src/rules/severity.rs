use std::collections::BTreeMap;
use std::fmt;

use kernel::Text;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Rule;
use super::register::ALL;

/// What is done about a row for which a rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nobody looks.
    Off,
    /// It is loaded as it is, and told.
    Keep,
    /// It is loaded, put right as far as that goes, and told.
    Mend,
    /// It is not loaded, and told.
    KeepOut,
    /// Nothing is loaded.
    Stop,
}

impl Severity {
    /// What was done, before a number of rows.
    pub fn words(self) -> Text {
        match self {
            Self::Off => Text::new("non cercate", "not looked for"),
            Self::Keep => Text::new("da guardare", "to look at"),
            Self::Mend => Text::new("riparate", "mended"),
            Self::KeepOut => Text::new("escluse", "kept out"),
            Self::Stop => Text::new("bloccanti", "stopping"),
        }
    }

    /// As a plan writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Keep => "keep",
            Self::Mend => "mend",
            Self::KeepOut => "keep-out",
            Self::Stop => "stop",
        }
    }
}

/// The severity of every rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Rules(BTreeMap<Rule, Severity>);

impl Default for Rules {
    fn default() -> Self {
        Self(ALL.iter().map(|entry| (entry.rule, entry.allowed[0])).collect())
    }
}

impl Rules {
    /// What is done about a rule.
    pub fn get(&self, rule: Rule) -> Severity {
        self.0.get(&rule).copied().unwrap_or(rule.allowed()[0])
    }

    /// Every rule with its severity.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Rule, Severity)> {
        self.0.iter().map(|(rule, severity)| (*rule, *severity))
    }

    /// Sets it, if the rule can be so.
    pub fn set(&mut self, rule: Rule, severity: Severity) -> bool {
        let allowed = rule.allowed().contains(&severity);
        if allowed {
            self.0.insert(rule, severity);
        }
        allowed
    }
}

/// Rules that are left out are as without a plan.
impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Rules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rules with their severities")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rules, A::Error> {
                let mut rules = Rules::default();
                while let Some(rule) = map.next_key()? {
                    let severity = map.next_value_seed(Of(rule))?;
                    rules.0.insert(rule, severity);
                }
                Ok(rules)
            }
        }
        deserializer.deserialize_map(Table)
    }
}

/// A severity that a rule can have.
struct Of(Rule);

impl<'de> DeserializeSeed<'de> for Of {
    type Value = Severity;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Severity, D::Error> {
        let severity = Severity::deserialize(deserializer)?;
        if self.0.allowed().contains(&severity) {
            return Ok(severity);
        }
        let allowed: Vec<&str> = self.0.allowed().iter().map(|s| s.name()).collect();
        Err(D::Error::custom(format!("`{}` is not possible for this rule, expected one of {}", severity.name(), allowed.join(", "))))
    }
}

/// From where on a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Thresholds {
    /// An area is a sliver below this width, metres: twice its area by its outline.
    pub sliver_width_m: f64,
    /// Two areas overlap from this on, square metres.
    pub overlap_m2: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { sliver_width_m: 0.1, overlap_m2: 0.1 }
    }
}
