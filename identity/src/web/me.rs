use axum::extract::State;
use axum::response::Response;
use kernel::{Comuni, Principal};
use serde_json::{Value, json};

use super::answer::{document, failed};
use super::ask::Ask;
use super::{new_password, password};
use crate::Identity;
use crate::password::OwnPassword;
use crate::sign_in::PEOPLE;

/// `GET /auth/me`: who asks, as the portal needs it. For nobody it says how one signs in.
#[utoipa::path(
    get,
    path = "/auth/me",
    tag = "accounts",
    params(("lang" = Option<String>, Query, description = "`it` or `en`")),
    responses((status = 200, description = "`signed_in`, `role`, `name`, `comuni` (ISTAT codes, or `*`), `offices`, and what else the portal needs"))
)]
pub(super) async fn show(State(identity): State<Identity>, ask: Ask) -> Response {
    let nobody = Principal::anonymous();
    let who = ask.current.as_ref().map_or(&nobody, |current| &current.principal);
    let comuni: Value = match who.comuni() {
        Comuni::All => "*".into(),
        Comuni::Only(some) => some.into_iter().collect::<Vec<_>>().into(),
    };
    let current = ask.current.as_ref();
    let own_password = match current {
        None => OwnPassword::None,
        Some(current) => match identity.own_password(current).await {
            Ok(own) => own,
            Err(failure) => return failed(&ask, &failure),
        },
    };
    document(
        &ask,
        &json!({
            "signed_in": current.is_some(),
            "role": who.role().name(),
            "name": who.name(),
            "email": current.and_then(|c| c.email.as_deref()),
            "id": who.id(),
            "comuni": comuni,
            "offices": who.offices(),
            "assurance": who.assurance(),
            "staff": who.is_staff(),
            "administrator": who.may_administer(),
            "expires_at": current.map(|c| c.expires_at),
            "password": own_password == OwnPassword::There,
            "can_sign_in": identity.can_sign_in().is_ok(),
            "links": {
                "sign_in": ask.url("/auth/sign-in"),
                "sign_out": ask.url("/auth/sign-out"),
                "sessions": ask.url("/auth/sessions"),
                "password": match own_password {
                    OwnPassword::There => Some(ask.url(password::ADDRESS)),
                    OwnPassword::Wanting => Some(ask.url(new_password::ADDRESS)),
                    OwnPassword::None => None,
                },
            },
            "demo": people(&ask),
        }),
    )
}

/// The demo's people, each with the address that enters as them; none elsewhere.
pub(super) fn people(ask: &Ask) -> Value {
    if !ask.identity.parts.settings.demo {
        return Value::Array(Vec::new());
    }
    let person = |p: &crate::DemoPerson| {
        json!({
            "id": p.id, "name": p.name, "role": p.role.name(), "title": p.title().get(ask.language),
            "href": ask.url(&format!("/auth/demo/{}", p.id)),
        })
    };
    PEOPLE.iter().map(person).collect()
}
