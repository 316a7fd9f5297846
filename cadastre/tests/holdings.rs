//! Deliveries of the census into the register. The files are written by hand, from the format's description.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod delivery;

use cadastre::remark::Issue;
use delivery::{B, L, OURS, S, Scene, T, THEIRS, officer, with_purpose};
use kernel::{Assurance, Principal, Role};
use uuid::Uuid;

/// A flat with a rendita in lire alone, on two parcels, at an address; with words about somebody in its notes.
const FLAT: &str = "\
X101| |5810|F|3|1|006|A02|06|6,5|141|1825000||1|2|A|12||T|1|||27012020|28012020|V|045227|001|2020|00000000||||||0001234|PIANTATO ROSSI|341274286||RC0012345|29022020|VAR|PIANTATO BIANCHI||||\r
X101| |5810|F|3|2||0142|00345||0004||RC|0142|00346|0001|0005||\r
X101| |5810|F|3|3|236|DEI MILLE|0073|||603|\r
X101| |5810|F|3|4||0142|00347||||\r
X101| |5811|F|1|1|006|C06|03|15|17||51,64||||||T||||30061987||||||||||||||||||\r
X101| |5811|F|1|2||0142|00345||0006||\r
";

/// An olive grove of 2 ha 34 a 56 ca with incomes in lire, and land in two portions: 12 a 50 ca and 1 ha 0 a 5 ca.
const GROVE: &str = "\
X101| |71|T|1|1|0012|00345||||036|02|2|34|56|1|0|0|25000|12500|||19022001|20022001|M|121089|001|2001|||||||0000123|PIANTATO VERDI|234408950||\r
X101| |72|T|2|1|0012|00346|||||||||0|1|0|||||03042010|05042010|F|000777|001|2010||||||||||\r
X101| |72|T|2|4|AA|033|02|0|12|50|1,25|0,75|AB|041|01|1|00|05|10,10|4,05|\r
";

const SUBJECTS: &[u8] = b"\
X101| |54898|P|SEGRET\xd2|PIANTATO MARIA|2|41091973|X101|sgrpnt73p41x101k|NOTA PIANTATA|\r
X101| |54899|P|SEGRET\xd2|BRUNO|1|01021970|X102|SGRBRN70B01X102Z||\r
X101| |8363|G|AGRUMARIA PIANTATA SRL|X101|01234567890|\r
X102| |1|P|ALTROVE|CARLA|2|00000000|X102|LTRCRL50A41X102A||\r
";

const TITLES: &str = "\
X101| |54898|P|5810|F|10||1|2|C||12112003|N|053614|001|2003|25082010|0000012|||||||9167994||28099632|SEN|PIANTATO DIVISIONE||\r
X101| |54899|P|5810|F|10||3|4|C||12112003|N|053614|001|2003|25082010|0000012|||||||9167994||28099633|||||\r
X101| |8363|G|71|T|99|LIVELLO DI FAMIGLIA|0|0|||01011980||||||0000123||||||||||\r
X102| |1|P|5|T|10||1|1|||01011980||||||0000123|||||||||7||||\r
";

fn bytes(text: &str) -> &[u8] {
    text.as_bytes()
}

async fn whole() -> Scene {
    let scene = Scene::with("").await;
    let delivery = scene.deliver(&[(B, bytes(FLAT)), (L, bytes(GROVE)), (S, SUBJECTS), (T, bytes(TITLES))]).await;
    assert_eq!(delivery.counts(), [[4, 0, 0], [5, 0, 0], [1, 0, 0], [4, 0, 0], [4, 0, 0], [2, 0, 0]]);
    assert_eq!((delivery.gathered.records, delivery.gathered.elsewhere.len(), delivery.parcels), (17, 0, 0));
    assert!((0..4).all(|file| delivery.told(file).is_empty()));
    scene
}

