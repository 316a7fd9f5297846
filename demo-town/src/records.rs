//! The records that a town is made of. Coordinates are `[east, north]` in metres, EPSG:7792 (RDN2008 / UTM 33N, east-north),
//! whole millimetres. Polygons list their outer ring first, counter-clockwise, then holes, clockwise; rings are closed.

/// East and north, metres, EPSG:7792.
pub type Point = [f64; 2];
/// Two or more points.
pub type Line = Vec<Point>;
/// Closed: the last point repeats the first.
pub type Ring = Vec<Point>;
/// Outer ring counter-clockwise, then holes clockwise.
pub type Polygon = Vec<Ring>;
/// Polygons that do not touch each other.
pub type MultiPolygon = Vec<Polygon>;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code that the layers of the demo store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// Rank of a street.
    StreetKind {
        /// Grade separated, two carriageways.
        Motorway = "motorway",
        /// Statale, corso, viale, lungomare.
        Main = "main",
        /// Connects districts.
        Secondary = "secondary",
        /// Gives access to parcels.
        Local = "local",
        /// Alleys of the old town, promenades, stairs.
        Pedestrian = "pedestrian",
        /// Unpaved, between fields.
        Track = "track",
    }
}
codes! {
    /// What a place name names.
    PlaceKind {
        /// Chief place of a comune.
        Town = "town",
        /// Quartiere or frazione.
        District = "district",
        /// Contrada.
        Locality = "locality",
        /// Open sea.
        Sea = "sea",
        /// Hill top.
        Peak = "peak",
        /// Stream.
        River = "river",
    }
}
codes! {
    /// What covers the land.
    LandCoverKind {
        /// Town blocks with their streets.
        BuiltUp = "built_up",
        /// Public gardens, sports grounds, cemeteries.
        Park = "park",
        /// Wood.
        Wood = "wood",
        /// Beach.
        Sand = "sand",
        /// Fields, groves, terraces.
        Farmland = "farmland",
        /// Macchia and rough pasture.
        Scrub = "scrub",
    }
}
codes! {
    /// Kind of water surface.
    WaterKind {
        /// Open sea.
        Sea = "sea",
        /// Wide bed of a fiumara.
        River = "river",
        /// Narrow bed.
        Stream = "stream",
        /// Natural lake.
        Lake = "lake",
        /// Reservoir, harbour basin.
        Basin = "basin",
    }
}
codes! {
    /// Which part of a sheet a parcel is.
    ParcelKind {
        /// A numbered particella.
        Land = "land",
        /// `STRADAnnn`: public streets of the sheet.
        Street = "street",
        /// `ACQUAnnn`: public water of the sheet.
        Water = "water",
    }
}
codes! {
    /// Use of a building.
    BuildingKind {
        /// Homes.
        Residential = "residential",
        /// Offices of the public, hospitals, stations.
        Public = "public",
        /// Churches and chapels.
        Church = "church",
        /// Schools.
        School = "school",
        /// Shops, hotels, offices.
        Commercial = "commercial",
        /// Works and stores.
        Industrial = "industrial",
        /// Garages, sheds, farm buildings.
        Annex = "annex",
    }
}
codes! {
    /// Where a tree stands.
    TreeSite {
        /// In a row along a street.
        Avenue = "avenue",
        /// In a park.
        Park = "park",
        /// In a square.
        Square = "square",
        /// In a garden.
        Garden = "garden",
        /// In a grove or at the edge of a field.
        Field = "field",
    }
}
codes! {
    /// Kind of a point of interest.
    PoiKind {
        /// Church or chapel.
        Church = "church",
        /// Municipio.
        TownHall = "town_hall",
        /// Museum.
        Museum = "museum",
        /// Bathing establishment.
        Lido = "lido",
        /// Castle or ruin.
        Castle = "castle",
        /// Railway station.
        Station = "station",
        /// School.
        School = "school",
        /// Pharmacy.
        Pharmacy = "pharmacy",
        /// View point.
        Viewpoint = "viewpoint",
        /// Hotel.
        Hotel = "hotel",
        /// Restaurant.
        Restaurant = "restaurant",
        /// Public garden.
        Park = "park",
        /// Harbour or landing.
        Harbour = "harbour",
        /// Library.
        Library = "library",
        /// Hospital or surgery.
        Health = "health",
        /// Market hall or market square.
        Market = "market",
        /// Sports ground.
        Sport = "sport",
        /// Cemetery.
        Cemetery = "cemetery",
        /// Monument or fountain.
        Monument = "monument",
    }
}

