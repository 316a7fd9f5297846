//! Which columns of a table say where its rows are without coordinates, by their names.

use super::plain;
use crate::plan::{Place, PlaceBy};

/// Names of columns as they are once accents, blanks and signs are taken out; the likeliest first.
const SHEET: [&str; 13] = [
    "foglio",
    "fogliocatastale",
    "fogliocatasto",
    "fogliomappa",
    "numfoglio",
    "numerofoglio",
    "nfoglio",
    "nofoglio",
    "catfoglio",
    "fgl",
    "fog",
    "fg",
    "fogl",
];
const PARCEL: [&str; 18] = [
    "particella",
    "mappale",
    "particellacatastale",
    "particelladimappa",
    "numparticella",
    "numeroparticella",
    "nparticella",
    "noparticella",
    "catparticella",
    "particelle",
    "mappali",
    "plla",
    "partlla",
    "part",
    "mapp",
    "map",
    "ptc",
    "numero",
];
const SECTION: [&str; 6] = ["sezione", "sezionecensuaria", "sezcensuaria", "sezcens", "sezionecatastale", "sez"];
const REFERENCE: [&str; 8] = [
    "nationalcadastralreference",
    "riferimentocatastale",
    "riferimentocatastalenazionale",
    "rifcatastale",
    "rifcatasto",
    "refcatastale",
    "rifcat",
    "inspireidlocalid",
];
const COMUNE: [&str; 20] = [
    "codiceistat",
    "codistat",
    "istat",
    "comistatcode",
    "procomt",
    "procom",
    "codicecatastale",
    "codcatastale",
    "comcatastocode",
    "codicebelfiore",
    "codbelfiore",
    "belfiore",
    "administrativeunit",
    "codicecomune",
    "codcomune",
    "codcom",
    "comune",
    "nomecomune",
    "denominazionecomune",
    "municipio",
];
const STREET: [&str; 17] = [
    "indirizzo",
    "indirizzocompleto",
    "via",
    "viapiazza",
    "odonimo",
    "denominazionestrada",
    "denominazionevia",
    "denomvia",
    "nomevia",
    "nomestrada",
    "strada",
    "toponimostradale",
    "toponimo",
    "ubicazione",
    "address",
    "street",
    "duf",
];
const STREET_KIND: [&str; 5] = ["dug", "tipovia", "tipologiavia", "tipostrada", "qualificatore"];
const HOUSE: [&str; 11] =
    ["civico", "numerocivico", "numcivico", "ncivico", "nocivico", "numciv", "nciv", "civ", "housenumber", "numero", "num"];
const SUFFIX: [&str; 4] = ["esponente", "barrato", "esp", "esponentecivico"];

/// The ways in which columns of these names may say where rows are, the likeliest first.
pub(crate) fn ways(names: &[&str]) -> Vec<Place> {
    let plain: Vec<String> = names.iter().map(|name| self::plain(name)).collect();
    let find = |known: &[&str]| {
        let at = known.iter().find_map(|name| plain.iter().position(|n| n == name))?;
        names.get(at).map(|name| (*name).to_owned())
    };
    let comune = find(&COMUNE);
    let mut ways = Vec::new();
    let reference = find(&REFERENCE);
    let sheet = find(&SHEET);
    let number = sheet.as_ref().and_then(|_| find(&PARCEL));
    if sheet.is_some() && number.is_some() {
        ways.push(Place { sheet, number, section: find(&SECTION), comune: comune.clone(), ..Place::new(PlaceBy::ParcelPoint) });
    } else if reference.is_some() {
        ways.push(Place { reference, ..Place::new(PlaceBy::ParcelPoint) });
    }
    if let Some(street) = find(&STREET) {
        let house_number = find(&HOUSE);
        let house_suffix = house_number.as_ref().and_then(|_| find(&SUFFIX));
        let street_kind = find(&STREET_KIND);
        ways.push(Place { street: Some(street), street_kind, house_number, house_suffix, comune, ..Place::new(PlaceBy::Address) });
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::ways;
    use crate::plan::PlaceBy;

    #[test]
    fn columns_are_found_by_the_names_people_use() {
        for (sheet, parcel) in
            [("Foglio", "Particella"), ("FG.", "MAPP."), ("N° Foglio", "N. Particella"), ("fg", "p.lla"), ("Foglio Catastale", "Numero")]
        {
            let found = ways(&["id", parcel, sheet, "SEZ", "Cod. Catastale"]);
            assert_eq!(found.len(), 1, "{sheet} {parcel}: {found:?}");
            assert_eq!(
                (found[0].by, found[0].sheet.as_deref(), found[0].number.as_deref()),
                (PlaceBy::ParcelPoint, Some(sheet), Some(parcel))
            );
            assert_eq!((found[0].section.as_deref(), found[0].comune.as_deref()), (Some("SEZ"), Some("Cod. Catastale")));
        }
        let found = ways(&["DUG", "DUF", "Civico", "Esponente", "Comune"]);
        assert_eq!(
            (found[0].by, found[0].street.as_deref(), found[0].street_kind.as_deref()),
            (PlaceBy::Address, Some("DUF"), Some("DUG"))
        );
        assert_eq!((found[0].house_number.as_deref(), found[0].house_suffix.as_deref()), (Some("Civico"), Some("Esponente")));
        let both: Vec<PlaceBy> = ways(&["foglio", "particella", "indirizzo"]).into_iter().map(|way| way.by).collect();
        assert_eq!(both, [PlaceBy::ParcelPoint, PlaceBy::Address]);
        assert!(ways(&["nome", "foglio", "quota"]).is_empty());
    }
}
