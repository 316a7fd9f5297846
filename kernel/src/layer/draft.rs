//! Drafts: layers that are not published yet.

use crate::{Layer, Principal, Role};

impl Layer {
    /// Whether it is a draft of somebody else's: then there is no such layer for this principal. Keys of programs are nobody's author.
    pub(crate) fn is_hidden_draft(&self, who: &Principal) -> bool {
        self.draft && who.role() != Role::Administrator && !self.is_by(who)
    }

    /// Whether this principal made it of a file.
    pub fn is_by(&self, who: &Principal) -> bool {
        self.author.is_some() && self.author == who.id()
    }

    /// Of a draft, the condition on who asks that the policies of row-level security begin with.
    pub(super) fn draft_sql(&self) -> Option<String> {
        let author = self.author.map(|author| format!(" or opensit.who_subject() = '{author}'")).unwrap_or_default();
        // asked once, not for each row
        self.draft.then(|| format!("(select coalesce(opensit.who_role() = '{}'{author}, false))", Role::Administrator.name()))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Assurance, Comuni, KeyScope, Layer, Principal, Role};
    use uuid::Uuid;

    fn draft(author: Option<Uuid>) -> Layer {
        serde_json::from_value(serde_json::json!({
            "id": "alberi", "module": "published", "title": {"it": "a", "en": "a"}, "table": "published.alberi", "geometry": "Point", "srid": 7792,
            "fields": [], "editors": ["officer"], "author": author, "draft": true
        }))
        .unwrap()
    }

    fn person(role: Role, number: u128) -> Principal {
        Principal::known(role, Uuid::from_u128(number), "x", Assurance::Substantial).with_comuni(Comuni::All)
    }

    #[test]
    fn a_draft_is_there_for_its_author_and_for_administrators() {
        let layer = draft(Some(Uuid::from_u128(7)));
        for (who, sees) in [
            (Principal::anonymous(), false),
            (person(Role::Citizen, 1), false),
            (person(Role::Officer, 1), false),
            (person(Role::Planner, 1), false),
            (person(Role::Officer, 7), true),
            (person(Role::Administrator, 1), true),
            (Principal::operator(), true),
            (person(Role::Machine, 1).through_key(KeyScope { layers: None, edit: true }).given_by(Role::Administrator), false),
        ] {
            assert_eq!(who.may_read(&layer), sees, "{who:?}");
            assert_eq!(layer.readable_rows(&who).is_nothing(), !sees, "{who:?}");
            assert!(sees || layer.editable_rows(&who).is_nothing() && layer.private_rows(&who).is_nothing(), "{who:?}");
        }
        assert!(!layer.is_open(), "what is made of it is kept by no shared cache");
        let published = Layer { draft: false, ..layer };
        assert!(Principal::anonymous().may_read(&published) && published.is_open());
    }

    #[test]
    fn nobody_is_the_author_of_a_draft_without_one() {
        let layer = draft(None);
        assert!(!Principal::anonymous().may_read(&layer), "that both have no account makes nobody its author");
        assert!(!person(Role::Officer, 7).may_read(&layer));
        assert!(person(Role::Administrator, 7).may_read(&layer));
    }

    #[test]
    fn the_policies_say_the_same() {
        let of = |layer: &Layer| {
            let conditions = layer.policies().into_iter().flat_map(|policy| [policy.using, policy.check]);
            conditions.flatten().collect::<Vec<_>>()
        };
        let layer = draft(Some(Uuid::from_u128(7)));
        let author = "(select coalesce(opensit.who_role() = 'administrator' or opensit.who_subject() = '00000000-0000-0000-0000-000000000007', false))";
        assert_eq!(of(&layer).len(), 5);
        assert!(of(&layer).iter().all(|condition| condition.starts_with(author)), "{:?}", of(&layer));
        assert!(
            of(&draft(None))
                .iter()
                .all(|condition| condition.starts_with("(select coalesce(opensit.who_role() = 'administrator', false))"))
        );
    }
}
