//! Who asks, and who answers for the project: personal data (GDPR, art. 4), which come in and are seen by the office alone.

use operations::{Reader, refused};
use sqlx::PgConnection;

/// The roles, with the names of the fields that say their name, code and e-mail.
const ROLES: [(&str, [&str; 3]); 2] = [
    ("applicant", ["applicant", "applicant_code", "applicant_email"]),
    ("technician", ["technician", "technician_code", "technician_email"]),
];

/// Somebody as they were sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    role: &'static str,
    name: Option<String>,
    code: Option<String>,
    email: Option<String>,
}

/// Takes them; whoever is not named at all is left out. At first there must be an applicant, and whoever is told of has a name.
pub(crate) fn take(given: &mut Reader, first: bool) -> Vec<Sent> {
    let mut all = Vec::new();
    for (role, [name, code, email]) in ROLES {
        let named = if first && role == "applicant" { Some(given.required_text(name, 200)) } else { given.text(name, 200) };
        let sent = Sent { role, name: named, code: given.text(code, 40), email: given.text(email, 200) };
        if sent
            .code
            .as_deref()
            .is_some_and(|code| !code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'/' | b' ')))
        {
            given.fault(code, "dev'essere un codice: lettere e cifre", "is to be a code: letters and digits");
        }
        if sent.email.as_deref().is_some_and(|email| !is_email(email)) {
            given.fault(email, "non è un indirizzo di posta", "is no e-mail address");
        }
        if first && sent.name.is_none() && (sent.code.is_some() || sent.email.is_some()) {
            given.fault(name, "manca", "is missing");
        }
        if sent.name.is_some() || sent.code.is_some() || sent.email.is_some() {
            all.push(sent);
        }
    }
    all
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !text.contains(char::is_whitespace)
    })
}

/// Keeps them: what is said replaces what was there, what is not stays. Whoever is new must have a name.
pub(crate) async fn keep(conn: &mut PgConnection, permit: i64, sent: &[Sent]) -> Result<(), kernel::Problem> {
    for party in sent {
        sqlx::query(
            "insert into permits.parties (permit, role, name, code, email)
             values ($1, $2, coalesce($3, (select name from permits.parties where permit = $1 and role = $2)), $4, $5)
             on conflict (permit, role) do update
                set name  = excluded.name,
                    code  = coalesce(excluded.code, parties.code),
                    email = coalesce(excluded.email, parties.email)",
        )
        .bind(permit)
        .bind(party.role)
        .bind(&party.name)
        .bind(&party.code)
        .bind(&party.email)
        .execute(&mut *conn)
        .await
        .map_err(|e| refused(&e))?;
    }
    Ok(())
}

/// The names of what changed, for the journal.
pub(crate) fn changed(sent: &[Sent]) -> Vec<&'static str> {
    sent.iter().map(|party| party.role).collect()
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn an_address_has_a_domain() {
        assert!(is_email("ada@comune.example.it"));
        for wrong in ["ada", "@x.it", "ada@x", "a da@x.it", "ada@.it", "ada@x."] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
