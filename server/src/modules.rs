//! The product on one page: every theme, in the order of the layer tree.

use demo_town::Town;
use kernel::Module;
use sqlx::PgConnection;

use crate::failure::Failure;

/// All the themes.
pub(crate) fn all() -> Result<Vec<Module>, Failure> {
    [territory::module(), cadastre::module(), environment::module(), tourism::module()]
        .into_iter()
        .map(|module| module.map_err(|e| Failure::new(format!("a theme's layers are declared wrongly: {e}"))))
        .collect()
}

/// Each theme loads its own from the records of the invented town.
pub(crate) async fn load_demo(conn: &mut PgConnection, town: &Town) -> Result<u64, sqlx::Error> {
    let mut rows = territory::demo::load(conn, town).await?;
    rows += cadastre::demo::load(conn, town).await?;
    rows += environment::demo::load(conn, town).await?;
    rows += tourism::demo::load(conn, town).await?;
    Ok(rows)
}
