//! The tables a load works in, and the locks that tell the living from the dead.

use std::sync::atomic::{AtomicBool, Ordering};

use catalogue::store;
use kernel::layer::GeometryType;
use kernel::{Layer, LayerId, Srid, TableName};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::IngestError;
use crate::plan::{FieldPlan, Role, SCHEMA};

/// Classes of our advisory locks: one load a layer, and one token a load.
const LAYER_LOCKS: i32 = 0x6f73_6974;
const TOKEN_LOCKS: i32 = LAYER_LOCKS + 1;

/// The tables of one load, `published.<layer>__loading_<token>` and so on; the token is locked as long as it lives.
#[derive(Debug)]
pub(crate) struct Staging {
    /// Rows as COPY brought them.
    pub(crate) loading: TableName,
    /// For those that PostGIS had to look at: mended geometry, comune, reason to be kept out.
    pub(crate) placed: TableName,
    /// The layer's next table.
    pub(crate) next: TableName,
    token: i32,
    /// Whether the transaction is open in which the next table is made.
    making: AtomicBool,
}

/// Columns of the loading table before the fields. Fields never begin with `_`.
pub(crate) const OWN_COLUMNS: [&str; 7] = ["_seq", "_file", "_row", "_key", "_comune", "_sure", "_geom"];

/// Takes the lock of a layer, without waiting.
pub(crate) async fn lock_layer(database: &mut PgConnection, layer: &LayerId) -> Result<(), IngestError> {
    let free: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
        .bind(LAYER_LOCKS)
        .bind(layer.as_str())
        .fetch_one(database)
        .await
        .map_err(IngestError::database("can't be locked"))?;
    if free { Ok(()) } else { Err(IngestError::Busy(layer.clone())) }
}

/// Gives it back.
pub(crate) async fn unlock_layer(database: &mut PgConnection, layer: &LayerId) -> Result<(), IngestError> {
    sqlx::query("select pg_advisory_unlock($1, hashtext($2))")
        .bind(LAYER_LOCKS)
        .bind(layer.as_str())
        .execute(database)
        .await
        .map_err(IngestError::database("can't be unlocked"))?;
    Ok(())
}

impl Staging {
    /// Sweeps what dead loads left, and makes names for this one.
    pub(crate) async fn begin(database: &mut PgConnection, layer: &LayerId) -> Result<Self, IngestError> {
        sweep(database).await?;
        let token: i32 = loop {
            let token: i32 = sqlx::query_scalar("select (random() * 2147483646)::int")
                .fetch_one(&mut *database)
                .await
                .map_err(IngestError::database("can't begin"))?;
            if try_token(database, token).await? {
                break token;
            }
        };
        // a table's name is at most 48 long
        let stem: String = layer.as_str().chars().take(24).collect();
        let name = |what: &str| {
            TableName::new(SCHEMA, &format!("{stem}__{what}_{token}")).unwrap_or_else(|_| unreachable!("short, of the alphabet of names"))
        };
        Ok(Self { loading: name("loading"), placed: name("placed"), next: name("next"), token, making: AtomicBool::new(false) })
    }

    /// Makes the table that COPY fills. Unlogged: a crash of the database takes it along.
    pub(crate) async fn create(
        &self,
        database: &mut PgConnection,
        fields: &[FieldPlan],
        storage: Srid,
        file: &str,
    ) -> Result<(), IngestError> {
        // a file may say nothing of an end
        let endless = fields.iter().any(|f| f.role == Role::ValidFrom) && fields.iter().all(|f| f.role != Role::ValidTo);
        let end = if endless { ", valid_to timestamptz" } else { "" };
        let fields: String = fields.iter().map(|f| format!(", {} {}", f.column.sql(), f.kind.sql())).collect();
        let sql = format!(
            "create unlogged table {} (_seq bigint, _file integer, _row bigint, _key text, _comune text, _sure boolean, _geom geometry(Geometry, {}){fields}{end})",
            self.loading.sql(),
            storage.postgis(),
        );
        let refused = |cause| IngestError::Table { file: file.to_owned(), cause };
        sqlx::query(AssertSqlSafe(sql)).execute(database).await.map_err(refused)?;
        Ok(())
    }

