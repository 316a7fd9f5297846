//! Parcels that were split, merged and left alone, their census and who owns them, and the theme's routes on a real database.

#![allow(dead_code, reason = "each test file uses its part")]

use std::ops::Deref;

use catalogue::{Catalogue, PortalSettings};
use kernel::{Principal, Vault};
use serde_json::Value;
use test_database::Theme;

pub(crate) const OURS: &str = "080901";
pub(crate) const THEIRS: &str = "080902";
/// Invented: whoever is not entitled must find neither.
pub(crate) const PERSON: &str = "Quattroventi";
pub(crate) const CODE: &str = "QTTZRA80A41X101Q";

pub(crate) struct Scene(Theme);

impl Deref for Scene {
    type Target = Theme;

    fn deref(&self) -> &Theme {
        &self.0
    }
}

/// An officer of this comune.
pub(crate) fn officer(comune: &str) -> Principal {
    test_database::officer(&format!("Officer of {comune}"), &[comune])
}

/// The same, who said what they read personal data for.
pub(crate) fn with_purpose(who: Principal) -> Principal {
    who.with_purposes(["accesso agli atti è".to_owned()])
}

/// 100 was split into 501 and 502, 502 into 601 and 602; 1 was drawn anew; 2 lies 5 mm from 501, 3 a metre.
const PARCELS: &str = "
    insert into cadastre.parcels (id, comune, sheet, number, kind, land_use, area_m2, urban, updated_on, valid_from, valid_to, geom) values
        ('X101_000100.100', '080901', 1, '100', 'land', 'uliveto', 805, false, '2001-01-01', '2001-01-01T00:00+01', '2019-05-01T00:00+02', st_makeenvelope(551000, 4211000, 551040, 4211020, 7792)),
        ('X101_000100.501', '080901', 1, '501', 'land', 'ente urbano', 402, true, '2019-05-01', '2019-05-01T00:00+02', null, st_makeenvelope(551000, 4211000, 551020, 4211020, 7792)),
        ('X101_000100.502', '080901', 1, '502', 'land', 'uliveto', 403, false, '2019-05-01', '2019-05-01T00:00+02', '2023-03-01T00:00+01', st_makeenvelope(551020, 4211000, 551040, 4211020, 7792)),
        ('X101_000100.601', '080901', 1, '601', 'land', 'uliveto', 200, false, '2023-03-01', '2023-03-01T00:00+01', null, st_makeenvelope(551020, 4211000, 551030, 4211020, 7792)),
        ('X101_000100.602', '080901', 1, '602', 'land', 'uliveto', 200, false, '2023-03-01', '2023-03-01T00:00+01', null, st_makeenvelope(551030, 4211000, 551040, 4211020, 7792)),
        ('X101_000100.1', '080901', 1, '1', 'land', null, 390, false, null, '1900-01-01T00:00+01', '2010-01-01T00:00+01', st_makeenvelope(550980, 4211000, 550999.5, 4211020, 7792)),
        ('X101_000100.1', '080901', 1, '1', 'land', null, 400, false, '2010-01-01', '2010-01-01T00:00+01', null, st_makeenvelope(550980, 4211000, 551000, 4211020, 7792)),
        ('X101_000100.2', '080901', 1, '2', 'land', null, 800, false, null, '2001-01-01T00:00+01', null, st_makeenvelope(551000, 4211020.005, 551040, 4211040, 7792)),
        ('X101_000100.3', '080901', 1, '3', 'land', null, null, false, null, '2001-01-01T00:00+01', null, st_makeenvelope(551000, 4210990, 551040, 4210999, 7792)),
        ('X101_000100.STRADA001', '080901', 1, 'STRADA001', 'street', null, null, false, null, '2001-01-01T00:00+01', null, st_makeenvelope(551020, 4211000, 551500, 4211000.5, 7792)),
        ('X101_000100.ACQUA', '080901', 1, 'ACQUA', 'water', null, null, false, null, '2001-01-01T00:00+01', null, st_makeenvelope(552000, 4211000, 552010, 4211010, 7792)),
        ('X101_000100.ACQUA-2', '080901', 1, 'ACQUA', 'water', null, null, false, null, '2001-01-01T00:00+01', null, st_makeenvelope(552020, 4211000, 552030, 4211010, 7792)),
        ('X101_000100.900', '080901', 1, '900', 'land', null, 100, false, null, '2001-01-01T00:00+01', '2005-01-01T00:00+01', st_makeenvelope(553000, 4211000, 553010, 4211010, 7792)),
        ('X102_000100.100', '080902', 1, '100', 'land', null, 100, false, null, '2001-01-01T00:00+01', null, st_makeenvelope(561000, 4211000, 561010, 4211010, 7792));
    insert into cadastre.parcels (id, comune, sheet, section, attachment, number, kind, urban, valid_from, geom) values
        ('X101_0013A0.594', '080901', 13, '_', 'A', '594', 'land', false, '2001-01-01', st_makeenvelope(554000, 4211000, 554010, 4211010, 7792)),
        ('X101_001300.594', '080901', 13, '_', '0', '594', 'land', false, '2001-01-01', st_makeenvelope(554020, 4211000, 554030, 4211010, 7792)),
        ('X101D076700.12', '080901', 767, 'D', '0', '12', 'land', false, '2001-01-01', st_makeenvelope(554040, 4211000, 554050, 4211010, 7792)),
        ('X101E076700.12', '080901', 767, 'E', '0', '12', 'land', false, '2001-01-01', st_makeenvelope(554060, 4211000, 554070, 4211010, 7792));
    insert into cadastre.parcels (id, comune, sheet, number, kind, urban, valid_from, geom)
        select 'X101_001200.' || n, '080901', 12, n, 'land', false, '2001-01-01', st_makeenvelope(555000 + n * 10, 4211000, 555005 + n * 10, 4211005, 7792)
          from unnest(array[3, 4, 30, 31, 39, 300, 301, 43]) n;
    insert into cadastre.lineage (parent, child, day, area_m2) values
        ('X101_000100.100', 'X101_000100.501', '2019-05-01', 400), ('X101_000100.100', 'X101_000100.502', '2019-05-01', 400),
        ('X101_000100.502', 'X101_000100.601', '2023-03-01', 200), ('X101_000100.502', 'X101_000100.602', '2023-03-01', 200);";

