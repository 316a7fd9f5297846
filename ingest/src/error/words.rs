//! What is told of an error, in Italian and English: what, where, why and what to do, in the words of whoever reads it.

use std::fmt;

use kernel::Text;

use super::IngestError;
use super::details::{joined, none_of, reasons};
use crate::place::{Guess, distance_words};
use crate::report::rows;

/// Who reads what is told, and so by what they can act: options or the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Somebody at the command line, who has options.
    CommandLine,
    /// Somebody in the portal or at the API, who has a plan and its panel.
    Plan,
}

impl Told {
    /// The words of one of them.
    fn by(self, command_line: [&'static str; 2], plan: [&'static str; 2]) -> [&'static str; 2] {
        match self {
            Self::CommandLine => command_line,
            Self::Plan => plan,
        }
    }
}

impl fmt::Display for IngestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Told::CommandLine).en)
    }
}

/// Names between backticks.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl IngestError {
    /// The error in words.
    pub fn words(&self, told: Told) -> Text {
        use IngestError as E;
        let plan = told == Told::Plan;
        let (it, en) = match self {
            E::NoFile(path) => {
                let path = path.display();
                let [it, en] = told.by(["controllare il percorso", "check the path"], ["inviarlo di nuovo", "send it again"]);
                (format!("{path}: non c'è un file o una cartella con questo nome; {it}"), format!("{path}: no such file or folder; {en}"))
            }
            E::Io { path, cause } => {
                let path = path.display();
                (format!("{path}: non si può leggere o scrivere ({cause})"), format!("{path}: {cause}"))
            }
            E::EmptyFile(file) => (
                format!("{file}: il file è vuoto (0 byte); esportarlo di nuovo"),
                format!("{file}: the file is empty (0 bytes); export it again"),
            ),
            E::Format { file, found, hint } => {
                let known = "GeoPackage, Shapefile, GeoJSON, FlatGeobuf, GML, KML, GPX, DXF, CSV, XLSX";
                (
                    format!("{file}: il contenuto è {}; si leggono {known} e DBF, anche in un archivio zip{}", found.it, hint.it),
                    format!("{file}: the content is {}; {known} and DBF can be read, also zipped{}", found.en, hint.en),
                )
            }
            E::Damaged { file, format, cause } => {
                let formato = if *format == "a zip archive" { "archivio zip" } else { format };
                (
                    format!("{file}: non si può leggere come {formato}: {cause}. È troncato o danneggiato; esportarlo o copiarlo di nuovo"),
                    format!("{file}: it can't be read as {format}: {cause}. It is truncated or damaged; export or copy it again"),
                )
            }
            E::MissingPart { file, part } => (
                format!(
                    "{file}: manca il suo file .{part}; uno Shapefile è fatto di .shp, .shx e .dbf (e .prj, .cpg) con lo stesso nome: metterli insieme"
                ),
                format!(
                    "{file}: its .{part} file is missing; a Shapefile is .shp, .shx and .dbf (and .prj, .cpg) with the same name: put them together"
                ),
            ),
            E::Archive { file, entry, why } => (
                format!(
                    "{file}: la voce `{entry}` dell'archivio {}; nulla è stato estratto. Rifare l'archivio, con soli file normali",
                    why.it
                ),
                format!(
                    "{file}: the archive's entry `{entry}` {}; nothing was unpacked. Make the archive again, with plain files only",
                    why.en
                ),
            ),
            E::NothingInside { file, entries } => {
                let kinds_it = "un .gpkg, .shp, .geojson, .csv, .xlsx, .gml, .kml, .gpx, .dxf o .fgb";
                let kinds = "a .gpkg, .shp, .geojson, .csv, .xlsx, .gml, .kml, .gpx, .dxf or .fgb";
                (
                    format!(
                        "{file}: nell'archivio non c'è nulla che si possa leggere ({kinds_it}); ci sono: {entries}. Metterci i dati, o indicare il file che li ha"
                    ),
                    format!(
                        "{file}: the archive has nothing that can be read ({kinds}); it has: {entries}. Put the data into it, or name the file that has them"
                    ),
                )
            }
            E::SeveralLayers { file, layers } => {
                let [it, en] = told.by(
                    ["dire quale con `--source-layer NOME`", "say which one with `--source-layer NAME`"],
                    [
                        "scegliere quale («Leggi un altro livello»), o inviare un file per ciascuno",
                        "choose which one (“Read another layer”), or send a file for each",
                    ],
                );
                let layers = layers.join(", ");
                (format!("{file}: ha più livelli: {layers}; {it}"), format!("{file}: it has several layers: {layers}; {en}"))
            }
            E::NoSuchLayer { file, wanted, layers } => {
                let layers = layers.join(", ");
                (
                    format!("{file}: non ha un livello `{wanted}`; ha: {layers}"),
                    format!("{file}: it has no layer `{wanted}`; it has: {layers}"),
                )
            }
            E::NoLayers { file } => (
                format!("{file}: non ha livelli, quindi non c'è nulla da caricare; esportarlo di nuovo, con un livello"),
                format!("{file}: it has no layers, so there is nothing to load; export it again, with a layer in it"),
            ),
            E::OnlyLinks { file, links } => (
                format!(
                    "{file}: non ha luoghi, solo collegamenti ad altri file (NetworkLink: {links}), che non vengono seguiti; scaricare quelli e caricarli"
                ),
                format!(
                    "{file}: it has no places, only links to other files (NetworkLink: {links}), which are not followed; fetch those and load them"
                ),
            ),
            E::MoreRowsThanBytes { file, bytes } => (
                format!(
                    "{file}: dà più righe di quanti byte ha ({bytes}): le inventa una vista. In QGIS salvare il livello come tabella, e caricare quella"
                ),
                format!(
                    "{file}: it gives more rows than it has bytes ({bytes}): a view makes them up. Save the layer as a table in QGIS, and load that"
                ),
            ),
            E::NoGeometryLayer { file } => (
                format!("{file}: nessun suo livello ha una geometria; è una tabella, e una tabella non ha un posto sulla mappa"),
                format!("{file}: no layer in it has a geometry; it is a table, and a table has no place on a map"),
            ),
            E::NoCoordinates { file, columns } => {
                let columns = columns.join(", ");
                (
                    format!(
                        "{file}: nelle sue colonne ({columns}) non ci sono coordinate. Chiamarne due x e y (o est, nord; lon, lat; longitudine, latitudine), o una wkt; oppure, per posizionarle con il registro, foglio e particella, o indirizzo e civico"
                    ),
                    format!(
                        "{file}: no coordinates in its columns ({columns}). Name two of them x and y (or est, nord; lon, lat; longitudine, latitudine), or one wkt; or, to be placed through the register, foglio and particella, or indirizzo and civico"
                    ),
                )
            }
            E::NoRegister { file, by } => (
                format!(
                    "{file}: non ha coordinate, e le sue righe dicono dove sono per {}, di cui questa installazione non ha il registro. Dargli le coordinate, in due colonne x e y o in una wkt",
                    by.it
                ),
                format!(
                    "{file}: it has no coordinates, and its rows say where they are by {}, of which this installation has no register. Give it coordinates, in two columns x and y or one wkt",
                    by.en
                ),
            ),
            E::NothingPlaced { file, by, rows, reasons: kept_out } => {
                let (none, why) = (none_of(*rows), reasons(kept_out, told));
                (
                    format!(
                        "{file}: non ha coordinate, e per {} {}: {}. Nulla è stato caricato. Oppure dargli le coordinate, in due colonne x e y o in una wkt",
                        by.it, none.it, why.it
                    ),
                    format!(
                        "{file}: it has no coordinates, and by {} {}: {}. Nothing was loaded. Or give it coordinates, in two columns x and y or one wkt",
                        by.en, none.en, why.en
                    ),
                )
            }
            E::UnclosedQuote { file, line } => (
                format!(
                    "{file}: alla riga {line} o dopo si aprono virgolette che non si chiudono più, e così tutto il resto è un solo valore. Chiuderle; quelle che fanno parte del testo si scrivono due volte (\"\")"
                ),
                format!(
                    "{file}: a quotation mark opens at line {line} or after it and is never closed, so that all that follows is one value. Close it; one that belongs to the text is written twice (\"\")"
                ),
            ),
            E::NoHeader { file } => (
                format!("{file}: la prima riga ha valori, non nomi di colonne; metterci sopra una riga con i nomi delle colonne"),
                format!("{file}: its first row has values, not names of columns; put a row with the columns' names first"),
            ),
            E::TooManyFields { file, found, allowed } => (
                format!("{file}: ha {found} campi, e se ne ammettono {allowed}; tenere quelli che servono"),
                format!("{file}: it has {found} fields, and {allowed} are allowed; keep those that are needed"),
            ),
            E::NoRows { file } => (
                format!("{file}: non ha righe, quindi non c'è nulla da pubblicare"),
                format!("{file}: it has no rows, so there is nothing to publish"),
            ),
            E::NothingLeft { file, rows, reasons: kept_out } => {
                let (none, why) = (none_of(*rows), reasons(kept_out, told));
                (
                    format!("{file}: {}: {}. Nulla è stato caricato", none.it, why.it),
                    format!("{file}: {}: {}. Nothing was loaded", none.en, why.en),
                )
            }
            E::FieldsDiffer { file, first, difference } => (
                format!(
                    "{file}: i suoi campi non sono quelli di {first}: {}. Caricarli come due livelli, o rendere uguali i campi",
                    difference.it
                ),
                format!(
                    "{file}: its fields differ from those of {first}: {}. Load them as two layers, or make their fields the same",
                    difference.en
                ),
            ),
            E::Plan { file, why, .. } => {
                let piano = if file == "the plan" || file == "the delivery" { String::new() } else { format!("{file}: ") };
                (format!("{piano}il piano non si può prendere: {}", why.it), format!("{file}: the plan can't be taken: {}", why.en))
            }
            E::PlanLacks { file, column, columns } => {
                let columns = columns.join(", ");
                let [it, en] = told.by(
                    [
                        "Correggere `source` nel piano, togliere il campo, o fare un piano nuovo con `opensit ingest plan`",
                        "Correct `source` in the plan, take the field out, or make a new plan with `opensit ingest plan`",
                    ],
                    [
                        "Togliere dal piano il campo o la scelta che la nomina, o inviare di nuovo il file per avere un piano nuovo",
                        "Take the field or the choice that names it out of the plan, or send the file again for a new plan",
                    ],
                );
                (
                    format!("{file}: il piano parla della colonna `{column}`, che il file non ha; ha: {columns}. {it}"),
                    format!("{file}: the plan speaks of the column `{column}`, which the file has not; it has: {columns}. {en}"),
                )
            }
            E::UnclearNumbers { file, column } => (
                format!(
                    "{file}: la colonna `{column}` ha numeri che possono essere due: 1.100 è 1100 o 1,1, e nessun altro valore dice quale. Dire nel \
                     piano `decimal = \"comma\"` (1100) o `\"point\"` (1,1) per il suo campo, o lasciarlo testo"
                ),
                format!(
                    "{file}: the column `{column}` has numbers that may be two: 1.100 is 1100 or 1.1, and no other value tells which. Say in the \
                     plan `decimal = \"comma\"` (1100) or `\"point\"` (1.1) for its field, or leave it text"
                ),
            ),
            E::Stopped { file, reasons } => {
                let why = joined(&reasons.iter().map(super::Stopping::words).collect::<Vec<_>>());
                (
                    format!(
                        "{file}: le regole del piano dicono di fermarsi: {}. Nulla è stato caricato. Correggere il file, o cambiare la regola nel piano",
                        why.it
                    ),
                    format!(
                        "{file}: the plan's rules say stop: {}. Nothing was loaded. Correct the file, or set the rule to something else in the plan",
                        why.en
                    ),
                )
            }
            E::Cancelled => {
                ("il caricamento è stato annullato; nulla è stato caricato".into(), "the load was cancelled; nothing was loaded".into())
            }
            E::LoadedBefore { layer, number } => (
                format!("questa consegna è già in `{layer}`, con il numero {number}"),
                format!("this delivery is in `{layer}` already, as number {number}"),
            ),
            E::Changed { file, before, after } => {
                let was = rows(*before);
                (
                    format!(
                        "{file}: alla prima lettura aveva {}, alla seconda {after}; qualcuno lo sta scrivendo. Riprovare quando ha finito",
                        was.it
                    ),
                    format!(
                        "{file}: it had {} when read first and {after} when read again; somebody is writing it. Try again when that is done",
                        was.en
                    ),
                )
            }
            E::NoCrs { file, definition, candidates } => {
                let (guess, stated) = (guesses(candidates, told), definition.as_ref());
                let it = stated
                    .map_or_else(|| "non dichiara il sistema di riferimento".to_owned(), |d| format!("dichiara {d}, che non si conosce"));
                let en = stated.map_or_else(|| "no coordinate system".to_owned(), |d| format!("{d}, which is unknown"));
                (format!("{file}: {it}. {}", guess.it), format!("{file}: it states {en}. {}", guess.en))
            }
            E::UnknownCrs { file, cause } => {
                let [it, en] = told.by(
                    ["dire con `--crs` in quale di questi è davvero", "say with `--crs` which of them it really is in"],
                    [
                        "scegliere nel piano il sistema («Coordinate») in cui è davvero",
                        "choose in the plan the system (“Coordinates”) that it really is in",
                    ],
                );
                (
                    format!("{file}: {}. Esportarlo in uno di questi, o {it}", in_italian(cause)),
                    format!("{file}: {cause}. Export it in one of these, or {en}"),
                )
            }
            E::Outside { file, crs, share, distance_m, candidates } => {
                let away =
                    distance_m.map_or_else(|| Text::new("una distanza fuori misura", "beyond measure"), |m| Text::same(distance_words(m)));
                let or = otherwise(candidates, told);
                (
                    format!(
                        "{file}: letto come {crs}, le righe cadono fuori dal confine ({share} % dentro, quella di mezzo a {}). {}",
                        away.it, or.it
                    ),
                    format!(
                        "{file}: read as {crs} its rows lie outside the boundary ({share} % inside, the middle one {} away). {}",
                        away.en, or.en
                    ),
                )
            }
            E::SwappedAxes { file, crs, share } => {
                let [it, en] = told.by(
                    ["Caricarlo con `--swap-axes`", "Load it with `--swap-axes`"],
                    ["Scegliere nel piano «Scambia gli assi»", "Choose “Swap the axes” in the plan"],
                );
                (
                    format!(
                        "{file}: le coordinate sono scambiate: letto come {crs} con il secondo numero per primo, il {share} % delle righe cade dentro il confine, e così com'è nessuna. {it}, o esportarlo con l'est (longitudine) per primo"
                    ),
                    format!(
                        "{file}: its coordinates are swapped: read as {crs} with the second number first, {share} % of its rows lie inside the boundary, and as it is none do. {en}, or export it with east (longitude) first"
                    ),
                )
            }
            E::NoBoundary => {
                let [it, en] = told.by(
                    [
                        "darne uno con `--boundary FILE`, o dire il comune con `--comune ISTAT`",
                        "give one with `--boundary FILE`, or say the comune with `--comune ISTAT`",
                    ],
                    [
                        "scegliere nel piano il comune delle righe, o chiedere il confine a chi amministra l'installazione",
                        "choose the comune of the rows in the plan, or ask the administrator for a boundary",
                    ],
                );
                (
                    format!("l'installazione non conosce il suo confine, quindi non si può trovare il comune delle righe; {it}"),
                    format!("the installation knows no boundary, so the rows' comune can't be found; {en}"),
                )
            }
            E::OutsideOfNobody => {
                let [it, en] = told.by(
                    ["`--outside ok` vuole `--comune ISTAT`", "`--outside ok` needs `--comune ISTAT`"],
                    [
                        "accettare righe fuori dal confine vuole il comune delle righe nel piano",
                        "to accept rows outside the boundary needs the comune of the rows in the plan",
                    ],
                );
                (
                    format!(
                        "{it}: ciò che cade fuori da ogni confine non è in un comune di questa installazione, quindi dire a quale appartengono le righe"
                    ),
                    format!(
                        "{en}: what lies outside every boundary is in no comune of this installation, so say which one the rows belong to"
                    ),
                )
            }
            E::Comune(code) => {
                let said = if plan { format!("`{code}`") } else { format!("`--comune {code}`") };
                (
                    format!("{said} non è il codice ISTAT di un comune: sei cifre, con gli zeri, come 080063"),
                    format!("{said} is no ISTAT code of a comune: six digits, with their zeros, like 080063"),
                )
            }
            E::Exists(layer) => {
                let [it, en] = told.by(
                    [
                        "dire `--update` per cambiare ciò che è diverso, `--replace` per metterci il file, `--append` per aggiungerlo, o dare un altro nome con `--layer`",
                        "say `--update` to change what differs, `--replace` to put the file in its place, `--append` to add to it, or give `--layer` another name",
                    ],
                    ["aggiornarlo, sostituirlo o ampliarlo, o dare al livello un altro nome nel piano", "update it, replace it or append to it, or give the layer another name in the plan"],
                );
                (format!("il livello `{layer}` c'è già; {it}"), format!("the layer `{layer}` exists already; {en}"))
            }
            E::NoLayer(layer) => {
                let [it, en] = told.by(
                    ["togliere `--append` o `--update` per crearlo", "leave `--append` or `--update` away to make it"],
                    ["caricarlo come livello nuovo", "load it as a new one"],
                );
                (format!("il livello `{layer}` non c'è ancora; {it}"), format!("there is no layer `{layer}` yet; {en}"))
            }
            E::Declared { layer, module } => {
                let [it, en] = told.by(
                    ["Dare un altro nome con `--layer`", "Give `--layer` another name"],
                    ["Dare al livello un altro nome nel piano", "Give the layer another name in the plan"],
                );
                (
                    format!(
                        "il livello `{layer}` è del modulo `{module}`, che ne dichiara i campi e lo riempie; un file non può prenderne il posto. {it}"
                    ),
                    format!(
                        "the layer `{layer}` belongs to the module `{module}`, which declares its fields and fills it; a file can't take its place. {en}"
                    ),
                )
            }
            E::DoesNotFit { layer, difference } => {
                let [it, en] =
                    told.by(["usare `--replace`", "use `--replace`"], ["sostituire tutto il livello", "replace the whole layer"]);
                (
                    format!("il file non va in `{layer}`: {}. Renderli uguali, o {it}", difference.it),
                    format!("the file does not fit `{layer}`: {}. Make them the same, or {en}", difference.en),
                )
            }
            E::NoValidity(layer) => {
                let it = "le sue righe hanno una validità, e nessuno ha detto in quali colonne l'ha il file";
                let en = "its rows have a validity, and nobody said in which columns the file has it";
                match told {
                    Told::CommandLine => (
                        format!(
                            "il file non va in `{layer}`: {it} (`[validity]` in un piano; `opensit ingest report {layer} --plan` stampa quello dell'ultima consegna). Renderli uguali, o usare `--replace`"
                        ),
                        format!(
                            "the file does not fit `{layer}`: {en} (`[validity]` in a plan; `opensit ingest report {layer} --plan` prints the one of the last delivery). Make them the same, or use `--replace`"
                        ),
                    ),
                    Told::Plan => (
                        format!(
                            "il file non va in `{layer}`: {it}. Scegliere le colonne nel piano («Validità nel tempo»), o sostituire tutto il livello"
                        ),
                        format!(
                            "the file does not fit `{layer}`: {en}. Choose the columns in the plan (“Validity in time”), or replace the whole layer"
                        ),
                    ),
                }
            }
            E::IdsThere { layer, rows: count, examples } => {
                let [it, en] = told
                    .by(["usare `--replace`", "use `--replace`"], ["aggiornare o sostituire il livello", "update or replace the layer"]);
                let (one, examples) = (*count == 1, examples.join(", "));
                let (ha, has) =
                    if one { ("1 delle sue righe ha".to_owned(), "has") } else { (format!("{count} delle sue righe hanno"), "have") };
                (
                    format!(
                        "il file non si può aggiungere a `{layer}`: {ha} un `id` che il livello ha già (per esempio {examples}). Se sono gli stessi oggetti, {it}"
                    ),
                    format!(
                        "the file can't be appended to `{layer}`: {count} of its rows {has} an `id` that the layer has already (for example {examples}). If they are the same objects, {en}"
                    ),
                )
            }
            E::OtherKey { layer, said, known } => match told {
                Told::CommandLine => (
                    format!(
                        "`--key {said}`: gli id di `{layer}` vengono dalla colonna `{known}`, e con un'altra tutte le sue righe sarebbero diverse. Togliere `--key`; oppure usare `--replace --key {said}`, con cui ogni riga è nuova"
                    ),
                    format!(
                        "`--key {said}`: the ids of `{layer}` come from the column `{known}`, and by another one its rows would all be others. Leave `--key` away; or use `--replace --key {said}`, by which every row is a new one"
                    ),
                ),
                Told::Plan => (
                    format!(
                        "la chiave `{said}`: gli id di `{layer}` vengono dalla colonna `{known}`, e con un'altra tutte le sue righe sarebbero diverse. Scegliere `{known}` come chiave nel piano; oppure sostituire tutto il livello, con cui ogni riga è nuova"
                    ),
                    format!(
                        "the key `{said}`: the ids of `{layer}` come from the column `{known}`, and by another one its rows would all be others. Choose `{known}` as the key in the plan; or replace the whole layer, by which every row is a new one"
                    ),
                ),
            },
            E::NoKeyColumn { column, columns } => {
                let columns = columns.join(", ");
                let [it, en] = told.by(
                    ["Dirne un'altra con `--key`", "Say another one with `--key`"],
                    ["Scegliere un'altra chiave nel piano", "Choose another key in the plan"],
                );
                (
                    format!("le righe si distinguono per `{column}`, e il file non ha questa colonna; ha: {columns}. {it}"),
                    format!("the rows are told apart by `{column}`, and the file has no such column; it has: {columns}. {en}"),
                )
            }
            E::KeyFails { column, rows, examples } => {
                let [it, en] = told.by(
                    ["dire un'altra colonna con `--key`", "say another column with `--key`"],
                    ["scegliere un'altra chiave nel piano", "choose another key in the plan"],
                );
                let examples = joined(examples);
                (
                    format!(
                        "la colonna `{column}` non distingue le righe: in {rows} un valore manca, c'è già, o ha altro che lettere, cifre e . _ - : {{ }} ({}). Correggerle, o {it}",
                        examples.it
                    ),
                    format!(
                        "the column `{column}` does not tell the rows apart: in {rows} a value is missing, is there already, or has more than letters, digits and . _ - : {{ }} ({}). Mend them, or {en}",
                        examples.en
                    ),
                )
            }
            E::NoKey(layer) => {
                let [it, en] = told.by(
                    [
                        "Dire la colonna con `--key`; oppure usare `--replace`, con cui ogni riga è nuova, senza la sua storia",
                        "Say the column with `--key`; or use `--replace`, by which every row is a new one, without its history",
                    ],
                    [
                        "Scegliere la chiave nel piano; oppure sostituire tutto il livello, con cui ogni riga è nuova, senza la sua storia",
                        "Choose the key in the plan; or replace the whole layer, by which every row is a new one, without its history",
                    ],
                );
                (
                    format!(
                        "`{layer}` non si può aggiornare: nessuna colonna del file distingue le righe, e così nessuno sa quale corrisponde a quale del livello. {it}"
                    ),
                    format!(
                        "`{layer}` can't be updated: no column of the file tells its rows apart, so that nobody knows which of them is which of the layer's. {en}"
                    ),
                )
            }
            E::Numbered(layer) => {
                let [it, en] = told.by(
                    [
                        "Caricarlo ancora una volta con `--replace --key COLONNA`; da allora si può aggiornare",
                        "Load it once more with `--replace --key COLUMN`; from then on it can be updated",
                    ],
                    [
                        "Sostituirlo una volta con una chiave nel piano; da allora si può aggiornare",
                        "Replace it once with a key in the plan; from then on it can be updated",
                    ],
                );
                (
                    format!(
                        "`{layer}` non si può aggiornare: i suoi id sono i numeri d'ordine delle righe nel suo file, con cui una nuova consegna non si può confrontare. {it}"
                    ),
                    format!(
                        "`{layer}` can't be updated: its ids are the numbers of the rows as they stood in its file, by which a new delivery can't be compared. {en}"
                    ),
                )
            }
            E::SeveralVersions { layer, ids, examples } => {
                let [it, en] =
                    told.by(["Usare `--replace`", "Use `--replace`"], ["Sostituire tutto il livello", "Replace the whole layer"]);
                let examples = examples.join(", ");
                let (sta, stand) =
                    if *ids == 1 { ("1 dei suoi id sta".to_owned(), "stands") } else { (format!("{ids} dei suoi id stanno"), "stand") };
                (
                    format!(
                        "`{layer}` non si può aggiornare: {sta} in più righe, ognuna con la sua validità (per esempio {examples}), e nessuno sa quale intenda una consegna. {it}"
                    ),
                    format!(
                        "`{layer}` can't be updated: {ids} of its ids {stand} in several rows, each with a validity of its own (for example {examples}), and nobody knows which of them a delivery means. {en}"
                    ),
                )
            }
            E::ForeignRows { layer, rows: count } => {
                let all = rows(*count);
                (
                    format!(
                        "di `{layer}` verrebbero toccate {} di comuni per i quali non lavorate; nulla è stato scritto. Un aggiornamento \
                         per chiave le lascia come sono; al resto può pensare chi lavora per quei comuni",
                        all.it
                    ),
                    format!(
                        "of `{layer}` it would touch {} in comuni that you do not work for; nothing was written. An update by key leaves \
                         them as they are; for the rest ask somebody who works for those comuni",
                        all.en
                    ),
                )
            }
            E::TooManyVanish { layer, vanished, there, share, at_most } => {
                let [it, en] = told.by(
                    [
                        "`--dry-run --changes FILE` mostra quali sono; se sono sparite davvero, dire `--vanish-at-most 100`, o `vanish-at-most` nel piano; se il file è solo una parte, `--keep-vanished`",
                        "`--dry-run --changes FILE` shows which they are; if they are gone indeed, say `--vanish-at-most 100`, or `vanish-at-most` in the plan; if the file is of a part only, `--keep-vanished`",
                    ],
                    [
                        "Il confronto mostra quali sono; se sono sparite davvero, applicarlo togliendole; se il file è solo una parte, lasciare dove sono le righe che non ha",
                        "The comparison shows which they are; if they are gone indeed, apply it, taking them away; if the file is of a part only, leave the rows it has not where they are",
                    ],
                );
                let rows = rows(*there);
                (
                    format!(
                        "`{layer}`: nel file ne mancano {vanished} delle {} del livello ({share:.0} %), e con una consegna ne può sparire al massimo il {at_most} %: potrebbe essere tronco. Nulla è stato scritto. {it}",
                        rows.it
                    ),
                    format!(
                        "`{layer}`: the file lacks {vanished} of the layer's {} ({share:.0} %), and no more than {at_most} % may vanish with one delivery: it may be cut short. Nothing was written. {en}",
                        rows.en
                    ),
                )
            }
            E::NothingInCommon { layer, key, theirs, ours } => {
                let [it, en] = told.by(
                    [
                        "Se la chiave è un'altra colonna, dirla con `--key`; se sono altri oggetti, usare `--replace`",
                        "If the key is another column, say it with `--key`; if these are other objects, use `--replace`",
                    ],
                    [
                        "Se la chiave è un'altra colonna, sceglierla nel piano; se sono altri oggetti, sostituire tutto il livello",
                        "If the key is another column, choose it in the plan; if these are other objects, replace the whole layer",
                    ],
                );
                let list = |ids: &[String], none: &str| if ids.is_empty() { none.to_owned() } else { quoted(ids) };
                (
                    format!(
                        "nessuna riga del file ha un id che `{layer}` ha: per `{key}` quelli del file sono {}, quelli del livello {}. {it}",
                        list(theirs, "nessuno"),
                        list(ours, "nessuno")
                    ),
                    format!(
                        "none of the file's rows has an id that `{layer}` has: by `{key}` the file's are {}, the layer's {}. {en}",
                        list(theirs, "none"),
                        list(ours, "none")
                    ),
                )
            }
            E::Redeclared(layer) => (
                format!("`{layer}` è stato dichiarato di nuovo mentre si leggeva il file; nulla è stato caricato. Riprovare"),
                format!("`{layer}` was declared anew while the file was read; nothing was loaded. Try again"),
            ),
            E::NothingToUndo { layer, why } => {
                let why = why.words(told);
                (format!("`{layer}`: {}", why.it), format!("`{layer}`: {}", why.en))
            }
            E::EditedSince { layer, rows, examples } => {
                let [it, en] = told.by(
                    ["`--over-edits` annulla anche quelle", "`--over-edits` takes them back as well"],
                    ["Si può ritirare comunque, con quelle", "It can be taken back all the same, with those"],
                );
                let examples = examples.join(", ");
                let (era, was) = if *rows == 1 {
                    ("1 delle sue righe è stata modificata".to_owned(), "was")
                } else {
                    (format!("{rows} delle sue righe sono state modificate"), "were")
                };
                (
                    format!(
                        "l'ultima consegna di `{layer}` non si può annullare così: dopo {era} (per esempio {examples}), e si perderebbe. Nulla è cambiato. {it}; la storia conserva ciò che erano"
                    ),
                    format!(
                        "the last delivery of `{layer}` can't be taken back as it is: {rows} of its rows {was} edited since (for example {examples}), and that would be lost. Nothing was changed. {en}; the history keeps what they were"
                    ),
                )
            }
            E::IdsTaken { layer, examples } => {
                let examples = examples.join(", ");
                (
                    format!(
                        "l'ultima consegna di `{layer}` non si può annullare: tornerebbero righe che aveva tolto, e ora altre hanno i loro id ({examples}). Nulla è cambiato. Eliminare quelle, o dare loro altri id"
                    ),
                    format!(
                        "the last delivery of `{layer}` can't be taken back: rows that it took away would come back, and others have their ids now ({examples}). Nothing was changed. Delete those, or give them other ids"
                    ),
                )
            }
            E::Busy(layer) => (
                format!("un altro caricamento del livello `{layer}` è in corso; aspettare che finisca"),
                format!("another load of the layer `{layer}` is running; wait until it is done"),
            ),
            E::Boundary { file, why } => (
                format!(
                    "{file}: non è un confine di comuni: {}. Deve avere aree con `com_istat_code` (sei cifre), `com_catasto_code` e `name`",
                    why.it
                ),
                format!(
                    "{file}: it is no boundary of comuni: {}. It must have areas with `com_istat_code` (six digits), `com_catasto_code` and `name`",
                    why.en
                ),
            ),
            E::Database { what, cause } => (
                format!(
                    "la base di dati non ha fatto ciò che doveva: {cause}; nulla è stato caricato. Riprovare; se succede ancora, dirlo a chi amministra l'installazione"
                ),
                format!("the database {what}: {cause}; nothing was loaded"),
            ),
            E::Table { file, cause } => (
                format!(
                    "{file}: la base di dati non può fare una tabella dei suoi campi: {cause}; nulla è stato caricato. Rinominare o togliere dal file ciò che la base di dati nomina, e caricarlo di nuovo"
                ),
                format!(
                    "{file}: the database can't make a table of its fields: {cause}; nothing was loaded. Rename or leave out in the file what the database names, and load it again"
                ),
            ),
            E::Catalogue(cause) => (
                format!("il catalogo non si può cambiare: {cause}; nulla è stato caricato"),
                format!("the catalogue can't be changed: {cause}; nothing was loaded"),
            ),
            E::ReaderEnded { file, why, after } => (
                format!(
                    "{file}: il processo che lo legge {} {}; nulla è stato caricato. Il file è danneggiato o più grande di quanto si ammetta: aprirlo in QGIS, esportarlo di nuovo come GeoPackage e caricare quello. Se lì si legge, segnalarcelo",
                    why.it, after.it
                ),
                format!(
                    "{file}: the process that reads it for us {} {}; nothing was loaded. The file is damaged or larger than is allowed: open it in QGIS, export it again as GeoPackage and load that. If it can be read there, please report it to us",
                    why.en, after.en
                ),
            ),
            E::Reader(cause) => (
                format!("la lettura si è fermata per una causa nostra ({cause}); nulla è stato caricato. Segnalateci questo file"),
                format!("reading stopped for a reason of our own ({cause}); nothing was loaded. Please report this file to us"),
            ),
        };
        Text::new(it, en)
    }
}