/// By hand: 1,825,000 lire are 942.53 euro, 25,000 are 12.91 and 12,500 are 6.46; 2 ha 34 a 56 ca are 23,456 m², 12 a 50 ca and
/// 1 ha 0 a 5 ca are 1,250 + 10,005 = 11,255 m²; 1.25 + 10.10 = 11.35 and 0.75 + 4.05 = 4.80.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_becomes_the_register() {
    let scene = whole().await;
    let columns =
        "comune, section, nature, property, version, category, class, zone, quality, size, area_m2, income, income_farm, storeys, doors,
                   partita, since, since_act, until, until_act";
    assert_eq!(
        scene.rows(columns, "(select * from cadastre.properties order by nature, property) p").await,
        [
            "080901|_|F|5810|3|A02|06|006|6.5|141|942.53|T, 1|12|0001234|2020-01-27|nota V 45227.1/2020",
            "080901|_|F|5811|1|C06|03|006|15|17|51.64|T|1987-06-30",
            "080901|_|T|71|1|02|36|23456|12.91|6.46|0000123|2001-02-19|nota M 121089.1/2001",
            "080901|_|T|72|2|41|11255|11.35|4.80|2010-04-03|nota F 777.1/2010",
        ]
    );
    let columns = "nature, property, version, ordinal, '[' || urban_section || ']', sheet, number, '[' || denominator || ']', unit";
    assert_eq!(
        scene.rows(columns, "(select * from cadastre.property_places order by nature, property, ordinal) p").await,
        [
            "F|5810|3|1|[]|142|345|[]|4",
            "F|5810|3|2|[RC]|142|346|[1]|5",
            "F|5811|1|1|[]|142|345|[]|6",
            "T|71|1|1|[]|12|345|[]|",
            "T|72|2|1|[]|12|346|[]|"
        ]
    );
    let columns = "property, version, ordinal, portion, quality, class, area_m2, income, income_farm";
    assert_eq!(
        scene.rows(columns, "(select * from cadastre.property_portions order by ordinal) p").await,
        ["72|2|1|AA|33|02|1250|1.25|0.75", "72|2|2|AB|41|01|10005|10.1|4.05"]
    );
    assert_eq!(scene.rows("property, ordinal, address", "cadastre.property_addresses").await, ["5810|1|VIA DEI MILLE 73"]);
    let columns = "comune, kind, subject, name, given_name, born_on, born_in, sex, seat";
    assert_eq!(
        scene.rows(columns, "(select * from cadastre.subjects order by comune, kind, subject) s").await,
        [
            "080901|G|8363|AGRUMARIA PIANTATA SRL|X101",
            "080901|P|54898|SEGRETÒ|PIANTATO MARIA|X101|F",
            "080901|P|54899|SEGRETÒ|BRUNO|1970-02-01|X102|M",
            "080902|P|1|ALTROVE|CARLA|X102|F",
        ]
    );
    let columns = "nature, property, subject_kind, subject, title, ordinal, holds, holds_words, numerator, denominator, regime, since, since_act, until";
    assert_eq!(
        scene.rows(columns, "(select * from cadastre.titles order by comune, nature, property, subject) t").await,
        [
            "F|5810|P|54898|28099632|1|10|1|2|C|2003-11-12|nota N 53614.1/2003",
            "F|5810|P|54899|28099633|1|10|3|4|C|2003-11-12|nota N 53614.1/2003",
            "T|71|G|8363|0|1|99|LIVELLO DI FAMIGLIA|1980-01-01",
            "T|5|P|1|7|1|10|1|1|1980-01-01",
        ]
    );
}

