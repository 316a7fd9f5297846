//! A layer for tests: one field of each sort that matters.

use kernel::layer::{Audience, Code, Field, FieldType, GeometryType, Style};
use kernel::{Layer, LayerId, Srid, TableName, Text};

/// Parcels with validity; `owner` is private, `area_m2` can't be asked by, `limit` is named like a parameter.
pub(crate) fn parcels() -> Layer {
    let field = |name: &str, kind| Field::new(name, kind, Text::same(name)).unwrap();
    let codes = ["land", "street", "water"].map(|v| Code { value: v.to_owned(), label: Text::same(v) }).to_vec();
    Layer {
        id: LayerId::new("parcels").unwrap(),
        module: "cadastre".to_owned(),
        title: Text::new("Particelle", "Parcels"),
        description: Text::new("Le particelle <b>del</b> catasto", "The parcels of the cadastre"),
        table: TableName::new("cadastre", "parcels").unwrap(),
        geometry: GeometryType::Polygon,
        srid: Srid::RDN2008_UTM33,
        fields: vec![
            field("sheet", FieldType::Integer),
            Field { codes, ..field("kind", FieldType::Text) },
            Field { filterable: false, unit: Some("m²".to_owned()), ..field("area_m2", FieldType::Number) },
            field("updated_on", FieldType::Date),
            Field { private: true, ..field("owner", FieldType::Text) },
            field("limit", FieldType::Integer),
        ],
        label: None,
        row_title: None,
        validity: true,
        audience: Audience::Public,
        rows: None,
        editors: Vec::new(),
        writes: kernel::layer::Writes::default(),
        page: None,
        private_files: false,
        zoom: (12, 22),
        visible: true,
        base: false,
        off_cards: false,
        register: None,
        style: Style::default(),
        author: None,
        draft: false,
        aggregate_by: None,
        accuracy: None,
        licence: Some("CC-BY-4.0".to_owned()),
        attribution: Some("Comune".to_owned()),
        source_date: None,
    }
}
