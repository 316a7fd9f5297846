//! The product on one page: every theme, in the order of the layer tree.

use demo_town::Town;
use kernel::{Module, Text, Vault};
use ogc::Door;
use sqlx::PgConnection;

use crate::failure::Failure;

/// All the themes.
pub(crate) fn all() -> Result<Vec<Module>, Failure> {
    [
        territory::module(),
        cadastre::module(),
        permits::module(),
        public_works::module(),
        environment::module(),
        reports::module(),
        tourism::module(),
    ]
    .into_iter()
    .map(|module| module.map_err(|e| Failure::new(format!("a theme's layers are declared wrongly: {e}"))))
    .collect()
}

/// What the first page leads people to, of the modules that run.
pub(crate) fn doors(runs: impl Fn(&str) -> bool) -> Vec<Door> {
    let all = [(
        "reports",
        reports::module().is_ok_and(|module| module.routes.is_some()),
        Door {
            path: "/reports/new",
            title: Text::new("Segnala un problema", "Report a problem"),
            text: Text::new(
                "Una buca, una luce spenta, rifiuti: dove, una foto, e si segue che cosa succede.",
                "A pothole, a dead lamp, waste: where, a photo, and you follow what becomes of it.",
            ),
        },
    )];
    all.into_iter().filter(|(module, answers, _)| *answers && runs(module)).map(|(_, _, door)| door).collect()
}

/// Each theme loads its own from the records of the invented town.
pub(crate) async fn load_demo(conn: &mut PgConnection, town: &Town, vault: &Vault) -> Result<u64, sqlx::Error> {
    let mut rows = territory::demo::load(conn, town).await?;
    rows += cadastre::demo::load(conn, town, vault).await?;
    rows += permits::demo::load(conn, town).await?;
    rows += public_works::demo::load(conn, town).await?;
    rows += environment::demo::load(conn, town).await?;
    rows += reports::demo::load(conn, town).await?;
    rows += tourism::demo::load(conn, town).await?;
    Ok(rows)
}

/// What a town of the region beside the first has: rows of the same layers, and nothing of the offices.
pub(crate) async fn load_neighbour(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let mut rows = territory::demo::load(conn, town).await?;
    rows += cadastre::demo::map(conn, town).await?;
    rows += environment::demo::trees(conn, town).await?;
    rows += tourism::demo::load(conn, town).await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{all, doors};

    #[test]
    fn a_door_leads_only_to_a_theme_that_runs_and_answers() {
        let answers = reports::module().unwrap().routes.is_some();
        let paths = |runs: &dyn Fn(&str) -> bool| doors(runs).iter().map(|door| door.path).collect::<Vec<_>>();
        assert_eq!(paths(&|_| true).contains(&"/reports/new"), answers);
        assert!(paths(&|module| module != "reports").is_empty());
    }

    #[test]
    fn every_layer_is_declared_whole_and_tells_people_what_it_is() {
        for module in all().unwrap() {
            for layer in &module.layers {
                assert_eq!(
                    (layer.module.as_str(), layer.table.schema(), layer.table.name()),
                    (module.id, &*module.id.replace('-', "_"), layer.id.as_str())
                );
                assert!(!layer.style.0.is_empty(), "{} is not drawn", layer.id);
                assert!(layer.licence.is_some() && layer.attribution.is_some(), "{}", layer.id);
                for text in [&layer.title, &layer.description].into_iter().chain(layer.fields.iter().map(|f| &f.label)) {
                    assert!(!text.it.is_empty() && !text.en.is_empty(), "{}: {text:?}", layer.id);
                }
                for column in layer.label.iter().chain(&layer.aggregate_by) {
                    assert!(layer.field(column.as_str()).is_some(), "{} has no column {column}", layer.id);
                }
            }
        }
    }
}