/// A system that is none of ours; what PROJ says is told as it says it.
fn in_italian(cause: &crs::CrsError) -> String {
    match cause {
        crs::CrsError::Unknown { name } => {
            let known: Vec<String> = crs::all().iter().map(|crs| crs.srid().to_string()).collect();
            format!("`{name}` non è un sistema di riferimento di questo programma; ha {}", known.join(", "))
        }
        other => format!("il sistema di riferimento non si può usare ({other})"),
    }
}

fn guesses(candidates: &[Guess], told: Told) -> Text {
    if candidates.is_empty() {
        let [it, en] = told.by(
            ["dire in quale è con `--crs EPSG:…`", "say which one it is in with `--crs EPSG:…`"],
            ["scegliere nel piano il sistema di coordinate («Coordinate»)", "choose the coordinate system in the plan (“Coordinates”)"],
        );
        return Text::new(
            format!("Nessun sistema di questo programma lo mette vicino al confine, o un confine non c'è; {it}."),
            format!("No system of this program puts it near the boundary, or there is none; {en}."),
        );
    }
    let list = joined(&candidates.iter().map(|guess| guess.words(told)).collect::<Vec<_>>());
    let [it, en] = told.by(
        ["", ""],
        [" Scegliere nel piano il sistema di coordinate («Coordinate»).", " Choose the coordinate system in the plan (“Coordinates”)."],
    );
    Text::new(format!("Probabili: {}.{it}", list.it), format!("Likely: {}.{en}", list.en))
}

fn otherwise(candidates: &[Guess], told: Told) -> Text {
    let [it, en] = told.by(
        ["`--outside ok --comune ISTAT` lo carica", "`--outside ok --comune ISTAT` loads it"],
        [
            "scegliere nel piano il comune delle righe e «Accetta righe fuori dal confine»",
            "choose in the plan the comune of the rows and “Accept rows outside the boundary”",
        ],
    );
    if candidates.is_empty() {
        return Text::new(
            format!(
                "Nessun altro sistema di questo programma lo mette dentro. Se è il suo posto, {it}; altrimenti controllare che cosa è stato esportato"
            ),
            format!("No other system of this program puts it inside. If it belongs there, {en}; if not, check what was exported"),
        );
    }
    let guesses = guesses(candidates, told);
    Text::new(format!("{} Se è giusto così, {it}", guesses.it), format!("{} If it is right as it is, {en}", guesses.en))
}

#[cfg(test)]
mod tests;
