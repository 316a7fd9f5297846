//! Which parcel an address means.

use kernel::{Principal, Problem, Services};

use crate::{Sheet, Short};

/// What stands in the address.
pub(super) enum Meant {
    /// A whole reference, in capitals.
    Whole(String),
    /// A short one, of this comune (ISTAT code): the whole reference it stands for.
    Elsewhere(String),
}

/// Reads `H224_001200.345`, with small letters too; or `12/345` and `13A/594` of the comune that is said. In an address the slash may be a hyphen.
pub(super) async fn read(
    services: &Services,
    who: &Principal,
    text: &str,
    (comune, section): (Option<&str>, Option<&str>),
) -> Result<Meant, Problem> {
    if let Some(id) = whole(text) {
        return Ok(Meant::Whole(id));
    }
    let Ok(short) = text.replacen('-', "/", 1).parse::<Short>() else {
        let shown: String = text.chars().take(60).collect();
        return Err(Problem::invalid_parameter("ref", format!("`{shown}` is no reference of a parcel"), ALLOWED));
    };
    if short.number.is_none() {
        return Err(Problem::invalid_parameter("ref", "the particella is missing: this is a foglio alone", ALLOWED));
    }
    let istat = comune.ok_or_else(|| {
        let detail = "a short reference is one of a comune: say which in `comune`, by its ISTAT code";
        Problem::invalid_parameter("comune", detail, "six digits, as `080063`")
    })?;
    let section = match section.map(|text| text.chars().collect::<Vec<_>>()) {
        None => None,
        Some(letters) if letters.len() == 1 => Some(letters[0]).filter(|letter| *letter != '_'),
        Some(_) => return Err(Problem::invalid_parameter("section", "a section is one letter", "one letter, or none")),
    };
    let code = belfiore(services, who, istat).await?;
    let unknown = || Problem::invalid_parameter("comune", "no comune here has this code", "the ISTAT code of a comune of this service");
    let reference = short.within(&code.ok_or_else(unknown)?, section);
    reference
        .map(|reference| Meant::Elsewhere(reference.to_string()))
        .map_err(|e| Problem::invalid_parameter("ref", e.to_string(), ALLOWED))
}

const ALLOWED: &str = "a national reference as `H224_001200.345`; or with `?comune=` a short one, `12-345`, `13A-594`";

/// A reference as it stands in the register. Of a code that stands twice in its sheet, the ordinal follows a hyphen.
fn whole(text: &str) -> Option<String> {
    let (sheet, code) = text.split_once('.')?;
    let fits = (1..=20).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+'));
    let sheet: Sheet = sheet.parse().ok().filter(|_| fits)?;
    Some(format!("{sheet}.{}", code.to_ascii_uppercase()))
}

/// The code by which the cadastre knows a comune.
async fn belfiore(services: &Services, who: &Principal, istat: &str) -> Result<Option<String>, Problem> {
    let failed = |e| Problem::database("finding a comune", &e);
    let mut session = services.context.database.session(who).await.map_err(failed)?;
    let found: Option<Option<String>> = sqlx::query_scalar("select catasto from territory.v_comuni where istat = $1")
        .bind(istat)
        .fetch_optional(&mut *session)
        .await
        .map_err(failed)?;
    Ok(found.flatten())
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_reference_is_read_in_any_case_and_with_its_ordinal() {
        for (text, id) in [
            ("h224_001200.345", "H224_001200.345"),
            ("A000W000200.strada001", "A000W000200.STRADA001"),
            ("H501D076700.ACQUA-2", "H501D076700.ACQUA-2"),
        ] {
            assert_eq!(whole(text).as_deref(), Some(id));
        }
        for text in ["", "12/345", "H224_001200", "H224_001200.", "H224_001200.3 5", "H224_0012.345", "H224_001200.345'", "H224_001200.è"]
        {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
