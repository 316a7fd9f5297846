//! The census of the demo town, straight into its tables: what was made is sent as it fills a batch, and never is all of it in memory.

use std::fmt::Write;

use catalogue::copy::{Copy, Rows};
use chrono::{Days, NaiveDate};
use demo_town::census::{self, Act, Day, Nature, Record, Turn};
use demo_town::{DEFAULT_SEED, Town};
use kernel::Vault;
use sqlx::{AssertSqlSafe, PgConnection};

use super::table;
use crate::holdings::rows::{PlaceRow, PropertyKey, PropertyRow, Span, SubjectRow, Table, TitleRow};
use crate::holdings::{NotTaken, sealed, words};

const TABLES: [Table; 5] = [Table::Properties, Table::Places, Table::Addresses, Table::Subjects, Table::Titles];

/// Fills the tables of the census, which must have nothing of these comuni; returns how many rows.
pub(super) async fn load(conn: &mut PgConnection, town: &Town, vault: &Vault) -> Result<u64, sqlx::Error> {
    // COPY does not work below row-level security, as in `fill`
    force(conn, "no force").await?;
    let mut rows = TABLES.map(|table| Rows::new(table.columns().len()));
    let mut count = 0;
    for record in census::census(town, DEFAULT_SEED) {
        write(&record, vault, &mut rows).map_err(|e| sqlx::Error::Encode(e.into()))?;
        for (table, rows) in TABLES.iter().zip(&mut rows) {
            if rows.is_full() {
                count += send(conn, *table, rows).await?;
            }
        }
    }
    for (table, rows) in TABLES.iter().zip(&mut rows) {
        count += send(conn, *table, rows).await?;
    }
    force(conn, "force").await?;
    for of in TABLES {
        sqlx::query(AssertSqlSafe(format!("analyze {}", table(of.name())?.sql()))).execute(&mut *conn).await?;
    }
    Ok(count)
}

async fn force(conn: &mut PgConnection, word: &str) -> Result<(), sqlx::Error> {
    for of in TABLES {
        let sql = format!("alter table {} {word} row level security", table(of.name())?.sql());
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn send(conn: &mut PgConnection, of: Table, rows: &mut Rows) -> Result<u64, sqlx::Error> {
    Copy::start(conn, &table(of.name())?, of.columns()).await?.finish(rows).await
}

fn write(record: &Record<'_>, vault: &Vault, [properties, places, addresses, subjects, titles]: &mut [Rows; 5]) -> Result<(), NotTaken> {
    match record {
        Record::Property(p) => {
            let key = PropertyKey {
                comune: p.comune,
                section: "_",
                nature: nature(p.nature),
                property: p.number.into(),
                version: p.version.into(),
            };
            property(&key, p, &mut properties.row());
            let unit = if p.unit == 0 { String::new() } else { p.unit.to_string() };
            let place = PlaceRow { urban_section: "", sheet: p.sheet.into(), number: p.parcel, denominator: "", unit: &unit };
            key.place(1, &place, &mut places.row());
            if let Some(address) = p.address {
                key.address(1, &address.to_uppercase(), &mut addresses.row());
            }
        }
        Record::Title(t) => {
            let (mut kind, mut regime) = ([0; 4], [0; 4]);
            let acts = acts(t.since, t.until);
            let title = TitleRow {
                comune: t.comune,
                section: "_",
                nature: nature(t.nature),
                property: t.property.into(),
                subject: t.subject.1.into(),
                subject_kind: t.subject.0.encode_utf8(&mut kind),
                title: t.number.into(),
                holds: t.right,
                holds_words: "",
                share: Some((t.share.0.into(), t.share.1.into())),
                regime: t.regime.map_or("", |code| code.encode_utf8(&mut regime)),
                span: span(t.since, t.until, &acts),
            };
            title.write(&mut titles.row());
        }
        Record::Subject(s) => {
            let code = sealed(vault, &s.fiscal_code)?;
            let subject = SubjectRow {
                comune: s.comune,
                section: "_",
                subject: s.number.into(),
                kind: if s.kind == 'P' { "P" } else { "G" },
                name: &s.name,
                given_name: &s.given_name,
                born_on: s.born.map(day),
                born_in: if s.kind == 'P' { s.place } else { "" },
                sex: match s.sex {
                    Some('M') => "M",
                    Some(_) => "F",
                    None => "",
                },
                seat: if s.kind == 'G' { s.place } else { "" },
                code: code.as_ref().map(|(hash, sealed)| (hash.as_slice(), sealed.as_slice())),
            };
            subject.write(&mut subjects.row());
        }
    }
    Ok(())
}

fn property(key: &PropertyKey<'_>, p: &census::Property<'_>, row: &mut catalogue::copy::RowWriter<'_>) {
    let acts = acts(p.since, p.until);
    let class = if p.class == 0 { String::new() } else { p.class.to_string() };
    let cents = |cents: Option<u32>| cents.map(|cents| i64::from(cents) * 10);
    let property = PropertyRow {
        category: p.category,
        class: &class,
        zone: if p.category.is_empty() { "" } else { "1" },
        quality: words::quality(p.land_use),
        size: (p.size_tenths > 0).then(|| i64::from(p.size_tenths) * 100),
        area_m2: Some(i64::from(p.area_m2) * 1000),
        income: cents(p.income_cents),
        income_farm: cents(p.farm_cents),
        storeys: p.storey,
        doors: "",
        partita: p.partita,
        span: span(p.since, p.until, &acts),
    };
    key.property(&property, row);
}

fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Unit => "F",
        Nature::Land => "T",
    }
}

fn day(day: Day) -> NaiveDate {
    let (epoch, days) = (NaiveDate::default(), u64::from(day.unsigned_abs()));
    let moved = if day < 0 { epoch.checked_sub_days(Days::new(days)) } else { epoch.checked_add_days(Days::new(days)) };
    moved.unwrap_or(epoch)
}

/// `Compravendita n. 4512/2003`.
fn act(act: Act) -> String {
    let mut text = act.kind.to_owned();
    if act.number > 0 {
        // writing to a text can't fail
        let _ = write!(text, " n. {}/{}", act.number, act.year);
    }
    text
}

fn acts(since: Turn, until: Option<Turn>) -> [String; 2] {
    [act(since.1), until.map(|turn| act(turn.1)).unwrap_or_default()]
}

fn span(since: Turn, until: Option<Turn>, acts: &[String; 2]) -> Span<'_> {
    Span { since: Some(day(since.0)), since_act: &acts[0], until: until.map(|turn| day(turn.0)), until_act: &acts[1] }
}