    /// Makes the layer's next table, in a transaction that [`Self::keep_next`] ends: what is copied into a table that nobody else can see is
    /// frozen at once. Whoever fills it looks at each row himself, which the table does not until [`store::check_rows`].
    pub(crate) async fn create_next(&self, database: &mut PgConnection, layer: &Layer) -> Result<(), IngestError> {
        self.say(database, "begin").await?;
        self.making.store(true, Ordering::Release);
        store::create_table(database, layer, &self.next).await?;
        Ok(())
    }

    /// Keeps the next table, and what was copied into it, if there is one.
    pub(crate) async fn keep_next(&self, database: &mut PgConnection) -> Result<(), IngestError> {
        if self.making.swap(false, Ordering::AcqRel) { self.say(database, "commit").await } else { Ok(()) }
    }

    async fn say(&self, database: &mut PgConnection, word: &'static str) -> Result<(), IngestError> {
        sqlx::query(word).execute(database).await.map_err(IngestError::database("can't make the layer's table"))?;
        Ok(())
    }

    /// Makes the layer's next table hold several parts a row: what was mended may have fallen apart.
    pub(crate) async fn widen(&self, database: &mut PgConnection, geometry: GeometryType, storage: Srid) -> Result<(), IngestError> {
        let (next, own, srid) = (self.next.sql(), geometry.sql(), storage.postgis());
        let sql = format!("alter table {next} alter column geom type geometry({own}, {srid}) using st_multi(geom)");
        sqlx::query(AssertSqlSafe(sql)).execute(database).await.map_err(IngestError::database("can't hold rows of several parts"))?;
        Ok(())
    }

    /// Takes the tables away.
    pub(crate) async fn clear(&self, database: &mut PgConnection) -> Result<(), IngestError> {
        if self.making.swap(false, Ordering::AcqRel) {
            self.say(database, "rollback").await?;
        }
        let sql = format!("drop table if exists {}, {}, {}", self.loading.sql(), self.placed.sql(), self.next.sql());
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await.map_err(IngestError::database("can't drop staging tables"))?;
        Ok(())
    }

    /// Takes the tables away, and gives the token back.
    pub(crate) async fn end(self, database: &mut PgConnection) -> Result<(), IngestError> {
        self.clear(database).await?;
        release_token(database, self.token).await
    }
}

/// Drops the tables of loads whose token nobody holds.
async fn sweep(database: &mut PgConnection) -> Result<(), IngestError> {
    let what = "can't be swept of what earlier loads left";
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = $1 and tablename ~ '__(loading|placed|next)_[0-9]+$'")
            .bind(SCHEMA)
            .fetch_all(&mut *database)
            .await
            .map_err(IngestError::database(what))?;
    for table in tables {
        let Some(token) = table.rsplit('_').next().and_then(|t| t.parse().ok()) else { continue };
        if try_token(database, token).await? {
            if let Ok(name) = TableName::new(SCHEMA, &table) {
                tracing::info!(table, "dropping what a load that died has left");
                let sql = format!("drop table if exists {}", name.sql());
                sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await.map_err(IngestError::database(what))?;
            }
            release_token(database, token).await?;
        }
    }
    Ok(())
}

async fn try_token(database: &mut PgConnection, token: i32) -> Result<bool, IngestError> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
        .bind(TOKEN_LOCKS)
        .bind(token)
        .fetch_one(database)
        .await
        .map_err(IngestError::database("can't be locked"))
}

async fn release_token(database: &mut PgConnection, token: i32) -> Result<(), IngestError> {
    sqlx::query("select pg_advisory_unlock($1, $2)")
        .bind(TOKEN_LOCKS)
        .bind(token)
        .execute(database)
        .await
        .map_err(IngestError::database("can't be unlocked"))?;
    Ok(())
}