/// Of 501: land, a flat whose category changed in 2020, a garage on two subalterni; who owns them. Of 602: land in two portions.
const CENSUS: &str = "
    insert into cadastre.properties (comune, section, nature, property, version, category, class, zone, quality, size, area_m2, income, income_farm, storeys, partita, since, since_act, until) values
        ('080901', '_', 'T', 1, 1, null, null, null, 282, null, 402, null, null, null, '1', '2019-05-01', 'Tipo mappale 12/2019', null),
        ('080901', '_', 'F', 10, 1, 'A04', '1', null, null, 5, 100, 450, null, '1', null, '2019-05-01', null, '2020-02-01'),
        ('080901', '_', 'F', 10, 2, 'A02', '2', null, null, 5.5, 110, 1600.50, null, '1', null, '2020-02-01', 'Variazione 3/2020', null),
        ('080901', '_', 'F', 11, 1, 'C06', '3', null, null, 18, 20, 100.25, null, 'S1', null, '2019-05-01', null, null),
        ('080901', '_', 'F', 12, 1, 'A02', '3', null, null, 9, 90, 900, null, null, null, '2019-05-01', null, null),
        ('080901', '_', 'T', 13, 1, null, null, null, 36, null, 200, 3.50, 1.20, null, '1', '2023-03-01', null, null);
    insert into cadastre.property_portions (comune, section, nature, property, version, ordinal, portion, quality, class, area_m2, income, income_farm) values
        ('080901', '_', 'T', 13, 1, 1, 'AA', 36, '02', 150, 3.00, 1.00),
        ('080901', '_', 'T', 13, 1, 2, 'AB', 91, null, 50, 0.50, 0.20);
    insert into cadastre.property_places (comune, section, nature, property, version, ordinal, urban_section, sheet, number, denominator, unit) values
        ('080901', '_', 'T', 1, 1, 1, '', 1, '501', '', ''),
        ('080901', '_', 'F', 10, 1, 1, '', 1, '501', '', '3'),
        ('080901', '_', 'F', 10, 2, 1, '', 1, '501', '', '3'),
        ('080901', '_', 'F', 11, 1, 1, '', 1, '501', '', '10'),
        ('080901', '_', 'F', 11, 1, 2, '', 1, '501', '', '11'),
        ('080901', '_', 'F', 12, 1, 1, '', 1, '601', '', '1'),
        ('080901', '_', 'T', 13, 1, 1, '', 1, '602', '', '');
    insert into cadastre.property_addresses (comune, section, nature, property, version, ordinal, address) values
        ('080901', '_', 'F', 10, 2, 1, 'VIA ROMA 12'), ('080901', '_', 'F', 10, 2, 2, 'VIA CITTÀ NUOVA 1');
    insert into cadastre.titles (comune, section, nature, property, subject, subject_kind, title, ordinal, holds, numerator, denominator, regime, since, since_act, until) values
        ('080901', '_', 'F', 10, 7, 'P', 1, 1, '10', 1, 2, 'C', '2019-05-01', 'Atto 44/2019', null),
        ('080901', '_', 'F', 10, 8, 'G', 2, 1, '10', 1, 2, null, '2019-05-01', null, null),
        ('080901', '_', 'F', 10, 8, 'G', 3, 1, '80', 1, 1, null, '2000-01-01', null, '2019-05-01'),
        ('080901', '_', 'F', 11, 7, 'P', 4, 1, '10', 3, 4, 'P', '2019-05-01', null, null),
        ('080901', '_', 'F', 12, 7, 'P', 5, 1, '10', 1, 1, null, '2019-05-01', null, null);";

