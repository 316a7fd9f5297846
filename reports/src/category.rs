use kernel::{Language, Problem};
use sqlx::{FromRow, PgConnection};

use operations::say;

/// What a report can be about.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Category {
    pub(crate) code: String,
    pub(crate) label_it: String,
    pub(crate) label_en: String,
    pub(crate) hint_it: String,
    pub(crate) hint_en: String,
    pub(crate) icon: String,
    pub(crate) expected_days: i32,
    pub(crate) active: bool,
}

impl Category {
    pub(crate) fn label(&self, language: Language) -> &str {
        if language == Language::It { &self.label_it } else { &self.label_en }
    }

    pub(crate) fn hint(&self, language: Language) -> &str {
        if language == Language::It { &self.hint_it } else { &self.hint_en }
    }
}

/// All of them, in their order; those that take no new reports too.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Category>, Problem> {
    sqlx::query_as(
        "select code, label_it, label_en, hint_it, hint_en, icon, expected_days, active from reports.categories order by rank, code",
    )
    .fetch_all(conn)
    .await
    .map_err(|e| Problem::database("the reports' categories", &e))
}

/// The name of a category.
pub(crate) fn name<'a>(all: &'a [Category], code: &'a str, language: Language) -> &'a str {
    all.iter().find(|category| category.code == code).map_or(code, |category| category.label(language))
}

/// The offices that there are: those of categories, of routes, and those that somebody works in.
pub(crate) async fn offices(conn: &mut PgConnection) -> Result<Vec<String>, Problem> {
    sqlx::query_scalar("select reports.offices()").fetch_all(conn).await.map_err(|e| Problem::database("the reports' offices", &e))
}

/// An office as people call it.
pub(crate) fn office_name(office: &str, language: Language) -> String {
    match office {
        "manutenzioni" => say(language, "Ufficio manutenzioni", "Maintenance office").to_owned(),
        "impianti" => say(language, "Ufficio impianti e reti", "Utilities office").to_owned(),
        "ambiente" => say(language, "Ufficio ambiente e verde", "Environment office").to_owned(),
        "urp" => say(language, "Relazioni con il pubblico (URP)", "Public relations (URP)").to_owned(),
        other => other.to_owned(),
    }
}
