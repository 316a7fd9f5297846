use kernel::Text;
use serde::{Deserialize, Serialize};

use crate::Told;
use crate::rules::Rule;

/// Why a row was kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its geometry is NULL.
    NoGeometry,
    /// Its geometry has no position.
    Empty,
    /// A coordinate is NaN or infinite.
    NotFinite,
    /// Its geometry can't be read.
    Unreadable,
    /// It has curves that could not be turned into lines.
    Curve,
    /// It is a surface in space (TIN, polyhedral surface).
    Surface,
    /// It is a collection of points, lines and areas.
    MixedCollection,
    /// It is a point, line or area, and most rows of the file are something else.
    OtherFamily,
    /// It has too few positions to be a line or to bound an area.
    TooFewPositions,
    /// It has more vertices than [`crate::Limits::vertices`].
    TooManyVertices,
    /// Its polygon crosses itself in a way that leaves no area when mended.
    NotMendable,
    /// It has several parts, and the layer that it should be added to has one a row.
    SeveralParts,
    /// Its coordinates have no place in the storage system.
    NoPlace,
    /// It lies far outside the boundary.
    FarOutside,
    /// It lies in a comune for which whoever loads it does not work.
    ForeignComune,
    /// A value is longer than [`crate::Limits::text_bytes`].
    TextTooLong,
    /// It has more values than there are columns.
    TooManyValues,
    /// A value does not fit the field's type.
    WrongType,
    /// Its area is not valid, and the plan wants no such mended.
    Invalid,
    /// It ends before it begins, or begins never.
    NoValidity,
    /// A rule of the plan keeps it out: in the reports of programs that did not say which.
    ByRule,
    /// It names a comune that the installation has not, and the plan wants no such.
    UnknownComune,
    /// Its area is thinner than anything that is drawn, and the plan wants no such.
    Sliver,
    /// It is the same as a row before, and the plan wants no such.
    Duplicate,
    /// Its key is missing or another row's, and the plan keeps such out.
    RepeatedKey,
    /// A text lost its accents, and the plan wants no such.
    LostAccents,
    /// A date lies in the future, and the plan wants no such.
    FutureDate,
    /// A value is not in the field's code list, and the plan wants no such.
    UndeclaredCode,
    /// Its foglio or particella is missing, or is none.
    NoParcelNumber,
    /// The register has no such parcel now.
    NoSuchParcel,
    /// The register has several that it may mean.
    SeveralParcels,
    /// It says no street.
    NoAddress,
    /// It says no house number.
    NoHouseNumber,
    /// The register has no such street.
    NoSuchStreet,
    /// The register has the street, and not the number.
    NoSuchNumber,
    /// The register has several addresses that it may mean.
    SeveralAddresses,
    /// It names a comune that the installation has not.
    OtherComune,
}

impl Reason {
    /// The rule that it belongs to; `None` for what can't be loaded whatever one wishes.
    pub(crate) fn rule(self) -> Option<Rule> {
        match self {
            Self::NoGeometry | Self::Empty => Some(Rule::NoGeometry),
            Self::Invalid => Some(Rule::InvalidGeometry),
            Self::FarOutside => Some(Rule::FarOutside),
            Self::ForeignComune => Some(Rule::ForeignComune),
            Self::WrongType => Some(Rule::WrongType),
            Self::UnknownComune => Some(Rule::UnknownComune),
            Self::Sliver => Some(Rule::Sliver),
            Self::Duplicate => Some(Rule::Duplicate),
            Self::RepeatedKey => Some(Rule::RepeatedKey),
            Self::LostAccents => Some(Rule::LostAccents),
            Self::FutureDate => Some(Rule::FutureDate),
            Self::UndeclaredCode => Some(Rule::UndeclaredCode),
            Self::NoParcelNumber
            | Self::NoSuchParcel
            | Self::SeveralParcels
            | Self::NoAddress
            | Self::NoHouseNumber
            | Self::NoSuchStreet
            | Self::NoSuchNumber
            | Self::SeveralAddresses
            | Self::OtherComune => Some(Rule::Unplaced),
            _ => None,
        }
    }