/// A day of birth that is none (41 September) stays empty; of codes there is the hash and the seal, of notes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn codes_are_sealed_and_notes_are_not_kept() {
    let scene = whole().await;
    let (hash, sealed): (Vec<u8>, Vec<u8>) = sqlx::query_as("select code_hash, code_sealed from cadastre.subjects where subject = 54898")
        .fetch_one(&mut scene.owner().await)
        .await
        .unwrap();
    assert_eq!(hash, scene.vault().hash("fiscal code", b"SGRPNT73P41X101K"));
    assert_eq!(scene.vault().open("fiscal code", &sealed).unwrap().as_slice(), b"SGRPNT73P41X101K");
    for table in ["properties", "property_portions", "property_places", "property_addresses", "subjects", "titles"] {
        let all = scene.sql(&format!("select string_agg(t::text, ' ') from cadastre.{table} t")).await;
        for planted in ["ROSSI", "BIANCHI", "VERDI", "NOTA PIANTATA", "DIVISIONE", "SGRPNT73P41X101K", "sgrpnt", "01234567890"] {
            assert!(!all.contains(planted), "{planted} in {table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_changes_nothing() {
    let scene = whole().await;
    let before = scene.sql("select string_agg(s::text, ' ' order by s) from cadastre.subjects s").await;
    let again = scene.deliver(&[(B, bytes(FLAT)), (L, bytes(GROVE)), (S, SUBJECTS), (T, bytes(TITLES))]).await;
    assert_eq!(again.counts(), [[0, 0, 4], [0, 0, 5], [0, 0, 1], [0, 0, 4], [0, 0, 4], [0, 0, 2]]);
    assert_eq!(
        before,
        scene.sql("select string_agg(s::text, ' ' order by s) from cadastre.subjects s").await,
        "the seals too are those of before"
    );
    // of a part nothing is missing
    let part = scene.deliver(&[(T, bytes(TITLES.lines().next().unwrap()))]).await;
    assert_eq!((part.counts()[4], scene.sql("select count(*) from cadastre.titles").await), ([0, 0, 1], "4".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_otherwise_is_changed_and_nothing_else() {
    let scene = whole().await;
    let dearer = scene.deliver(&[(B, bytes(&FLAT.replace("51,64", "55,00")))]).await;
    assert_eq!(dearer.counts()[0], [0, 1, 1]);
    assert_eq!(scene.sql("select income from cadastre.properties where property = 5811").await, "55");
    let imports = "select count(distinct imported) from cadastre.properties";
    assert_eq!(scene.sql(imports).await, "2", "the one that changed is of the later import");
    // one parcel less, and a version that ends where another begins
    let after = FLAT.replace("|RC|0142|00346|0001|0005|", "").replace("|00000000|||||", "|15032024|16032024|V|000099|001|2024");
    let next = FLAT.lines().next().unwrap().replace("|F|3|1|", "|F|4|1|").replace("27012020|28012020", "15032024|16032024");
    let delivery = scene.deliver(&[(B, bytes(&format!("{after}{next}\r\n")))]).await;
    assert_eq!(delivery.counts()[0], [1, 2, 0], "{:?}", delivery.told(0));
    assert_eq!(scene.rows("version, ordinal", "cadastre.property_places where property = 5810").await, ["3|1"]);
    let versions =
        scene.rows("version, until, until_act", "(select * from cadastre.properties where property = 5810 order by version) p").await;
    assert_eq!(versions, ["3|2024-03-15|nota V 99.1/2024", "4"]);
    // married, and the fiscal code mended
    let mended = String::from_utf8_lossy(SUBJECTS).replace('\u{fffd}', "O").replace("sgrpnt73p41x101k", "SGRPNT73P41X101X");
    let changed = scene.deliver(&[(S, mended.as_bytes())]).await;
    assert_eq!(changed.counts()[3], [0, 2, 2], "a name and a name with its code");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_comune_is_told_of_and_left_out() {
    let scene = Scene::with("").await;
    let foreign = FLAT.replace("X101", "X777");
    let delivery = scene.deliver(&[(B, bytes(&foreign)), (S, SUBJECTS)]).await;
    assert_eq!(delivery.counts()[..3], [[0; 3]; 3]);
    assert_eq!((delivery.gathered.records, delivery.gathered.elsewhere.get("X777").copied()), (4, Some(6)));
    assert_eq!(delivery.told(0), [(1, Issue::ComuneElsewhere { comune: "X777".into() })]);
}

/// 1/2 and 3/4 are 5/4: the reader tells (`shares_that_make_more_than_one_are_told_where_they_do`), and both are there to be looked at.
/// Of two rows of one thing the later one holds; titles of the years before they had numbers are told apart by what they say.
#[tokio::test(flavor = "multi_thread")]
async fn the_later_row_holds() {
    let scene = Scene::with("").await;
    let twice = format!("{FLAT}{}", FLAT.replace("51,64", "60,00").lines().nth(4).unwrap());
    let old = "X101| |8363|G|71|T|99|LIVELLO DI FAMIGLIA|0|0|||01011980||||||0000123||||||||||";
    let other = old.replace("|99|LIVELLO DI FAMIGLIA|0|0|", "|80||1|3|");
    let delivery = scene.deliver(&[(B, bytes(&twice)), (T, bytes(&format!("{TITLES}{old}\r\n{other}\r\n")))]).await;
    assert_eq!(delivery.counts()[0], [2, 0, 0]);
    assert_eq!(scene.sql("select income from cadastre.properties where property = 5811").await, "60");
    let mut titles = vec![(3, Issue::Repeated)];
    titles.extend([1, 2, 4, 5, 6].map(|line| (line, Issue::NoSubject)));
    assert_eq!((delivery.told(0), delivery.told(1)), (vec![(5, Issue::Repeated)], titles), "and nobody has told who has the rights");
    assert_eq!(
        scene.sql("select sum(numerator::numeric / denominator) from cadastre.titles where property = 5810").await.trim_end_matches('0'),
        "1.25"
    );
    assert_eq!(scene.rows("ordinal, holds", "(select * from cadastre.titles where title = 0 order by ordinal) t").await, ["1|80", "2|99"]);
    let again = scene.deliver(&[(T, bytes(&format!("{other}\r\n{old}\r\n{TITLES}")))]).await;
    assert_eq!(again.counts()[4], [0, 0, 5], "in another order too");
}

/// What can't be read of a row is left out of it, and told by the name of the field.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_without_a_number_is_told_of() {
    let scene = Scene::with("").await;
    let text = "X101| |5|F|1|2||ROSSI|00101||0004||\r\nX101| |6|F|1|2|||||||\r\n";
    let delivery = scene.deliver(&[(B, bytes(text))]).await;
    assert_eq!((delivery.counts()[1], delivery.told(0)), ([0, 0, 0], vec![(1, Issue::Number { field: "foglio" })]));
}

/// A record of places (of two), one of an address and one of portions (of two) whose property is nowhere; of what came with an earlier delivery
/// nothing is told.
#[tokio::test(flavor = "multi_thread")]
async fn rows_without_their_property_are_told_of() {
    let scene = Scene::with("").await;
    let rows: Vec<&str> = FLAT.lines().collect();
    let alone: String = rows[1..3].iter().map(|row| format!("{row}\n")).collect();
    let portions = GROVE.lines().nth(2).unwrap();
    let files = [(B, alone.as_bytes()), (L, portions.as_bytes())];
    let delivery = scene.deliver(&files).await;
    assert_eq!((delivery.told(0), delivery.told(1)), ([1, 2].map(|line| (line, Issue::NoProperty)).to_vec(), vec![(1, Issue::NoProperty)]));
    scene.deliver(&[(B, rows[0].as_bytes()), (L, GROVE.lines().nth(1).unwrap().as_bytes())]).await;
    let delivery = scene.deliver(&files).await;
    assert_eq!((delivery.told(0), delivery.told(1)), (vec![], vec![]));
}

const MAP: &str = "
    insert into cadastre.parcels (id, comune, section, sheet, number, kind, land_use, area_m2, urban, valid_from, valid_to, geom) values
        ('X101_001200.345', '080901', '_', 12,  '345', 'land', null,      null,  false, '2001-01-01', null,         st_makeenvelope(551000, 4211000, 551020, 4211020, 7792)),
        ('X101_001200.346', '080901', '_', 12,  '346', 'land', 'PRATO',   11255, false, '2001-01-01', null,         st_makeenvelope(551020, 4211000, 551040, 4211020, 7792)),
        ('X101_001200.99',  '080901', '_', 12,  '99',  'land', 'PRATO',   700,   false, '2001-01-01', null,         st_makeenvelope(551040, 4211000, 551060, 4211020, 7792)),
        ('X101_014200.345', '080901', '_', 142, '345', 'land', null,      null,  false, '2001-01-01', null,         st_makeenvelope(552000, 4211000, 552020, 4211020, 7792)),
        ('X101_001200.71',  '080901', '_', 12,  '345', 'land', 'VECCHIO', 1,     false, '1980-01-01', '2001-01-01', st_makeenvelope(551000, 4211020, 551020, 4211040, 7792)),
        ('X102A000300.7',   '080902', 'A', 3,   '7',   'land', null,      null,  false, '2001-01-01', null,         st_makeenvelope(561000, 4211000, 561020, 4211020, 7792)),
        ('X102B000300.7',   '080902', 'B', 3,   '7',   'land', null,      null,  false, '2001-01-01', null,         st_makeenvelope(561020, 4211000, 561040, 4211020, 7792));";

#[tokio::test(flavor = "multi_thread")]
async fn the_map_is_told_what_the_census_says() {
    let scene = Scene::with(MAP).await;
    // the land of foglio 3, number 7, in both sections; of what is suppressed or over the map is told nothing
    let land = |section: &str, property: u32, quality: u32, area: &str, until: &str, partita: &str| {
        format!("X102|{section}|{property}|T|1|1|0003|00007||||{quality}||{area}|0|0|0|||||||||||{until}||||||{partita}||||\r\n")
    };
    let sections = [
        land("A", 1, 1, "0|7|0", "", "0000001"),
        land("B", 2, 282, "0|8|0", "", "0000001"),
        land("B", 3, 500, "9|0|0", "", "0000000"),
        land("A", 4, 49, "9|9|9", "01012001", "0000001"),
    ]
    .concat();
    let files = [(B, bytes(FLAT)), (L, bytes(GROVE)), (L, bytes(&sections))];
    let first = scene.deliver(&files).await;
    let columns = "id, land_use, area_m2, urban, version";
    assert_eq!(
        scene.rows(columns, "(select * from cadastre.parcels order by id) p").await,
        [
            "X101_001200.345|ULIVETO|23456|f|2",
            "X101_001200.346|ULIVETO FRUTTETO|11255|f|2",
            "X101_001200.71|VECCHIO|1|f|1",
            "X101_001200.99|PRATO|700|f|1",
            "X101_014200.345|t|2",
            "X102A000300.7|SEMINATIVO|700|f|2",
            "X102B000300.7|ENTE URBANO|800|f|2",
        ]
    );
    assert_eq!((first.parcels, scene.deliver(&files).await.parcels), (5, 0));
    let unknown = GROVE.replace("|036|02|2|34|56|", "|777|02|2|34|56|");
    assert_eq!(scene.deliver(&[(L, bytes(&unknown))]).await.parcels, 1);
    assert_eq!(scene.sql("select land_use from cadastre.parcels where id = 'X101_001200.345'").await, "QUALITÀ 777");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_lets_nobody_else_see_people() {
    let scene = whole().await;
    let database = scene.scratch.database().await;
    let citizen = Principal::known(Role::Citizen, Uuid::new_v4(), "c", Assurance::Low);
    for (who, people, properties) in [
        (Principal::anonymous(), [0, 0], 0),
        (citizen.clone(), [0, 0], 0),
        (with_purpose(citizen), [0, 0], 0),
        (officer(OURS), [0, 0], 4),
        (officer(THEIRS), [0, 0], 0),
        (with_purpose(officer(THEIRS)), [1, 1], 0),
        (with_purpose(officer(OURS)), [3, 3], 4),
        (with_purpose(Principal::operator()), [4, 4], 4),
    ] {
        let mut session = database.session(&who).await.unwrap();
        for (table, seen) in [("subjects", people[0]), ("titles", people[1]), ("properties", properties)] {
            let sql = sqlx::AssertSqlSafe(format!("select count(*) from cadastre.{table}"));
            let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut *session).await.unwrap();
            assert_eq!(found, seen, "{table} to {:?}, who said {:?}", who.role(), who.purposes());
        }
        drop(session);
        let mut writing = database.write(&who).await.unwrap();
        assert!(sqlx::query("update cadastre.subjects set name = 'x'").execute(&mut *writing).await.is_err(), "{:?}", who.role());
    }
}