impl Scene {
    /// On 29 November 2026, in the evening.
    pub(crate) async fn open() -> Self {
        let rows = format!("{PARCELS}{CENSUS}");
        let theme = Theme::open(cadastre::module().unwrap(), &[], &rows, "2026-11-29T20:30:00Z").await;
        let mut owner = theme.owner().await;
        for (subject, kind, name, given, code) in
            [(7, "P", "QUATTROVENTI", Some("Zaira"), CODE), (8, "G", "Ombra S.r.l.", None, "00000000019")]
        {
            sqlx::query(
                "insert into cadastre.subjects (comune, section, subject, kind, name, given_name, born_on, code_sealed)
                 values ('080901', '_', $1, $2, $3, $4, case when $2 = 'P' then date '1980-01-01' end, $5)",
            )
            .bind(i64::from(subject))
            .bind(kind)
            .bind(name)
            .bind(given)
            .bind(Vault::new([7; 32]).seal("fiscal code", code.as_bytes()).unwrap())
            .execute(&mut owner)
            .await
            .unwrap();
        }
        let catalogue = Catalogue::load(&theme.scratch.database().await).await.unwrap();
        let syntaxes = vec![cadastre::module().unwrap().search.unwrap()];
        let search = catalogue::routes(theme.services.context.clone(), catalogue, syntaxes, PortalSettings::default());
        Self(theme.beside(search))
    }

    /// The parcel's document.
    pub(crate) async fn parcel(&self, who: &Principal, id: &str) -> Value {
        let answer = self.get(who, &format!("/cadastre/parcels/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// The ids that a text finds, in order; of what is no more with a `†`.
    pub(crate) async fn found(&self, text: &str) -> Vec<String> {
        let text = text.replace(' ', "+").replace('°', "%C2%B0");
        let answer = self.get(&Principal::anonymous(), &format!("/search?lang=it&q={text}")).await.json();
        let ids = answer["results"].as_array().unwrap().iter().map(|r| {
            let mark = if r["former"] == true { "†" } else { "" };
            format!("{}{mark}", r["id"].as_str().unwrap())
        });
        ids.collect()
    }
}
