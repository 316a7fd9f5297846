//! A principal as a job keeps it.

use std::collections::BTreeSet;

use kernel::{Assurance, Comuni, KeyScope, LayerId, Principal, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct Who {
    role: Role,
    id: Option<Uuid>,
    name: Option<String>,
    assurance: Assurance,
    comuni: Comuni,
    offices: BTreeSet<String>,
    purposes: BTreeSet<String>,
    key: Option<Key>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    layers: Option<BTreeSet<LayerId>>,
    edit: bool,
}

impl From<&Principal> for Who {
    fn from(who: &Principal) -> Self {
        Self {
            role: who.role(),
            id: who.id(),
            name: who.name().map(str::to_owned),
            assurance: who.assurance(),
            comuni: who.comuni(),
            offices: who.offices().clone(),
            purposes: who.purposes().clone(),
            key: who.key().map(|key| Key { layers: key.layers.clone(), edit: key.edit }),
        }
    }
}

impl Who {
    /// The principal. What is neither an account's nor the operator's is nobody.
    pub(crate) fn principal(self) -> Principal {
        let who = match (self.role, self.id) {
            (role, Some(id)) => Principal::known(role, id, self.name.unwrap_or_default(), self.assurance)
                .with_comuni(self.comuni)
                .with_offices(self.offices)
                .with_purposes(self.purposes),
            (Role::Administrator, None) => Principal::operator(),
            _ => Principal::anonymous(),
        };
        match self.key {
            Some(key) => who.through_key(KeyScope { layers: key.layers, edit: key.edit }),
            None => who,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_the_same_afterwards() {
        let scope = KeyScope { layers: Some([LayerId::new("parcels").unwrap()].into()), edit: true };
        let officer = Principal::known(Role::Officer, Uuid::nil(), "Ada", Assurance::Substantial)
            .with_comuni(Comuni::Only(["080901".to_owned()].into()))
            .with_offices(["sue".to_owned()])
            .with_purposes(["cdu".to_owned()]);
        for who in [officer.clone(), officer.through_key(scope), Principal::operator(), Principal::anonymous()] {
            let kept = serde_json::to_value(Who::from(&who)).unwrap();
            assert_eq!(serde_json::from_value::<Who>(kept).unwrap().principal(), who);
        }
    }
}
