use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Client, Problem};
use operations::{Answer, Ask, Reader, Row, refused};
use serde_json::json;

use super::{absent, parse, tell};
use crate::desk::Desk;

/// `POST /reports/follow/{secret}/contact`: gives `email` or `phone`, in the place of what was given before; with neither, all is taken back.
#[utoipa::path(
    post,
    path = "/reports/follow/{secret}/contact",
    tag = "reports",
    params(("secret" = String, Path, description = "What the private link ends with")),
    request_body(content_type = "application/json", description = "`email`, `phone`"),
    responses((status = 200, description = "Which of the two are there"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(desk): State<Desk>,
    Path(secret): Path<String>,
    client: Option<Client>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    let language = ask.request.language;
    desk.rates.small(client, language)?;
    let secret = parse(&secret)?;
    let sent = ask.read(body).await?;
    let mut given = sent.reader(language);
    let [email, phone] = read(&mut given);
    given.check()?;
    let failed = |e| Problem::database("the contact of a report", &e);
    let who = &ask.request.who;
    let mut transaction = desk.services.context.database.write(who).await.map_err(failed)?;
    let row: Option<Row> = sqlx::query_as("select fid, id, version, comune from reports.set_contact($1, $2, $3, $4)")
        .bind(secret.hash())
        .bind(&email)
        .bind(&phone)
        .bind(desk.services.context.clock.now())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|e| refused(&e))?;
    let row = row.ok_or_else(absent)?;
    tell(&desk, &mut transaction, who, &row, "contact").await?;
    transaction.commit().await.map_err(failed)?;
    let body = json!({ "contact": { "email": email.is_some(), "phone": phone.is_some() } });
    let answer = Answer::changed(format!("/reports/follow/{}", secret.reveal()), row.tag(), body);
    Ok(answer.send(&desk.services.context, &ask.request).await)
}

/// E-mail and telephone, as the database takes them.
pub(crate) fn read(given: &mut Reader) -> [Option<String>; 2] {
    let email = given.text("email", 254);
    if email.as_deref().is_some_and(|email| !is_email(email)) {
        given.fault("email", "non è un indirizzo di posta", "is no e-mail address");
    }
    let phone = given.text("phone", 30);
    if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
        given.fault("phone", "non è un numero di telefono", "is no telephone number");
    }
    [email, phone]
}

fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    let [name, host] = parts[..] else { return false };
    !name.is_empty() && !text.contains(char::is_whitespace) && host.split('.').count() >= 2 && host.split('.').all(|part| !part.is_empty())
}

fn is_phone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    (5..=30).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_digit() || " ./-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::{is_email, is_phone};

    #[test]
    fn what_can_be_written_to_or_called() {
        for good in ["a@b.it", "nome.cognome+x@posta.example.it"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "@", "a@b", "a b@c.it", "a@b.it@c.it", "a@.it", "a@b..it", "<script>@x"] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_phone("+39 0965 000123") && is_phone("0965/000123"));
        assert!(!is_phone("1234") && !is_phone("chiamatemi") && !is_phone("++39 0965"));
    }
}