    /// The reason in words, after a row or a number of rows.
    pub(crate) fn words(self) -> Text {
        let (it, en) = match self {
            Self::UnknownComune
            | Self::Sliver
            | Self::Duplicate
            | Self::RepeatedKey
            | Self::LostAccents
            | Self::FutureDate
            | Self::UndeclaredCode => return self.rule().map(Rule::words).unwrap_or_default(),
            Self::NoGeometry => ("senza geometria", "without a geometry"),
            Self::Empty => ("con geometria vuota (EMPTY)", "with an empty geometry"),
            Self::NotFinite => (
                "con coordinate che non sono numeri finiti (NaN o infinito)",
                "with coordinates that are no finite numbers (NaN or infinite)",
            ),
            Self::Unreadable => ("con geometria che non si legge", "with a geometry that can't be read"),
            Self::Curve => ("con curve che non si possono linearizzare", "with curves that can't be turned into lines"),
            Self::Surface => ("con superfici nello spazio (TIN o poliedri)", "with surfaces in space (TIN or polyhedral)"),
            Self::MixedCollection => ("con raccolte di punti, linee e aree insieme", "with points, lines and areas in one collection"),
            Self::OtherFamily => {
                ("con un tipo di geometria diverso da quello del livello", "with another kind of geometry than the layer's")
            }
            Self::TooFewPositions => ("con troppo pochi vertici per una linea o un'area", "with too few vertices for a line or an area"),
            Self::TooManyVertices => ("con troppi vertici", "with too many vertices"),
            Self::NotMendable => {
                ("con area non valida di cui, riparando, non resta nulla", "with an invalid area of which nothing is left when mended")
            }
            Self::SeveralParts => {
                ("con più parti, mentre il livello ne ha una per riga", "with several parts, where the layer has one a row")
            }
            Self::NoPlace => {
                ("con coordinate che non esistono nel sistema di destinazione", "with coordinates that have no place in the storage system")
            }
            Self::FarOutside => ("a più di 10 km dal confine", "more than 10 km outside the boundary"),
            Self::ForeignComune => {
                ("in un comune per il quale chi carica non lavora", "in a comune that whoever loads them does not work for")
            }
            Self::TextTooLong => ("con un testo troppo lungo", "with a text that is too long"),
            Self::TooManyValues => ("con più valori che colonne", "with more values than there are columns"),
            Self::WrongType => ("con un valore che non va nel tipo del campo", "with a value that does not fit the field's type"),
            Self::Invalid => ("con area non valida", "with an invalid area"),
            Self::NoValidity => {
                ("con validità che manca o finisce prima di cominciare", "with a validity that is missing or ends before it begins")
            }
            Self::ByRule => ("per una regola del piano", "by a rule of the plan"),
            Self::NoParcelNumber => ("senza foglio e particella leggibili", "without a foglio and particella that can be read"),
            Self::NoSuchParcel => ("con una particella che oggi il catasto non ha", "with a parcel that the register has not now"),
            Self::SeveralParcels => ("con più particelle possibili", "that may mean several parcels"),
            Self::NoAddress => ("senza indirizzo", "without an address"),
            Self::NoHouseNumber => ("senza numero civico", "without a house number"),
            Self::NoSuchStreet => ("con una strada che lo stradario non ha", "with a street that the register has not"),
            Self::NoSuchNumber => ("con un civico che la strada non ha", "with a house number that the street has not"),
            Self::SeveralAddresses => ("con più indirizzi possibili", "that may mean several addresses"),
            Self::OtherComune => ("con un comune che l'installazione non ha", "with a comune that the installation has not"),
        };
        Text::new(it, en)
    }