/// A comune.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// ISTAT code, six digits; also the public id.
    pub id: String,
    /// Official name.
    pub name: String,
    /// Belfiore code of the cadastre.
    pub catasto_code: String,
    /// Land area.
    pub geometry: MultiPolygon,
}

/// A piece of street between two junctions.
#[derive(Clone, Debug, PartialEq)]
pub struct Street {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Odonym as on the sign.
    pub name: String,
    /// Rank.
    pub kind: StreetKind,
    /// Metres between the property lines.
    pub width_m: f64,
    /// Axis.
    pub geometry: Line,
}

/// A piece of railway.
#[derive(Clone, Debug, PartialEq)]
pub struct Railway {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Name of the line.
    pub name: String,
    /// Axis.
    pub geometry: Line,
}

/// A numero civico, at its gate.
#[derive(Clone, Debug, PartialEq)]
pub struct HouseNumber {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Odonym, equal to the name of a nearby [`Street`].
    pub street: String,
    /// Number with its exponent: `12`, `12/A`.
    pub number: String,
    /// Street and number: `Via Roma 12`.
    pub address: String,
    /// On the edge between parcel and street.
    pub geometry: Point,
}

/// A name on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceName {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Name.
    pub name: String,
    /// What it names.
    pub kind: PlaceKind,
    /// 1 is the most important.
    pub rank: u8,
    /// Where the label is centred.
    pub geometry: Point,
}

/// A surface of land cover; together they tile the land, up to the axes of streets.
#[derive(Clone, Debug, PartialEq)]
pub struct LandCover {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// What covers it.
    pub kind: LandCoverKind,
    /// Surface.
    pub geometry: Polygon,
}

/// A water surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Water {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Kind.
    pub kind: WaterKind,
    /// Name.
    pub name: String,
    /// Surface.
    pub geometry: Polygon,
}

/// A piece of the coast, land on its right hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Coastline {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// The line where land and sea meet.
    pub geometry: Line,
}

/// A foglio of the cadastral map; those of a comune tile it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Reference by the national grammar: `X101_001200`.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Section, `_` where the comune has none.
    pub section: char,
    /// Number of the foglio.
    pub number: u16,
    /// Allegato, `0` where there is none.
    pub letter: char,
    /// Surface.
    pub geometry: Polygon,
}

/// A particella, or the streets or water of a sheet; those of a sheet tile it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// Reference by the national grammar: `X101_001200.345`.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Section, `_` where the comune has none.
    pub section: char,
    /// Number of the foglio.
    pub sheet: u16,
    /// Allegato, `0` where there is none.
    pub attachment: char,
    /// Sviluppo, `0` where there is none.
    pub development: char,
    /// Number in the sheet: `345`, `STRADA001`, `ACQUA001`.
    pub number: String,
    /// Land, street or water.
    pub kind: ParcelKind,
    /// Qualità of the census: `ENTE URBANO`, `ULIVETO`, `SEMINATIVO`…
    pub land_use: &'static str,
    /// Nominal area of the census in square metres; differs a little from the drawn one, as in life.
    pub area_m2: u32,
    /// Carried by the register of buildings.
    pub urban: bool,
    /// Day of the last change, `2019-04-12`.
    pub updated: String,
    /// Surface.
    pub geometry: Polygon,
}

/// That a part of the ground of a parcel that is no more is another parcel's since a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    /// Reference of the one that is no more.
    pub parent: String,
    /// Reference of the one that has its ground.
    pub child: String,
    /// Since when.
    pub day: String,
    /// Square metres of the ground that both have.
    pub area_m2: f64,
}

/// A building, inside its parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Building {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Number of the foglio.
    pub sheet: u16,
    /// Number of the parcel in it.
    pub parcel: String,
    /// Use.
    pub kind: BuildingKind,
    /// Floors above ground.
    pub floors: u8,
    /// Metres from ground to eaves.
    pub height_m: f64,
    /// Footprint.
    pub geometry: Polygon,
}

/// A public or notable tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Latin name.
    pub species: &'static str,
    /// Metres.
    pub height_m: f64,
    /// Crown diameter in metres.
    pub crown_m: f64,
    /// Year of planting.
    pub planted_year: u16,
    /// Where it stands.
    pub site: TreeSite,
    /// Trunk.
    pub geometry: Point,
}

/// A point of interest.
#[derive(Clone, Debug, PartialEq)]
pub struct PointOfInterest {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Italian name.
    pub name: String,
    /// English title.
    pub name_en: String,
    /// Kind.
    pub kind: PoiKind,
    /// A short description in Italian.
    pub description: String,
    /// A short description in English.
    pub description_en: String,
    /// Where it is.
    pub geometry: Point,
}

