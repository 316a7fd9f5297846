//! Places that a theme's syntax names: rows by the values of some columns.

use kernel::layer::FieldType;
use kernel::{Column, Context, Filter, Language, Layer, Layers, Lookup, Principal, Problem, TableName, filter};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};

use super::{Hit, comuni, failed, push_select, result};
use crate::query::box_sql;

/// How many rows are followed to what became of them.
const MOST_DESCENDANTS: i64 = 1_000;

/// The places that these lookups name, as `/search` answers them: for a theme's own page of search.
pub async fn named(
    context: &Context,
    layers: &dyn Layers,
    who: &Principal,
    (lookups, limit): (&[Lookup], u32),
    language: Language,
) -> Result<Vec<Value>, Problem> {
    let mut found = Vec::new();
    for lookup in lookups {
        if let Some(layer) = layers.layer(who, lookup.layer.as_str()) {
            add(context, &layer, who, lookup, limit, &mut found).await?;
        }
    }
    let names = comuni(context, who).await?;
    let results = found.iter().filter_map(|hit| result(context, &*layers.layer(who, &hit.layer)?, hit, &names, language));
    Ok(results.collect())
}

/// Adds the rows that a lookup names to those found before, each once, up to the limit.
pub(super) async fn add(
    context: &Context,
    layer: &Layer,
    who: &Principal,
    lookup: &Lookup,
    limit: u32,
    found: &mut Vec<Hit>,
) -> Result<(), Problem> {
    let room = usize::try_from(limit).unwrap_or(usize::MAX);
    if found.len() >= room || !lookup.equal.iter().chain(&lookup.starts).all(|(name, _)| has(layer, who, name)) {
        return Ok(());
    }
    let place = Named { context, layer, who, lookup, limit: i64::from(limit) };
    let mut rows = place.now().await?;
    if layer.validity
        && rows.len() < room
        && let Some(lineage) = &lookup.lineage
    {
        rows.extend(place.former(lineage).await?);
    }
    for row in rows {
        if found.len() < room && !found.iter().any(|hit| hit.layer == row.layer && hit.id == row.id) {
            found.push(row);
        }
    }
    Ok(())
}

/// Whether the layer as they see it has this column: one that is no field is seen by those who see all of the table.
fn has(layer: &Layer, who: &Principal, name: &str) -> bool {
    Column::SYSTEM.contains(&name) || layer.field(name).is_some() || layer.is_open_to(who)
}

struct Named<'a> {
    context: &'a Context,
    layer: &'a Layer,
    who: &'a Principal,
    lookup: &'a Lookup,
    limit: i64,
}

impl Named<'_> {
    /// Those valid now.
    async fn now(&self) -> Result<Vec<Hit>, Problem> {
        let mut sql = QueryBuilder::new("");
        self.push_columns(&mut sql);
        sql.push(" from ").push(self.layer.seen_by(self.who, "seen")).push(" where ");
        self.push_named(&mut sql)?;
        self.push_valid(&mut sql);
        sql.push(" order by ");
        if let Some((column, _)) = self.lookup.starts.first() {
            // what is as good as typed comes before what is much longer; an index in this order is read no further than the limit
            let column = named_column(column)?;
            sql.push(format!("length({column}::text), lower({column}::text collate \"C\"), "));
        }
        sql.push("comune, id limit ").push_bind(self.limit);
        self.fetch(sql).await
    }

    /// Those that are no more, as they were at last, each followed by what is there in its place now.
    async fn former(&self, lineage: &TableName) -> Result<Vec<Hit>, Problem> {
        let mut sql = QueryBuilder::new("");
        self.push_columns(&mut sql);
        sql.push(", valid_to as until from (select distinct on (id) seen.* from ")
            .push(self.layer.seen_by(self.who, "seen"))
            .push(" where ");
        self.push_named(&mut sql)?;
        sql.push(" order by id, valid_from desc) latest where valid_to <= ").push_bind(self.context.clock.now());
        sql.push(" order by valid_to desc, id limit ").push_bind(self.limit);
        let mut rows = Vec::new();
        for row in self.fetch(sql).await? {
            let instead_of = Some((row.id.clone(), row.attributes.clone()));
            let descendants = self.descendants(lineage, &row.id).await?;
            rows.push(row);
            rows.extend(descendants.into_iter().map(|hit| Hit { instead_of: instead_of.clone(), ..hit }));
        }
        Ok(rows)
    }

    /// What is valid now of all that came of a row, and of what came of that.
    async fn descendants(&self, lineage: &TableName, id: &str) -> Result<Vec<Hit>, Problem> {
        let relation = lineage.sql();
        let mut sql = QueryBuilder::new(format!("with recursive became as (select child from {relation} where parent = "));
        sql.push_bind(id.to_owned());
        sql.push(format!(" union select l.child from became b join {relation} l on l.parent = b.child) "));
        self.push_columns(&mut sql);
        sql.push(" from ").push(self.layer.seen_by(self.who, "seen"));
        sql.push(" where id = any(array(select child from became limit ").push_bind(MOST_DESCENDANTS).push("))");
        self.push_valid(&mut sql);
        sql.push(" order by id limit ").push_bind(self.limit);
        self.fetch(sql).await
    }

    fn push_columns(&self, sql: &mut QueryBuilder<Postgres>) {
        push_select(sql, self.layer, self.who);
        sql.push(", 1::real as score, ").push(box_sql("geom", self.layer.srid.postgis()));
    }

    fn push_valid(&self, sql: &mut QueryBuilder<Postgres>) {
        if self.layer.validity {
            sql.push(" and ");
            Filter::ValidAt(self.context.clock.now()).write(self.layer.srid, sql);
        }
    }

    fn push_named(&self, sql: &mut QueryBuilder<Postgres>) -> Result<(), Problem> {
        let mut filters = Vec::new();
        for (name, value) in &self.lookup.equal {
            let column = Column::new(*name).map_err(|e| Problem::internal("search", &e))?;
            let integer = self.layer.field(name).is_some_and(|f| f.kind == FieldType::Integer);
            filters.push(match value.parse::<i64>() {
                Ok(number) if integer => Filter::Equal(column, filter::Value::Integer(number)),
                _ if *name == "id" => Filter::Equal(column, filter::Value::Text(value.clone())),
                _ => Filter::SameText(column, value.clone()),
            });
        }
        Filter::And(filters).write(self.layer.srid, sql);
        for (name, value) in &self.lookup.starts {
            // from the text itself to the last that begins so, in the order of code points: what an index can answer whatever is bound
            let text = format!("lower({}::text collate \"C\")", named_column(name)?);
            let beginning = value.to_ascii_lowercase();
            sql.push(format!(" and {text} >= ")).push_bind(beginning.clone());
            sql.push(format!(" and {text} < ")).push_bind(format!("{beginning}\u{10ffff}"));
        }
        Ok(())
    }

    async fn fetch(&self, mut sql: QueryBuilder<Postgres>) -> Result<Vec<Hit>, Problem> {
        let mut session = self.context.database.session(self.who).await.map_err(failed)?;
        sql.build_query_as().fetch_all(&mut *session).await.map_err(failed)
    }
}

fn named_column(name: &str) -> Result<String, Problem> {
    Column::new(name).map(|column| column.sql()).map_err(|e| Problem::internal("search", &e))
}