    /// What to do about it, whether it is one row or several.
    pub(crate) fn cure(self, told: Told) -> Text {
        let plan = told == Told::Plan;
        let (it, en) = match self {
            Self::UnknownComune
            | Self::Sliver
            | Self::Duplicate
            | Self::RepeatedKey
            | Self::LostAccents
            | Self::FutureDate
            | Self::UndeclaredCode => return self.rule().map(Rule::cure).unwrap_or_default(),
            Self::NoGeometry | Self::Empty => ("dare la posizione dove manca", "give a position where there should be one"),
            Self::NotFinite | Self::NoPlace if plan => (
                "correggere le coordinate, o scegliere nel piano il sistema in cui sono",
                "correct the coordinates, or choose in the plan the system that they are in",
            ),
            Self::NotFinite | Self::NoPlace => (
                "correggere le coordinate, o dire con `--crs` in che sistema sono",
                "correct the coordinates, or say with `--crs` which system they are in",
            ),
            Self::Unreadable => (
                "scriverla come WKT, per esempio POINT (556983.2 4218219.4), o come due colonne di numeri",
                "write it as WKT, like POINT (556983.2 4218219.4), or as two columns of numbers",
            ),
            Self::Curve | Self::Surface | Self::MixedCollection => {
                ("esportare come punti, linee o poligoni semplici", "export as plain points, lines or polygons")
            }
            Self::OtherFamily => ("caricare a parte, in un altro livello", "load apart, as another layer"),
            Self::TooFewPositions | Self::NotMendable => ("disegnare di nuovo", "draw again"),
            Self::TooManyVertices => ("semplificare o dividere", "simplify or divide"),
            Self::SeveralParts if plan => ("dividere, o sostituire tutto il livello", "divide, or replace the whole layer"),
            Self::SeveralParts => ("dividere, o sostituire il livello con `--replace`", "divide, or replace the layer with `--replace`"),
            Self::FarOutside if plan => (
                "se la posizione è giusta, scegliere nel piano il comune delle righe e «Accetta righe fuori dal confine»",
                "if the position is right, choose in the plan the comune of the rows and “Accept rows outside the boundary”",
            ),
            Self::FarOutside => (
                "se la posizione è giusta, `--outside ok --comune ISTAT` carica e dice di chi è",
                "if the position is right, `--outside ok --comune ISTAT` loads and says whose it is",
            ),
            Self::ForeignComune => (
                "farle caricare a chi lavora per quel comune, o correggere la posizione",
                "have them loaded by somebody who works for that comune, or correct the position",
            ),
            Self::TextTooLong => ("accorciare il testo", "shorten the text"),
            Self::TooManyValues => {
                ("mettere tra virgolette i valori che contengono il separatore", "put quotes round values that contain the delimiter")
            }
            Self::WrongType if plan => {
                ("correggere il valore, o scegliere nel piano un altro tipo", "correct the value, or choose another type in the plan")
            }
            Self::WrongType => ("correggere il valore, o usare `--replace`", "correct the value, or use `--replace`"),
            Self::Invalid => (
                "disegnare di nuovo, o nel piano `invalid-geometry = \"mend\"`",
                "draw again, or in the plan `invalid-geometry = \"mend\"`",
            ),
            Self::NoValidity => ("correggere le date di inizio e di fine", "correct the days on which they begin and end"),
            Self::ByRule => ("qui sotto la regola e gli esempi", "the rule and examples are below"),
            Self::NoParcelNumber => ("scrivere un foglio e una particella per riga", "write one foglio and one particella a row"),
            Self::NoSuchParcel => (
                "controllare i numeri; se è stata soppressa, scrivere quelle nate da lei",
                "check the numbers; if it was suppressed, write those that it became",
            ),
            Self::SeveralParcels => ("aggiungere comune, sezione o allegato", "add the comune, the section or the allegato"),
            Self::NoAddress | Self::NoHouseNumber => ("completare l'indirizzo", "complete the address"),
            Self::NoSuchStreet => ("scriverla come nello stradario", "write it as the register of streets does"),
            Self::NoSuchNumber => ("controllare il civico", "check the house number"),
            Self::SeveralAddresses => ("aggiungere il comune", "add the comune"),
            Self::OtherComune => {
                ("controllare il comune: codice ISTAT, catastale o nome", "check the comune: ISTAT code, cadastral code or name")
            }
        };
        Text::new(it, en)
    }
}
