//! Tests on the principal become plain conditions, and constants disappear.

use super::{Filter, Value};
use crate::{Column, Comuni, Principal};

impl Filter {
    /// The condition for this principal: without tests on who asks, and without constants, unless it is one.
    #[must_use]
    pub fn for_principal(&self, who: &Principal) -> Self {
        match self {
            Self::And(parts) => all(parts.iter().map(|part| part.for_principal(who))),
            Self::Or(parts) => any(parts.iter().map(|part| part.for_principal(who))),
            Self::Not(part) => not(part.for_principal(who)),
            Self::In(_, values) if values.is_empty() => Self::nothing(),
            Self::InScope(column) => match who.comuni() {
                Comuni::All => Self::everything(),
                Comuni::Only(some) => one_of(column, some),
            },
            Self::OfficeIs(column) => one_of(column, who.offices().iter().cloned()),
            Self::SubjectIs(column) => match who.id() {
                Some(id) => Self::Equal(column.clone(), Value::Text(id.to_string())),
                None => Self::nothing(),
            },
            Self::HasRole(roles) if roles.contains(&who.role()) => Self::everything(),
            Self::HasRole(_) => Self::nothing(),
            other => other.clone(),
        }
    }
}

/// All hold: what holds anyway is left out, and if one can't, none is left.
pub(crate) fn all(parts: impl IntoIterator<Item = Filter>) -> Filter {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            part if part.is_nothing() => return part,
            Filter::And(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    if kept.len() == 1 { kept.remove(0) } else { Filter::And(kept) }
}

/// At least one holds: what can't is left out, and if one holds anyway, nothing else is said.
pub(crate) fn any(parts: impl IntoIterator<Item = Filter>) -> Filter {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            part if part.is_everything() => return part,
            Filter::Or(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    if kept.len() == 1 { kept.remove(0) } else { Filter::Or(kept) }
}

pub(crate) fn not(part: Filter) -> Filter {
    match part {
        part if part.is_everything() => Filter::nothing(),
        part if part.is_nothing() => Filter::everything(),
        Filter::Not(inner) => *inner,
        other => Filter::Not(Box::new(other)),
    }
}

/// Names with a comma, and empty ones, are nobody's: the settings of a session can't say them.
fn one_of(column: &Column, names: impl IntoIterator<Item = String>) -> Filter {
    let names: Vec<Value> = names.into_iter().filter(|name| !name.is_empty() && !name.contains([',', '\0'])).map(Value::Text).collect();
    if names.is_empty() { Filter::nothing() } else { Filter::In(column.clone(), names) }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Value};
    use crate::{Assurance, Column, Comuni, Principal, Role};
    use uuid::Uuid;

    fn who(role: Role, comuni: Comuni) -> Principal {
        Principal::known(role, Uuid::nil(), "x", Assurance::Low).with_comuni(comuni).with_offices([
            "sue".to_owned(),
            "a,b".to_owned(),
            String::new(),
        ])
    }

    #[test]
    fn who_asks_becomes_a_plain_condition() {
        let column = |name| Column::new(name).unwrap();
        let text = |texts: &[&str]| texts.iter().map(|t| Value::Text((*t).to_owned())).collect::<Vec<_>>();
        let some = || Comuni::Only(["080901".to_owned()].into());
        let scope = Filter::InScope(column("comune"));
        assert_eq!(scope.for_principal(&who(Role::Officer, some())), Filter::In(column("comune"), text(&["080901"])));
        assert!(scope.for_principal(&who(Role::Officer, Comuni::All)).is_everything());
        assert!(scope.for_principal(&who(Role::Citizen, Comuni::All)).is_nothing(), "scope is for staff");
        assert_eq!(
            Filter::OfficeIs(column("office")).for_principal(&who(Role::Officer, some())),
            Filter::In(column("office"), text(&["sue"]))
        );
        let mine = Filter::SubjectIs(column("owner"));
        assert!(mine.for_principal(&Principal::anonymous()).is_nothing());
        assert_eq!(mine.for_principal(&who(Role::Citizen, some())), Filter::Equal(column("owner"), Value::Text(Uuid::nil().to_string())));
    }

    #[test]
    fn constants_are_folded_away() {
        let public = Filter::Equal(Column::new("public").unwrap(), Value::Boolean(true));
        let staff = Filter::HasRole(vec![Role::Officer]);
        let rule =
            Filter::Or(vec![public.clone(), Filter::And(vec![staff.clone(), Filter::Not(Box::new(Filter::HasRole(vec![Role::Planner])))])]);
        assert_eq!(rule.for_principal(&Principal::anonymous()), public);
        assert!(rule.for_principal(&who(Role::Officer, Comuni::none())).is_everything());
        let both = Filter::And(vec![staff.clone(), public.clone(), Filter::And(vec![public.clone()])]);
        assert!(both.for_principal(&Principal::anonymous()).is_nothing());
        assert_eq!(both.for_principal(&who(Role::Officer, Comuni::none())), Filter::And(vec![public.clone(), public]));
    }
}
