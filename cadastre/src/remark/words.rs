use kernel::Text;

use crate::sheet_map::Area;

/// What can be otherwise than a format says. Texts of a file stand here only where they can tell of nobody: of the census
/// nothing but the names of fields is quoted.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the words of each say what it is")]
pub enum Issue {
    // any text
    LineCut,
    Utf8,
    Unreadable { cause: String },
    // the exchange format of maps (CXF)
    Heading { found: String },
    MapName { name: String },
    OtherName { file: String, map: String },
    StrangeMap { comune: String },
    Scale { found: String },
    Strange { found: String, lines: u64 },
    Truncated { record: &'static str },
    NoEnd,
    Interrupted { record: &'static str },
    NoNumber { record: &'static str, field: &'static str, found: String },
    Rounded,
    LostVertex { found: String },
    VertexCount { said: i64, there: u64 },
    OddCoordinates { there: u64 },
    RingCounts { said: i64, there: u64 },
    ManyVertices { allowed: usize },
    // a sheet
    TooLarge { allowed: usize },
    Unclosed { code: String },
    FewVertices { code: String },
    Crossing { code: String, at: [i64; 2] },
    NoBorder,
    SeveralBorders { there: usize },
    NoNumberOfParcel { code: String },
    Tangled,
    Imbalance { area: Area },
    Gap { area: Area, at: [i64; 2] },
    Beyond { area: Area, at: [i64; 2] },
    Overlap { one: String, other: String, area: Area },
    NoParcel { code: String },
    OutsideParcel { code: String, area: Area },
    // a drawing of a sheet (DXF)
    BinaryDrawing,
    NoGroupCode { found: String, lines: u64 },
    NoPlace { kind: String },
    Bulge,
    DrawingUnits { found: String },
    ManyRings { allowed: usize },
    OpenOutline,
    NoLevels { layers: String },
    OtherLayers { layers: String, entities: u64 },
    OtherEntities { kinds: String, entities: u64 },
    StrayNumber { number: String },
    SeveralNumbers { numbers: String },
    Unnumbered { at: [i64; 2] },
    NumberForPoint,
    PointWithoutNumber,
    // the areas beside it (SUP)
    SupLine { found: String },
    SupLacks { record: &'static str },
    SupName { said: String, map: String },
    SupDiffers { record: String, said: i64, found: i64 },
    SupAlone,
    SupImbalance { said: i64 },
    // GML of the Agenzia delle Entrate
    DocumentType,
    Entity,
    Xml { cause: String },
    Deep { allowed: usize },
    LongText { allowed: u64 },
    NoGeometry { id: String },
    LostPositions { id: String },
    Axes,
    NoSystem,
    System { found: String },
    Reference { found: String },
    OtherComune { reference: String, comune: String },
    // the census
    RecordType,
    Key { field: &'static str },
    FewFields { record: &'static str, there: usize, least: usize },
    ManyFields { record: &'static str, there: usize, most: usize },
    GroupCut { record: &'static str, fields: usize, left: usize },
    Date { field: &'static str },
    Number { field: &'static str },
    NegativeArea,
    Share,
    SharesBeyond { numerator: u128, denominator: u128 },
    StrangeComune { comune: String, first: String },
    // an import
    CutShort,
    Nameless,
    NoCode,
    EmptyDrawing,
    NumbersLack { parcels: u64 },
    BehindExchange { map: String },
    Elsewhere { map: String },
    NotTold { map: String, features: u64 },
    Shifted { map: String, parcels: u64, metres: f64 },
    Future { day: chrono::NaiveDate },
    NotOurs { comune: String, features: u64 },
    AskSystem { offered: String },
    WrongSystem { given: String, offered: String },
    NoFit,
    WronglyPlaced { maps: String, origin: bool, distance_m: Option<f64> },
    OutOfSystem { code: String },
    Mended { id: String, lost_m2: f64 },
    Unmendable { id: String },
    MapTwice { map: String },
    Twice { id: String },
    BehindMap { map: String, features: u64 },
    Older { map: String, day: chrono::NaiveDate, there: chrono::NaiveDate },
    ComuneElsewhere { comune: String },
    Repeated,
    NoSubject,
    NoProperty,
    LostAreas { map: String },
    BlockOnAreas,
    GivenInstead { maps: String, given: String },
    // archives
    Archive { cause: String },
    Encrypted { entry: String },
    Link { entry: String },
    TooDeep { entry: String, allowed: u8 },
    Swollen { entry: String },
    ManyEntries { allowed: usize },
}

/// What was done.
#[derive(Clone, Copy)]
enum Done {
    AsItIs,
    LeftOut,
    TakenAsThere,
    Closed,
    Zero,
    Rounded,
    LeftEmpty,
    RestLeftOut,
    Listed,
    NotExamined,
    Stopped,
    Ignored,
    NotImported,
    Mended,
    LastCounts,
    Kept,
    Straight,
    Metres,
    AsLine,
    AsText,
    NoNumber,
    WhereNumberIs,
}

impl Done {
    fn words(self) -> Text {
        let [it, en] = match self {
            Self::AsItIs => ["preso com'è", "taken as it is"],
            Self::LeftOut => ["tralasciato", "left out"],
            Self::TakenAsThere => ["presi quelli che ci sono", "those that are there were taken"],
            Self::Closed => ["chiuso", "closed"],
            Self::Zero => ["preso per zero", "taken for zero"],
            Self::Rounded => ["arrotondato al millesimo", "rounded to the thousandth"],
            Self::LeftEmpty => ["lasciato vuoto", "left empty"],
            Self::RestLeftOut => ["il resto tralasciato", "the rest was left out"],
            Self::Listed => ["preso com'è, da guardare", "taken as it is, to be looked at"],
            Self::NotExamined => ["non esaminato", "not examined"],
            Self::Stopped => ["letto fin lì", "read up to there"],
            Self::Ignored => ["ignorato", "ignored"],
            Self::NotImported => ["non importato", "not imported"],
            Self::Mended => ["sistemato", "mended"],
            Self::Kept => ["lasciate", "left as they are"],
            Self::Straight => ["presi come rette", "taken as straight lines"],
            Self::Metres => ["presa per metri", "taken for metres"],
            Self::AsLine => ["presa come linea", "taken as a line"],
            Self::AsText => ["preso come testo", "taken as a text"],
            Self::NoNumber => ["lasciata senza numero", "left without a number"],
            Self::WhereNumberIs => ["presi dove sta il numero", "taken to be where the number is"],
            Self::LastCounts => ["vale l'ultimo", "the last one counts"],
        };
        Text::new(it, en)
    }
}

/// A place in metres, from millimetres.
fn place([x, y]: [i64; 2]) -> String {
    format!("{:.3} {:.3}", x as f64 / 1000.0, y as f64 / 1000.0)
}

impl Issue {
    /// Whether an area may stand in the file that was not read because of this.
    pub(super) fn may_lose_an_area(&self) -> bool {
        matches!(
            self,
            Self::Truncated { .. }
                | Self::Interrupted { .. }
                | Self::LostVertex { .. }
                | Self::OddCoordinates { .. }
                | Self::ManyVertices { .. }
                | Self::TooLarge { .. }
                | Self::FewVertices { .. }
                | Self::ManyRings { .. }
                | Self::OpenOutline
                | Self::BlockOnAreas
                | Self::Tangled
                | Self::OutOfSystem { .. }
                | Self::Unmendable { .. }
                | Self::NoCode
        )
    }

    /// Its name for programs, what it is, and what was done.
    pub(super) fn words(&self) -> (&'static str, Text, Text) {
        let (kind, it, en, done) = self.sentence();
        (kind, Text::new(it, en), done.words())
    }

    fn sentence(&self) -> (&'static str, String, String, Done) {
        use Done as D;
        let say = |kind, it: String, en: String, done| (kind, it, en, done);
        let fixed = |kind, it: &str, en: &str, done| (kind, it.to_owned(), en.to_owned(), done);
        match self {
            Self::LineCut => fixed("line_cut", "la riga è più lunga di 64 kB", "the line is longer than 64 kB", D::RestLeftOut),
            Self::Utf8 => fixed(
                "utf8",
                "il testo è in UTF-8, dove la specifica vuole Latin-1",
                "the text is in UTF-8, where the specification wants Latin-1",
                D::AsItIs,
            ),
            Self::Unreadable { cause } => {
                say("unreadable", format!("non si può leggere oltre: {cause}"), format!("it can't be read on: {cause}"), D::Stopped)
            }
            Self::Heading { found } => say(
                "heading",
                format!("comincia con «{found}», non con MAPPA, MAPPA FONDIARIO o QUADRO D'UNIONE"),
                format!("it begins with “{found}”, not with MAPPA, MAPPA FONDIARIO or QUADRO D'UNIONE"),
                D::AsItIs,
            ),
            Self::MapName { name } => say(
                "map_name",
                format!("«{name}» non è il nome di una mappa: undici caratteri come H224_001200"),
                format!("“{name}” is not the name of a map: eleven characters as H224_001200"),
                D::AsItIs,
            ),
            Self::OtherName { file, map } => say(
                "other_name",
                format!("il file si chiama {file}, la mappa {map}"),
                format!("the file is called {file}, the map {map}"),
                D::AsItIs,
            ),
            Self::StrangeMap { comune } => say(
                "strange_map",
                format!("la mappa è del comune {comune}, che il confine non ha"),
                format!("the map is of the comune {comune}, which the boundary has not"),
                D::AsItIs,
            ),
            Self::Scale { found } => say("scale", format!("«{found}» non è una scala"), format!("“{found}” is not a scale"), D::Zero),
            Self::Strange { found, lines } => say(
                "unknown_record",
                format!("«{found}» non è un tipo di record ({lines} righe)"),
                format!("“{found}” is not a kind of record ({lines} lines)"),
                D::LeftOut,
            ),
            Self::Truncated { record } => say(
                "truncated",
                format!("il file finisce dentro un record {record}"),
                format!("the file ends within a {record} record"),
                D::LeftOut,
            ),
            Self::NoEnd => fixed("no_end", "manca EOF: il file può essere tronco", "there is no EOF: the file may be cut short", D::AsItIs),
            Self::Interrupted { record } => say(
                "interrupted",
                format!("un altro record comincia dove {record} non è finito"),
                format!("another record begins where {record} is not at its end"),
                D::LeftOut,
            ),
            Self::NoNumber { record, field, found } => say(
                "no_number",
                format!("{record}, {field}: «{found}» non è un numero"),
                format!("{record}, {field}: “{found}” is not a number"),
                D::Zero,
            ),
            Self::Rounded => fixed("rounded", "numeri con più di tre decimali", "numbers with more than three decimals", D::Rounded),
            Self::LostVertex { found } => {
                say("lost_vertex", format!("«{found}» non è una coordinata"), format!("“{found}” is not a coordinate"), D::LeftOut)
            }
            Self::VertexCount { said, there } => say(
                "vertex_count",
                format!("annuncia {said} vertici e ce ne sono {there}"),
                format!("{said} vertices are announced and {there} are there"),
                D::TakenAsThere,
            ),
            Self::OddCoordinates { there } => say(
                "odd_coordinates",
                format!("{there} coordinate: a una X o a una Y manca la compagna, e non si sa quale"),
                format!("{there} coordinates: an X or a Y lacks its mate, and nobody knows which"),
                D::LeftOut,
            ),
            Self::RingCounts { said, there } => say(
                "ring_counts",
                format!("le isole annunciate ({said}) non tornano con i vertici: {there} anelli, divisi dove si chiudono"),
                format!("the announced islands ({said}) do not fit the vertices: {there} rings, divided where they close"),
                D::TakenAsThere,
            ),
            Self::ManyVertices { allowed } => say(
                "many_vertices",
                format!("un record ha più di {allowed} vertici"),
                format!("a record has more than {allowed} vertices"),
                D::LeftOut,
            ),
            Self::TooLarge { allowed } => say(
                "too_large",
                format!("il foglio ha più di {allowed} vertici"),
                format!("the sheet has more than {allowed} vertices"),
                D::RestLeftOut,
            ),
            Self::Unclosed { code } => {
                say("unclosed", format!("{code}: un anello non è chiuso"), format!("{code}: a ring is not closed"), D::Closed)
            }
            Self::FewVertices { code } => say(
                "few_vertices",
                format!("{code}: un anello ha meno di tre vertici distinti"),
                format!("{code}: a ring has less than three distinct vertices"),
                D::LeftOut,
            ),
            Self::Crossing { code, at } => say(
                "crossing",
                format!("{code}: il contorno attraversa sé stesso presso {}", place(*at)),
                format!("{code}: the outline crosses itself near {}", place(*at)),
                D::Listed,
            ),
            Self::NoBorder => fixed("no_border", "manca il confine del foglio", "the sheet's border is missing", D::AsItIs),
            Self::SeveralBorders { there } => say(
                "several_borders",
                format!("il confine del foglio c'è {there} volte"),
                format!("the sheet's border is there {there} times"),
                D::AsItIs,
            ),
            Self::NoNumberOfParcel { code } => say(
                "no_parcel_number",
                format!("«{code}» non è un numero di particella: resta senza riferimento nazionale"),
                format!("“{code}” is not a number of a particella: it stays without a national reference"),
                D::AsItIs,
            ),
            Self::Tangled => fixed(
                "tangled",
                "troppi contorni si attraversano perché se ne possa misurare la tassellazione",
                "too many outlines cross for the tessellation to be measured",
                D::NotExamined,
            ),
            Self::Imbalance { area } => say(
                "imbalance",
                format!("particelle, strade e acque differiscono dal confine di {area} m²"),
                format!("parcels, roads and water differ from the border by {area} m²"),
                D::Listed,
            ),
            Self::Gap { area, at } => say(
                "gap",
                format!("vuoto di {area} m² dentro il confine presso {}", place(*at)),
                format!("a gap of {area} m² within the border near {}", place(*at)),
                D::Listed,
            ),
            Self::Beyond { area, at } => say(
                "beyond",
                format!("{area} m² fuori dal confine presso {}", place(*at)),
                format!("{area} m² beyond the border near {}", place(*at)),
                D::Listed,
            ),
            Self::Overlap { one, other, area } => say(
                "overlap",
                format!("{one} e {other} si sovrappongono per {area} m²"),
                format!("{one} and {other} overlap by {area} m²"),
                D::Listed,
            ),
            Self::NoParcel { code } => say(
                "no_parcel",
                format!("il fabbricato {code} nomina una particella che il foglio non ha"),
                format!("the building {code} names a parcel that the sheet has not"),
                D::Listed,
            ),
            Self::OutsideParcel { code, area } => say(
                "outside_parcel",
                format!("il fabbricato {code} esce per {area} m² dalla sua particella"),
                format!("the building {code} reaches {area} m² out of its parcel"),
                D::Listed,
            ),
            Self::BinaryDrawing => fixed(
                "binary_drawing",
                "il disegno è in DXF binario: va salvato come testo (ASCII)",
                "the drawing is binary DXF: it has to be saved as text (ASCII)",
                D::LeftOut,
            ),
            Self::NoGroupCode { found, lines } => say(
                "no_group_code",
                format!("«{found}» sta dove il DXF vuole un codice di gruppo ({lines} righe)"),
                format!("“{found}” stands where DXF wants a group code ({lines} lines)"),
                D::LeftOut,
            ),
            Self::NoPlace { kind } => {
                say("no_place", format!("{kind} senza una posizione"), format!("{kind} without a position"), D::LeftOut)
            }
            Self::Bulge => fixed("bulge", "archi nelle polilinee", "arcs in polylines", D::Straight),
            Self::DrawingUnits { found } => say(
                "drawing_units",
                format!("il disegno dichiara un'unità che non è il metro ($INSUNITS {found})"),
                format!("the drawing states a unit that is not the metre ($INSUNITS {found})"),
                D::Metres,
            ),
            Self::ManyRings { allowed } => say(
                "many_rings",
                format!("il disegno ha più di {allowed} linee chiuse"),
                format!("the drawing has more than {allowed} closed lines"),
                D::RestLeftOut,
            ),
            Self::OpenOutline => fixed(
                "open_outline",
                "una linea aperta su un livello di aree: non si sa che cosa racchiuda",
                "an open line on a layer of areas: nobody knows what it encloses",
                D::AsLine,
            ),
            Self::NoLevels { layers } => say(
                "no_levels",
                format!("nessun livello del catasto (PARTICELLE, FABBRICATI, STRADE, ACQUE, CONFINE, …); ci sono: {layers}"),
                format!("no layer of the cadastre (PARTICELLE, FABBRICATI, STRADE, ACQUE, CONFINE, …); there are: {layers}"),
                D::LeftOut,
            ),
            Self::OtherLayers { layers, entities } => say(
                "other_layers",
                format!("{entities} entità su livelli che non sono del catasto: {layers}"),
                format!("{entities} entities on layers that are none of the cadastre's: {layers}"),
                D::LeftOut,
            ),
            Self::OtherEntities { kinds, entities } => say(
                "other_entities",
                format!("{entities} entità che non si leggono: {kinds}"),
                format!("{entities} entities that are not read: {kinds}"),
                D::LeftOut,
            ),
            Self::StrayNumber { number } => say(
                "stray_number",
                format!("il numero {number} non sta in una sola particella"),
                format!("the number {number} does not stand in one parcel alone"),
                D::AsText,
            ),
            Self::SeveralNumbers { numbers } => say(
                "several_numbers",
                format!("in una particella stanno più numeri, e non si sa quale è il suo: {numbers}"),
                format!("several numbers stand in a parcel, and nobody knows which is its own: {numbers}"),
                D::NoNumber,
            ),
            Self::Unnumbered { at } => say(
                "unnumbered",
                format!("nella particella presso {} non sta nessun numero", place(*at)),
                format!("no number stands in the parcel near {}", place(*at)),
                D::NoNumber,
            ),
            Self::NumberForPoint => fixed(
                "number_for_point",
                "numeri di fiduciali senza il loro punto",
                "numbers of fiducials without their point",
                D::WhereNumberIs,
            ),
            Self::PointWithoutNumber => {
                fixed("point_without_number", "un fiduciale senza numero", "a fiducial without a number", D::LeftOut)
            }
            Self::SupLine { found } => say(
                "sup_line",
                format!("«{found}» non è un nome seguito da un numero"),
                format!("“{found}” is not a name followed by a number"),
                D::LeftOut,
            ),
            Self::SupLacks { record } => {
                say("sup_lacks", format!("manca il record {record}"), format!("the record {record} is missing"), D::Stopped)
            }
            Self::SupName { said, map } => say(
                "sup_name",
                format!("le superfici sono di {said}, la mappa è {map}"),
                format!("the areas are those of {said}, the map is {map}"),
                D::Listed,
            ),
            Self::SupDiffers { record, said, found } => say(
                "sup_differs",
                format!("{record}: dichiara {said}, dalla mappa risulta {found}"),
                format!("{record}: it says {said}, the map gives {found}"),
                D::Listed,
            ),
            Self::SupAlone => fixed(
                "sup_alone",
                "la mappa (CXF) di queste superfici non c'è: nessuno le ha confrontate",
                "the map (CXF) of these areas is not there: nobody compared them",
                D::AsItIs,
            ),
            Self::SupImbalance { said } => {
                say("sup_imbalance", format!("SBILANCIO è {said} m², non 0"), format!("SBILANCIO is {said} m², not 0"), D::Listed)
            }
            Self::DocumentType => fixed(
                "document_type",
                "ha un tipo di documento (<!DOCTYPE …>), con cui chi legge può essere portato ad altri file",
                "it has a document type (<!DOCTYPE …>), by which a reader can be led to other files",
                D::Stopped,
            ),
            Self::Entity => fixed("entity", "un'entità che XML non conosce", "an entity that XML does not know", D::LeftOut),
            Self::Xml { cause } => say("xml", format!("non è XML: {cause}"), format!("it is no XML: {cause}"), D::Stopped),
            Self::Deep { allowed } => say(
                "deep",
                format!("elementi uno nell'altro oltre {allowed} livelli"),
                format!("elements within each other beyond {allowed} levels"),
                D::Stopped,
            ),
            Self::LongText { allowed } => {
                say("long_text", format!("un testo di più di {allowed} byte"), format!("a text of more than {allowed} bytes"), D::Stopped)
            }
            Self::NoGeometry { id } => say("no_geometry", format!("{id}: senza geometria"), format!("{id}: without a geometry"), D::AsItIs),
            Self::LostPositions { id } => say(
                "lost_positions",
                format!("{id}: un anello ha posizioni che non si leggono"),
                format!("{id}: a ring has positions that can't be read"),
                D::LeftOut,
            ),
            Self::Axes => fixed(
                "axes",
                "gli assi non stanno nell'ordine che il sistema di riferimento vuole: decide dove cadono le posizioni",
                "the axes do not stand in the order that the coordinate system wants: where the positions lie decides",
                D::AsItIs,
            ),
            Self::NoSystem => fixed(
                "no_system",
                "non dichiara il sistema di riferimento: preso per EPSG:6706",
                "it states no coordinate system: taken for EPSG:6706",
                D::AsItIs,
            ),
            Self::System { found } => say(
                "system",
                format!("«{found}» non è un sistema di riferimento che si conosce"),
                format!("“{found}” is no coordinate system that is known"),
                D::AsItIs,
            ),
            Self::Reference { found } => say(
                "reference",
                format!("«{found}» non è un riferimento catastale nazionale"),
                format!("“{found}” is not a national cadastral reference"),
                D::AsItIs,
            ),
            Self::OtherComune { reference, comune } => say(
                "other_comune",
                format!("{reference} sta sotto il comune {comune}"),
                format!("{reference} stands under the comune {comune}"),
                D::AsItIs,
            ),
            Self::RecordType => fixed("record_type", "tipo di record sconosciuto", "an unknown type of record", D::LeftOut),
            Self::Key { field } => say(
                "key",
                format!("{field}: manca o non si legge, e senza non si sa di chi è la riga"),
                format!("{field}: missing or unreadable, and without it nobody knows whose row it is"),
                D::LeftOut,
            ),
            Self::FewFields { record, there, least } => say(
                "few_fields",
                format!("{record}: {there} campi, almeno {least} attesi; quelli che mancano sono vuoti"),
                format!("{record}: {there} fields, at least {least} expected; those that are missing are empty"),
                D::TakenAsThere,
            ),
            Self::ManyFields { record, there, most } => say(
                "many_fields",
                format!("{record}: {there} campi, al più {most} attesi"),
                format!("{record}: {there} fields, at most {most} expected"),
                D::RestLeftOut,
            ),
            Self::GroupCut { record, fields, left } => say(
                "group_cut",
                format!("{record}: i gruppi sono di {fields} campi, e all'ultimo ne restano {left}"),
                format!("{record}: groups have {fields} fields, and the last has {left}"),
                D::LeftOut,
            ),
            Self::Date { field } => {
                say("date", format!("{field}: non è una data del calendario"), format!("{field}: no date of the calendar"), D::LeftEmpty)
            }
            Self::Number { field } => say("number", format!("{field}: non è un numero"), format!("{field}: not a number"), D::LeftEmpty),
            Self::NegativeArea => fixed("negative_area", "una superficie negativa", "a negative area", D::LeftEmpty),
            Self::Share => fixed("share", "la quota non è una frazione", "the share is no fraction", D::LeftEmpty),
            Self::SharesBeyond { numerator, denominator } => say(
                "shares_beyond",
                format!("con questa le quote dello stesso diritto sullo stesso immobile fanno {numerator}/{denominator}, più di 1"),
                format!("with this one the shares of the same right in the same property make {numerator}/{denominator}, more than 1"),
                D::Listed,
            ),
            Self::StrangeComune { comune, first } => say(
                "strange_comune",
                format!("la riga è di {comune}, le prime del file di {first}"),
                format!("the row is of {comune}, the file's first of {first}"),
                D::AsItIs,
            ),
            Self::CutShort => fixed(
                "cut_short",
                "la mappa è tronca: ciò che manca sembrerebbe soppresso",
                "the map is cut short: what is missing would look suppressed",
                D::NotImported,
            ),
            Self::Nameless => fixed(
                "nameless",
                "una mappa senza un nome valido non si sa dove metterla",
                "nobody knows where a map without a valid name belongs",
                D::NotImported,
            ),
            Self::NoCode => fixed("no_code", "un BORDO senza codice", "a BORDO without a code", D::LeftOut),
            Self::EmptyDrawing => fixed(
                "empty_drawing",
                "nel disegno non c'è nessuna particella: tutte sembrerebbero soppresse",
                "there is no parcel in the drawing: all would look suppressed",
                D::NotImported,
            ),
            Self::NumbersLack { parcels } => say(
                "numbers_lack",
                format!(
                    "{parcels} particelle del disegno restano senza numero e non entrano; particelle e fabbricati che il disegno non nomina"
                ),
                format!(
                    "{parcels} parcels of the drawing stay without a number and do not come in; parcels and buildings that it does not name"
                ),
                D::Kept,
            ),
            Self::BehindExchange { map } => say(
                "behind_exchange",
                format!("la mappa {map} è anche in CXF: vale quella"),
                format!("the map {map} is there as CXF too: that one counts"),
                D::NotImported,
            ),
            Self::Elsewhere { map } => say(
                "elsewhere",
                format!("gli elementi del foglio {map} sono lontani dal suo comune"),
                format!("the features of the sheet {map} are far from its comune"),
                D::NotImported,
            ),
            Self::NotTold { map, features } => say(
                "not_told",
                format!(
                    "{features} particelle del foglio {map} sono nel registro e non in questa consegna (--whole: la consegna le ha tutte)"
                ),
                format!("{features} parcels of the sheet {map} are in the register and not in this delivery (--whole: it has all of them)"),
                D::Kept,
            ),
            Self::Shifted { map, parcels, metres } => say(
                "shifted",
                format!(
                    "nel foglio {map} si spostano {parcels} particelle, la mediana di {metres:.3} m: è lo stesso sistema di riferimento?"
                ),
                format!("in the sheet {map} {parcels} parcels move, the middle one by {metres:.3} m: is it the same coordinate system?"),
                D::Listed,
            ),
            Self::Future { day } => say(
                "future",
                format!("la data dei dati, {day}, è nel futuro"),
                format!("the day of the data, {day}, lies in the future"),
                D::Ignored,
            ),
            Self::NotOurs { comune, features } => say(
                "not_ours",
                format!("{features} elementi sono del comune {comune}, che questa installazione non ha o che non è affidato a chi importa"),
                format!(
                    "{features} features are of the comune {comune}, which this installation has not, or which is not in the hands of who imports"
                ),
                D::NotImported,
            ),
            Self::AskSystem { offered } => say(
                "ask_system",
                format!("il file non dice in che sistema di riferimento è; col confine si accordano: {offered}. Indicarlo con --crs"),
                format!(
                    "the file does not say in which coordinate system it is; those that fit the boundary: {offered}. Say it with --crs"
                ),
                D::NotImported,
            ),
            Self::WrongSystem { given, offered } => say(
                "wrong_system",
                format!("in {given} la mappa non sta nel suo comune; col confine si accordano: {offered}"),
                format!("in {given} the map does not lie in its comune; those that fit the boundary: {offered}"),
                D::NotImported,
            ),
            Self::NoFit => fixed(
                "no_fit",
                "in nessun sistema di riferimento in cui il catasto consegna mappe questa sta nel suo comune: serve la sua origine, se è in Cassini-Soldner (opensit cadastre origin), o un'aggiustatura (opensit cadastre adjust)",
                "in no system in which the cadastre hands out maps does this one lie in its comune: it needs its origin, if it is in Cassini-Soldner (opensit cadastre origin), or else an adjustment (opensit cadastre adjust)",
                D::NotImported,
            ),
            Self::WronglyPlaced { maps, origin, distance_m } => {
                let [by_it, by_en] = if *origin { ["l'origine", "the origin"] } else { ["l'aggiustatura", "the adjustment"] };
                let [far_it, far_en] = distance_m.map_or([String::new(), String::new()], |metres| {
                    [format!(", ma a {metres:.0} m"), format!(", but {metres:.0} m away")]
                });
                say(
                    "wrongly_placed",
                    format!("{by_it} di {maps} non mette la mappa nel suo comune{far_it}"),
                    format!("{by_en} of {maps} does not put the map into its comune{far_en}"),
                    D::NotImported,
                )
            }
            Self::OutOfSystem { code } => say(
                "out_of_system",
                format!("«{code}» ha posizioni che il sistema di riferimento non ha"),
                format!("“{code}” has positions that the coordinate system has not"),
                D::LeftOut,
            ),
            Self::Mended { id, lost_m2 } => say(
                "mended",
                format!("il contorno di {id} si incrocia; presa la parte maggiore, restano fuori {lost_m2:.3} m²"),
                format!("the outline of {id} crosses itself; the largest part was taken, {lost_m2:.3} m² are left out"),
                D::Mended,
            ),
            Self::Unmendable { id } => say(
                "unmendable",
                format!("{id} non ha una geometria utile"),
                format!("{id} has no geometry that could be used"),
                D::LeftOut,
            ),
            Self::MapTwice { map } => say(
                "map_twice",
                format!("la mappa {map} c'è già in questa consegna"),
                format!("the map {map} was there before in this delivery"),
                D::NotImported,
            ),
            Self::Twice { id } => say("twice", format!("{id} c'è due volte"), format!("{id} is there twice"), D::LastCounts),
            Self::BehindMap { map, features } => say(
                "behind_map",
                format!("{features} particelle del foglio {map}, che è anche in CXF: vale quella"),
                format!("{features} parcels of the sheet {map}, which is there as CXF too: that one counts"),
                D::NotImported,
            ),
            Self::Older { map, day, there } => say(
                "older",
                format!("i dati del foglio {map} sono del {day}, e il registro ne ha del {there}"),
                format!("the data of the sheet {map} are of {day}, and the register has some of {there}"),
                D::NotImported,
            ),
            Self::ComuneElsewhere { comune } => say(
                "comune_elsewhere",
                format!("le righe sono del comune {comune}, che questa installazione non ha"),
                format!("the rows are of the comune {comune}, which this installation has not"),
                D::LeftOut,
            ),
            Self::Repeated => fixed(
                "repeated",
                "una riga più avanti nella consegna dice la stessa cosa: vale quella",
                "a row further on in the delivery says the same thing: that one holds",
                D::LeftOut,
            ),
            Self::NoSubject => fixed(
                "no_subject",
                "il soggetto di questo titolo non è né nella consegna né nel registro",
                "the subject of this title is neither in the delivery nor in the register",
                D::AsItIs,
            ),
            Self::NoProperty => fixed(
                "no_property",
                "l'immobile di questa riga non è né nella consegna né nel registro",
                "the property of this row is neither in the delivery nor in the register",
                D::AsItIs,
            ),
            Self::LostAreas { map } => say(
                "lost_areas",
                format!("{map}: non tutte le aree del file si sono lette: restano le particelle e i fabbricati del registro che mancano"),
                format!("{map}: not every area of the file was read: parcels and buildings of the register that are missing stay"),
                D::Kept,
            ),
            Self::BlockOnAreas => fixed(
                "block_on_areas",
                "un blocco sta su un livello di aree: quello che contiene non si legge",
                "a block stands on a layer of areas: what is in it is not read",
                D::Listed,
            ),
            Self::GivenInstead { maps, given } => say(
                "given_instead",
                format!("l'origine registrata per {maps} non è usata: la mappa sta nel suo comune con {given}, che è stato indicato"),
                format!("the origin that is kept for {maps} is not used: the map lies in its comune by {given}, which was given"),
                D::AsItIs,
            ),
            Self::Archive { cause } => {
                say("archive", format!("l'archivio è danneggiato: {cause}"), format!("the archive is damaged: {cause}"), D::Stopped)
            }
            Self::Encrypted { entry } => say("encrypted", format!("{entry} è cifrata"), format!("{entry} is encrypted"), D::LeftOut),
            Self::Link { entry } => say("link", format!("{entry} è un collegamento"), format!("{entry} is a link"), D::Ignored),
            Self::TooDeep { entry, allowed } => say(
                "too_deep",
                format!("{entry} sta oltre {allowed} archivi uno nell'altro"),
                format!("{entry} lies beyond {allowed} archives within each other"),
                D::LeftOut,
            ),
            Self::Swollen { entry } => say(
                "swollen",
                format!("{entry} cresce oltre ciò che un archivio così può contenere (una bomba?)"),
                format!("{entry} grows beyond what such an archive may hold (a bomb?)"),
                D::RestLeftOut,
            ),
            Self::ManyEntries { allowed } => say(
                "many_entries",
                format!("più di {allowed} file in archivi e cartelle"),
                format!("more than {allowed} files in archives and folders"),
                D::RestLeftOut,
            ),
        }
    }
}
