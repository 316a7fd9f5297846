use std::future::Future;
use std::pin::Pin;

use kernel::{Column, Filter, Layer, LayerId, Principal, Problem, filter};
use sqlx::{PgConnection, QueryBuilder};

/// What somebody may do with a row that exists for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether they may change the row, and so add and delete its files.
    pub edit: bool,
    /// The path of the row's page.
    pub page: String,
}

impl Access {
    /// The layer's own rule for the row of this public id. `None`: it is not there for `who`, or its files are not. A row that is no
    /// longer valid keeps its files.
    pub async fn of(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Self>, sqlx::Error> {
        let mut sql = QueryBuilder::new("select ");
        layer.editable_rows(who).write(layer.srid, &mut sql);
        sql.push(" from ").push(layer.seen_by(who, "seen")).push(" where ");
        let column = Column::new("id").map_err(|e| sqlx::Error::Protocol(e.to_string()))?;
        Filter::Equal(column, filter::Value::Text(id.to_owned())).write(layer.srid, &mut sql);
        if layer.private_files {
            sql.push(" and ");
            layer.private_rows(who).write(layer.srid, &mut sql);
        }
        sql.push(" order by fid desc limit 1");
        let edit: Option<Option<bool>> = sql.build_query_scalar().fetch_optional(conn).await?;
        let item = || format!("/collections/{}/items/{}", layer.id, operations::links::encode(id));
        Ok(edit.map(|edit| Self { edit: edit.unwrap_or(false), page: layer.page_of(id).unwrap_or_else(item) }))
    }
}

/// What was done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was added.
    Added,
    /// It was deleted.
    Deleted,
}

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The rows that files belong to.
pub trait Records: Send + Sync {
    /// What `who` may do with the row of this public id. `None`: there is no such layer or row for them. Asked at every request.
    fn access<'a>(&'a self, who: &'a Principal, layer: &'a LayerId, id: &'a str) -> Pending<'a, Result<Option<Access>, Problem>>;

    /// Told of each change inside its transaction, before it commits; whoever keeps a log adds to it here.
    fn changed<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        who: &'a Principal,
        layer: &'a LayerId,
        id: &'a str,
        change: Change,
        file: uuid::Uuid,
    ) -> Pending<'a, Result<(), sqlx::Error>>;
}
