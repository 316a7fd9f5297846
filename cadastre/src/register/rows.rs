//! Rows on their way into the register: written for COPY into one temporary table, whatever table they are meant for.

use catalogue::copy::Rows;
use catalogue::ewkb;
use kernel::Srid;

use crate::{ParcelRef, Sheet};

/// The columns of the temporary table that are written, in their order.
pub(super) const COLUMNS: [&str; 16] = [
    "file",
    "line",
    "kind",
    "published",
    "id",
    "map",
    "comune",
    "section",
    "sheet",
    "attachment",
    "development",
    "word",
    "number",
    "size_m",
    "angle",
    "geom",
];

/// The temporary tables of an import, gone with its transaction.
pub(super) const TABLES: &str = "
    create temporary table arriving (
        row         bigint generated always as identity,
        file        integer not null,
        line        bigint  not null,
        kind        smallint not null,
        published   boolean not null,
        id          text    not null,
        map         text    not null,
        comune      text    not null,
        section     text    not null,
        sheet       integer not null,
        attachment  text    not null,
        development text    not null,
        word        text    not null,
        number      integer,
        size_m      double precision,
        angle       double precision,
        geom        public.geometry not null
    ) on commit drop;
    create temporary table arriving_maps (
        map     text        primary key,
        comune  text        not null,
        day     date        not null,
        since   timestamptz,
        whole   boolean     not null,
        complete boolean    not null default false,
        partial  boolean    not null default false,
        content bytea,
        sha256  bytea,
        file    text        not null,
        srid    integer     not null,
        origin  jsonb,
        shift   jsonb
    ) on commit drop;
    create temporary table differing (
        kind   smallint not null,
        what   text     not null,
        id     text     not null,
        fid    bigint,
        row    bigint,
        moved  double precision
    ) on commit drop;";

/// The tables of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Table {
    Sheets = 1,
    Parcels = 2,
    Buildings = 3,
    Fiducials = 4,
    Texts = 5,
    Symbols = 6,
    Lines = 7,
    Findings = 8,
}

impl Table {
    pub(super) const ALL: [Self; 8] =
        [Self::Sheets, Self::Parcels, Self::Buildings, Self::Fiducials, Self::Texts, Self::Symbols, Self::Lines, Self::Findings];

    /// Its name in the schema `cadastre`, which is its layer's.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sheets => "sheets",
            Self::Parcels => "parcels",
            Self::Buildings => "buildings",
            Self::Fiducials => "fiducials",
            Self::Texts => "cadastral_texts",
            Self::Symbols => "cadastral_symbols",
            Self::Lines => "cadastral_lines",
            Self::Findings => "cadastral_findings",
        }
    }

    /// The columns that are its own, and what they are of a row `a` that arrives (`c` is the row that it follows, if there is one).
    pub(super) fn own_columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Sheets => &[("number", "a.sheet"), ("scale", "coalesce(a.number, c.scale)"), ("updated_on", "m.day")],
            Self::Parcels => &[
                ("sheet", "a.sheet"),
                ("number", "a.word"),
                ("kind", "case a.number when 1 then 'street' when 2 then 'water' else 'land' end"),
                ("land_use", "c.land_use"),
                ("area_m2", "c.area_m2"),
                ("urban", "coalesce(c.urban, false)"),
                ("updated_on", "m.day"),
            ],
            Self::Buildings => {
                &[("sheet", "a.sheet"), ("parcel", "a.word"), ("kind", "c.kind"), ("floors", "c.floors"), ("height_m", "c.height_m")]
            }
            Self::Fiducials => {
                &[("sheet", "a.sheet"), ("number", "a.word"), ("kind", "case a.number when 8 then 'trigonometric' else 'ordinary' end")]
            }
            Self::Texts => {
                &[("sheet", "a.sheet"), ("text", "a.word"), ("size_m", "a.size_m"), ("angle", "a.angle"), ("outside", "a.number = 1")]
            }
            Self::Symbols => &[("sheet", "a.sheet"), ("symbol", "a.number"), ("angle", "a.angle"), ("outside", "a.word <> ''")],
            Self::Lines => &[("sheet", "a.sheet"), ("style", "a.number"), ("outside", "a.word <> ''")],
            Self::Findings => &[
                ("sheet", "a.sheet"),
                ("kind", "split_part(a.word, ':', 1)"),
                ("codes", "split_part(a.word, ':', 2)"),
                ("area_m2", "a.size_m"),
            ],
        }
    }

    /// The column that [`Self::differs`] looks at.
    pub(super) fn compared(self) -> &'static str {
        match self {
            Self::Sheets => "scale",
            Self::Parcels | Self::Fiducials => "kind",
            Self::Buildings | Self::Texts | Self::Symbols | Self::Lines | Self::Findings => "comune",
        }
    }

    /// Of a row `a` that arrives and the row `c` that is there: what else than the geometry may have changed.
    pub(super) fn differs(self) -> &'static str {
        match self {
            Self::Sheets => "a.number is not null and a.number is distinct from c.scale",
            Self::Parcels => "c.kind <> case a.number when 1 then 'street' when 2 then 'water' else 'land' end",
            Self::Fiducials => "c.kind <> case a.number when 8 then 'trigonometric' else 'ordinary' end",
            // the others' ids are of all that they have
            Self::Buildings | Self::Texts | Self::Symbols | Self::Lines | Self::Findings => "false",
        }
    }
}