codes! {
    /// How likely a tree is to fall, by the classes that Italian arborists use (protocol of the SIA): A is the least.
    TreeRisk {
        /// Negligible.
        A = "A",
        /// Low.
        B = "B",
        /// Moderate.
        C = "C",
        /// High.
        CD = "C/D",
        /// Extreme: to be felled.
        D = "D",
    }
}

/// A check of a tree's stability: the office's own paper.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeInspection {
    /// Public id: the tree's, and the year.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Id of the tree.
    pub tree: String,
    /// Class of risk.
    pub risk: TreeRisk,
    /// Day of the visit, `2025-03-14`.
    pub inspected: String,
    /// What was seen.
    pub notes: &'static str,
    /// The tree's trunk.
    pub geometry: Point,
}

codes! {
    /// Kind of lodging (codice del turismo, d.lgs. 79/2011, as regions name them).
    LodgingKind {
        /// Bed and breakfast.
        BedAndBreakfast = "bed_and_breakfast",
        /// Affittacamere.
        Rooms = "rooms",
        /// Casa vacanze.
        HolidayHome = "holiday_home",
        /// Agriturismo.
        Farm = "farm",
    }
}

/// A lodging for visitors, with the person who answers for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lodging {
    /// Public id: the national identification code (CIN, d.l. 145/2023, art. 13-ter), invented.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Name on the sign.
    pub name: String,
    /// Kind.
    pub kind: LodgingKind,
    /// Beds.
    pub beds: u8,
    /// Street and number.
    pub address: String,
    /// Name of the person who runs it. Not for everybody.
    pub manager: String,
    /// Their telephone, from numbers that nobody has. Not for everybody.
    pub phone: String,
    /// At the gate.
    pub geometry: Point,
}

/// An edition of an event: the public sees it once it is announced.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Italian title.
    pub name: String,
    /// English title.
    pub name_en: String,
    /// First day, `2026-08-14`.
    pub begins: String,
    /// Last day.
    pub ends: String,
    /// Whether it is announced.
    pub published: bool,
    /// What it costs the comune, euros. Not for everybody.
    pub budget_eur: u32,
    /// Where it is.
    pub geometry: Point,
}

/// A shape of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// One position.
    Point(Point),
    /// A line.
    Line(Line),
    /// An area.
    Area(Polygon),
}

/// A public work with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicWork {
    /// Public id: the CUP, or a code of the comune's own.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Title.
    pub title: String,
    /// Codice Unico di Progetto, of a form that no real one has.
    pub cup: Option<String>,
    /// Who is responsible for the project (RUP).
    pub responsible: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// What it costs, euros.
    pub amount_eur: u32,
    /// How far it is, percent.
    pub progress: u8,
    /// Beginning and end of the building, as planned.
    pub planned: [String; 2],
    /// When the building began.
    pub actual_from: Option<String>,
    /// When it was over.
    pub actual_to: Option<String>,
    /// Tenders.
    pub cigs: Vec<String>,
    /// Where the money comes from.
    pub funding: Vec<Funding>,
    /// Its phases, in order.
    pub phases: Vec<WorkPhase>,
    /// States of progress, in order.
    pub entries: Vec<WorkProgress>,
    /// Where it is.
    pub shape: Shape,
}

/// A line of funding.
#[derive(Clone, Debug, PartialEq)]
pub struct Funding {
    /// Who pays.
    pub source: &'static str,
    /// Euros.
    pub amount_eur: u32,
}

/// A phase of a work.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkPhase {
    /// Which.
    pub phase: &'static str,
    /// First and last day as planned.
    pub planned: [String; 2],
    /// When it began.
    pub actual_from: Option<String>,
    /// When it ended.
    pub actual_to: Option<String>,
}

/// A state of progress of a work.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkProgress {
    /// The day it was measured.
    pub measured_on: String,
    /// Percent of the whole.
    pub percent: u8,
    /// What is paid for it, euros.
    pub amount_eur: u32,
}

/// An ordinance that closes or limits a road.
#[derive(Clone, Debug, PartialEq)]
pub struct RoadOrdinance {
    /// Public id.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// As on the act.
    pub number: String,
    /// The day of the act.
    pub issued_on: String,
    /// What it does.
    pub closure: &'static str,
    /// Of a speed limit.
    pub limit_kmh: Option<i32>,
    /// The street.
    pub road: String,
    /// The way round.
    pub diversion: Option<String>,
    /// The act.
    pub act: String,
    /// From when it holds (RFC 3339).
    pub valid_from: &'static str,
    /// Until when; empty: until it is revoked.
    pub valid_to: &'static str,
    /// The stretch.
    pub geometry: Line,
}
