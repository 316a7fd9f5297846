//! Rows of one code: which of those that arrive is which of those that are there.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

/// A row of a code that several rows have.
#[derive(Clone, Debug)]
struct Repeated {
    /// Its number among those that arrive; `None` of one that is there.
    row: Option<i64>,
    id: String,
    /// Of its geometry.
    hash: String,
}

/// Gives those that arrive the ids of those that are there with the same outline, and other ones to the others: when the first of two
/// buildings of a parcel is gone, the second stays what it was.
pub(super) async fn settle(conn: &mut PgConnection, kind: i16, table: &str) -> Result<(), sqlx::Error> {
    let sql = format!(
        "with arrived as (
             select row, id, geom, regexp_replace(id, '-[0-9]+$', '') as base from arriving where kind = $1
         ), there as (
             select c.id, c.geom, regexp_replace(c.id, '-[0-9]+$', '') as base
               from cadastre.{table} c join arriving_maps m on left(c.id, 11) collate \"C\" = m.map and c.comune = m.comune
              where c.valid_to is null and c.id like '%-%'
         ), repeated as (
             select base from arrived where id <> base union select base from there where id <> base
         )
         select row, id, md5(st_asbinary(geom)) from arrived where base in (select base from repeated)
         union all
         select null, c.id, md5(st_asbinary(c.geom)) from cadastre.{table} c join arriving_maps m on left(c.id, 11) collate \"C\" = m.map
          where c.valid_to is null and regexp_replace(c.id, '-[0-9]+$', '') in (select base from repeated)
         order by 2"
    );
    let rows: Vec<(Option<i64>, String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(kind).fetch_all(&mut *conn).await?;
    let changes = assign(rows.into_iter().map(|(row, id, hash)| Repeated { row, id, hash }).collect());
    if changes.is_empty() {
        return Ok(());
    }
    let (rows, ids): (Vec<i64>, Vec<String>) = changes.into_iter().unzip();
    sqlx::query("update arriving a set id = n.id from unnest($1::bigint[], $2::text[]) n (row, id) where a.row = n.row")
        .bind(rows)
        .bind(ids)
        .execute(conn)
        .await
        .map(|_| ())
}

fn base(id: &str) -> &str {
    id.rsplit_once('-').filter(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())).map_or(id, |(base, _)| base)
}

/// The rows whose ids become others.
fn assign(all: Vec<Repeated>) -> Vec<(i64, String)> {
    let mut groups: HashMap<String, Vec<Repeated>> = HashMap::new();
    for one in all {
        groups.entry(base(&one.id).to_owned()).or_default().push(one);
    }
    groups.into_iter().flat_map(|(base, group)| assign_in(&base, &group)).collect()
}

fn assign_in(base: &str, group: &[Repeated]) -> Vec<(i64, String)> {
    let mut there: HashMap<&str, Vec<&str>> = HashMap::new();
    for one in group.iter().rev().filter(|one| one.row.is_none()) {
        there.entry(&one.hash).or_default().push(&one.id);
    }
    let (mut names, mut taken, mut left) = (Vec::new(), HashSet::new(), Vec::new());
    for one in group.iter() {
        let Some(row) = one.row else { continue };
        match there.get_mut(&*one.hash).and_then(Vec::pop) {
            Some(id) => {
                taken.insert(id.to_owned());
                names.push((row, &one.id, id.to_owned()));
            }
            None => left.push((row, &one.id)),
        }
    }
    // the others keep what they are called, or else are called by the first number that is free
    let mut later = Vec::new();
    for (row, id) in left {
        if !taken.insert(id.clone()) {
            later.push((row, id));
        }
    }
    for (row, id) in later {
        let name = (1..).map(|n| super::rows::id(base.to_owned(), n)).find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(name.clone());
        names.push((row, id, name));
    }
    names.into_iter().filter(|(_, id, name)| *id != name).map(|(row, _, name)| (row, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Repeated, assign};

    fn one(row: Option<i64>, id: &str, hash: &str) -> Repeated {
        Repeated { row, id: id.to_owned(), hash: hash.to_owned() }
    }

    fn sorted(all: Vec<Repeated>) -> Vec<(i64, String)> {
        let mut changes = assign(all);
        changes.sort();
        changes
    }

    #[test]
    fn the_second_stays_the_second_when_the_first_is_gone() {
        let all = vec![one(None, "S.7+", "a"), one(None, "S.7+-2", "b"), one(Some(1), "S.7+", "b")];
        assert_eq!(sorted(all), [(1, "S.7+-2".to_owned())]);
    }

    #[test]
    fn who_is_new_takes_a_number_that_is_free() {
        let all = vec![
            one(None, "S.7+", "a"),
            one(None, "S.7+-2", "b"),
            one(Some(1), "S.7+", "c"),
            one(Some(2), "S.7+-2", "a"),
            one(Some(3), "S.7+-3", "b"),
        ];
        // c can't be called as a is; the second and third are what they were
        assert_eq!(sorted(all), [(1, "S.7+-3".to_owned()), (2, "S.7+".to_owned()), (3, "S.7+-2".to_owned())]);
    }

    #[test]
    fn the_same_file_again_changes_no_id() {
        let all = vec![one(None, "S.7+", "a"), one(None, "S.7+-2", "b"), one(Some(1), "S.7+", "a"), one(Some(2), "S.7+-2", "b")];
        assert!(assign(all).is_empty());
        let equal = vec![one(None, "S.7+", "a"), one(None, "S.7+-2", "a"), one(Some(1), "S.7+", "a"), one(Some(2), "S.7+-2", "a")];
        assert!(assign(equal).is_empty());
    }
}