/// What every row of a sheet has.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: i32,
    pub(super) map: Sheet,
    /// The comune by its ISTAT code.
    pub(super) comune: String,
    pub(super) published: bool,
}

/// A row's own.
#[derive(Debug, Default)]
pub(super) struct Own<'a> {
    pub(super) line: u64,
    pub(super) id: String,
    pub(super) word: &'a str,
    pub(super) number: Option<i32>,
    pub(super) size_m: Option<f64>,
    pub(super) angle: Option<f64>,
}

/// Writes a row; `geometry` is EWKB.
pub(super) fn write(rows: &mut Rows, table: Table, place: &Place, own: &Own<'_>, geometry: &[u8]) {
    let sheet = &place.map;
    let mut row = rows.row();
    row.int4(place.file).integer(i64::try_from(own.line).unwrap_or(i64::MAX)).bytes(&(table as i16).to_be_bytes());
    row.boolean(place.published).text(&own.id).text(&sheet.to_string()).text(&place.comune);
    row.text(sheet.section().unwrap_or('_').encode_utf8(&mut [0; 4])).int4(sheet.foglio().into());
    row.text(sheet.attachment().encode_utf8(&mut [0; 4])).text(sheet.development().encode_utf8(&mut [0; 4]));
    row.text(own.word);
    match own.number {
        Some(number) => row.int4(number),
        None => row.null(),
    };
    for value in [own.size_m, own.angle] {
        match value {
            Some(value) => row.number(value),
            None => row.null(),
        };
    }
    row.bytes(geometry);
}

/// A polygon for the register.
pub(super) fn polygon(rings: &[Vec<[f64; 2]>], storage: Srid) -> Vec<u8> {
    ewkb::polygon(rings, storage)
}

/// The id of the `ordinal`-th row of a code: what stands twice in a sheet keeps both rows.
pub(super) fn id(base: String, ordinal: u32) -> String {
    if ordinal > 1 { format!("{base}-{ordinal}") } else { base }
}

/// What a parcel is by its number, as `arriving.number` has it.
pub(super) fn parcel_kind(reference: &ParcelRef) -> i32 {
    let number = reference.number().as_str();
    match (number.starts_with("STRADA"), number.starts_with("ACQUA")) {
        (true, _) => 1,
        (_, true) => 2,
        _ => 0,
    }
}
