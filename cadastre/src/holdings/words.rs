//! Codes of the census in words, and short texts of acts and addresses.

use kernel::Text;

use crate::census::{Address, Note};

/// What grows or stands on land (qualità), by code. Offices shorten these words; here they are whole. Not all codes are known.
#[rustfmt::skip]
const QUALITIES: &[(i32, &str)] = &[
    (1, "SEMINATIVO"), (2, "SEMINATIVO IRRIGUO"), (3, "SEMINATIVO ARBORATO"), (4, "SEMINATIVO ARBORATO IRRIGUO"),
    (5, "SEMINATIVO IRRIGUO ARBORATO"), (6, "SEMINATIVO PEZZA E FOSSA"), (7, "SEMINATIVO ARBORATO PEZZA E FOSSA"), (8, "PRATO"),
    (9, "PRATO IRRIGUO"), (10, "PRATO ARBORATO"), (11, "PRATO IRRIGUO ARBORATO"), (12, "PRATO A MARCITA"),
    (13, "PRATO A MARCITA ARBORATO"), (14, "MARCITA"), (15, "RISAIA"), (16, "RISAIA STABILE"), (17, "ORTO"), (18, "ORTO IRRIGUO"),
    (19, "ORTO ARBORATO"), (20, "ORTO ARBORATO IRRIGUO"), (21, "ORTO FRUTTETO"), (22, "ORTO PEZZA E FOSSA"), (23, "ORTO A FIORI"),
    (24, "ORTO IRRIGUO A FIORI"), (25, "ORTO VIVAIO CON FLORICOLTURA"), (26, "VIVAIO"), (27, "VIVAIO DI PIANTE ORNAMENTALI E FLOREALI"),
    (28, "GIARDINO"), (29, "VIGNETO"), (30, "VIGNETO ARBORATO"), (31, "VIGNETO IRRIGUO"), (32, "VIGNETO PER UVA DA TAVOLA"),
    (33, "VIGNETO FRUTTETO"), (34, "VIGNETO ULIVETO"), (35, "VIGNETO MANDORLETO"), (36, "ULIVETO"), (37, "ULIVETO AGRUMETO"),
    (38, "ULIVETO FICHETO"), (39, "ULIVETO FICHETO MANDORLETO"), (40, "ULIVETO FRASSINETO"), (41, "ULIVETO FRUTTETO"),
    (42, "ULIVETO SOMMACCHETO"), (43, "ULIVETO VIGNETO"), (44, "ULIVETO SUGHERETO"), (45, "ULIVETO MANDORLETO"),
    (46, "ULIVETO MANDORLETO PISTACCHIETO"), (47, "FRUTTETO"), (48, "FRUTTETO IRRIGUO"), (49, "AGRUMETO"), (50, "AGRUMETO ARANCETO"),
    (51, "AGRUMETO IRRIGUO"), (52, "AGRUMETO ULIVETO"), (53, "ALPE"), (54, "ARANCETO"), (55, "CANNETO"), (56, "CAPPERETO"),
    (57, "CARRUBETO"), (58, "CASTAGNETO"), (59, "CASTAGNETO DA FRUTTO"), (60, "CASTAGNETO FRASSINETO"), (61, "CHIUSA"),
    (62, "EUCALIPTETO"), (63, "FICHETO"), (64, "FICODINDIETO"), (65, "FICHETO MANDORLETO"), (66, "FRASSINETO"), (67, "GELSETO"),
    (68, "LIMONETO"), (69, "MANDORLETO"), (70, "MANDORLETO FICHETO"), (71, "MANDORLETO FICODINDIETO"), (72, "MANDARINETO"),
    (73, "NOCETO"), (74, "NOCCIOLETO"), (75, "NOCCIOLETO VIGNETO"), (76, "PALMETO"), (77, "PESCHETO"), (78, "PIOPPETO"),
    (79, "PISTACCHIETO"), (80, "POMETO"), (81, "QUERCETO"), (82, "QUERCETO DA GHIANDA"), (83, "ROSETO"), (84, "SALICETO"),
    (85, "SALCETO"), (86, "SOMMACCHETO"), (87, "SOMMACCHETO ARBORATO"), (88, "SOMMACCHETO MANDORLETO"), (89, "SOMMACCHETO ULIVETO"),
    (90, "SUGHERETO"), (91, "PASCOLO"), (92, "PASCOLO ARBORATO"), (93, "PASCOLO CESPUGLIATO"), (94, "PASCOLO CON BOSCO CEDUO"),
    (95, "PASCOLO CON BOSCO MISTO"), (96, "PASCOLO CON BOSCO D'ALTO FUSTO"), (97, "BOSCO CEDUO"), (98, "BOSCO MISTO"),
    (99, "BOSCO D'ALTO FUSTO"), (101, "INCOLTO PRODUTTIVO"), (102, "ORTO IRRIGUO ARBORATO"), (103, "NOCCIOLETO IRRIGUO"), (105, "PERETO"),
    (126, "SERRA"), (127, "FUNGHICOLTURA"), (130, "ARATIVI"), (131, "SEMINATIVI"), (132, "PRATI"), (133, "ORTI"), (134, "VIGNETI"),
    (135, "PASCOLI"), (136, "ALPI"), (137, "LAGHI, PALUDI E STAGNI"), (138, "BOSCHI"), (150, "INCOLTO STERILE"), (151, "LAGO PUBBLICO"),
    (152, "LAGUNA"), (153, "STAGNO"), (180, "CAVA"), (181, "LAGO DA PESCA"), (182, "MINIERA"), (183, "SALINA"), (184, "STAGNO DA PESCA"),
    (185, "TONNARA"), (186, "TORBIERA"), (187, "VALLE DA PESCA"), (188, "ACQUE PRIVATE"), (203, "AREA DEMANIALE"), (204, "BANCHINA"),
    (205, "CIMITERO"), (206, "FERROVIA"), (207, "FORTIFICAZIONE"), (208, "GIARDINO PUBBLICO"), (209, "GIARDINO DEMANIALE"),
    (210, "GIARDINO COMUNALE"), (211, "GIARDINO PROVINCIALE"), (212, "MOLO"), (213, "PARCO PUBBLICO"), (214, "PARCO DEMANIALE"),
    (215, "PARCO COMUNALE"), (216, "PARCO PROVINCIALE"), (218, "PIAZZA D'ARMI"), (219, "PORTO"), (222, "TRANVIA"),
    (250, "CANALE DI BONIFICA"), (251, "CANALE IRRIGUO"), (252, "GORA"), (271, "AREA DI FABBRICATO DEMOLITO"), (272, "AREA PROMISCUA"),
    (273, "AREA RURALE"), (274, "AREA URBANA"), (275, "CORTE URBANA"), (276, "COSTRUZIONE NON ABITABILE"),
    (277, "FABBRICATO DIVISO IN SUBALTERNI"), (278, "FABBRICATO PROMISCUO"), (279, "FABBRICATO RURALE"), (280, "FABBRICATO DIRUTO"),
    (281, "FABBRICATO RURALE DIVISO IN SUBALTERNI"), (282, "ENTE URBANO"), (283, "FABBRICATO URBANO DA ACCERTARE"),
    (284, "PORZIONE DA ACCERTARE DI FABBRICATO RURALE"), (285, "PORZIONE DA ACCERTARE DI FABBRICATO URBANO"),
    (286, "PORZIONE DI FABBRICATO"), (287, "PORZIONE DI FABBRICATO RURALE"), (288, "PORZIONE RURALE DI FABBRICATO PROMISCUO"),
    (290, "PORZIONE DI FABBRICATO URBANO"), (300, "ACQUE ESENTI DA ESTIMO"), (301, "PIAZZA PUBBLICA"), (302, "STRADE PUBBLICHE"),
    (350, "ACCESSO"), (351, "ACCESSORIO"), (352, "AIA"), (353, "ANDITO"), (354, "ANDRONE"), (355, "AREA"), (357, "AUTORIMESSA"),
    (363, "CANTINA"), (364, "CAPANNA"), (365, "CAPPELLA"), (373, "CORTE"), (374, "FONTANA"), (376, "FORNO"), (377, "FRANTOIO"),
    (378, "GARAGE"), (380, "GROTTA"), (383, "LAVANDERIA"), (384, "LAVATOIO"), (385, "LEGNAIA"), (391, "MURO"), (395, "PASSAGGIO"),
    (396, "PASSO"), (397, "PIAZZA"), (398, "PIAZZALE"), (402, "PORTICO"), (405, "POZZO"), (408, "RIMESSA"), (409, "RIPOSTIGLIO"),
    (413, "SEDIME"), (419, "STALLA"), (420, "STRADA PRIVATA"), (422, "TETTOIA"), (425, "VASCA"), (450, "RELITTO DI ENTE URBANO"),
    (453, "RELITTO DI ACQUE ESENTI DA ESTIMO"), (454, "RELITTO STRADALE"), (500, "CASA E CORTE"), (501, "FABBRICATO E CORTE"),
    (504, "INCOLTO"), (505, "IMPRODUTTIVO"), (506, "SENTIERO"), (507, "PONTE"), (508, "CAVALCAVIA"), (510, "CHIESA"), (512, "CORTILE"),
    (513, "MAGAZZINO"), (514, "FOSSO"), (515, "CASA"), (516, "EDIFICIO"), (517, "FABBRICATO"), (998, "SOPPRESSO"),
];

/// Kinds of streets (toponimo), by code. Not all codes are known.
#[rustfmt::skip]
const STREETS: &[(i32, &str)] = &[
    (2, "ANDRONA"), (4, "ARCHIVOLTO"), (6, "ARCO"), (12, "BACINO"), (14, "BAGLIO"), (16, "BANCHINA"), (18, "BASTIONI"), (20, "BORGATA"),
    (22, "BORGHETTO"), (24, "BORGO"), (26, "CALATA"), (28, "CALLE"), (36, "CAMPIELLO"), (38, "CAMPO"), (40, "CASALE"), (42, "CASE"),
    (46, "CAVALCAVIA"), (50, "CIRCONVALLAZIONE"), (52, "CLIVIO"), (54, "CONTRADA"), (58, "CORSO"), (60, "CORTE"), (64, "CORTILE"),
    (66, "CUPA"), (70, "DISCESA"), (72, "FONDACO"), (74, "FONDAMENTA"), (76, "FONDO"), (77, "FRAZIONE"), (78, "GALLERIA"),
    (80, "GIARDINO"), (82, "GRADINI"), (84, "GRADONI"), (86, "LARGO"), (90, "LOCALITA'"), (94, "LUNGADIGE"), (96, "LUNGARGINE"),
    (98, "LUNGARNO"), (100, "LUNGODORA"), (102, "LUNGOMARE"), (106, "LUNGOPO"), (110, "LUNGOTEVERE"), (112, "MASSERIA"), (114, "MERCATO"),
    (116, "MOLO"), (118, "MULATTIERA"), (120, "MURA"), (122, "PARCO"), (124, "PASSAGGIO"), (126, "PASSEGGIATA"), (130, "PIAZZA"),
    (132, "PIAZZALE"), (134, "PIAZZETTA"), (138, "PONTE"), (142, "PORTA"), (144, "PORTICO"), (146, "PORTO"), (148, "PROLUNGAMENTO"),
    (150, "QUARTIERE"), (154, "RAMO"), (156, "RAMPA"), (162, "RIONE"), (164, "RIVA"), (166, "RIVIERA"), (168, "ROTONDA"), (172, "SALITA"),
    (178, "SCALA"), (182, "SCALEA"), (184, "SCALETTA"), (190, "SCALINATA"), (196, "SENTIERO"), (204, "SOTTOPORTICO"), (208, "SPIANATA"),
    (210, "STRADA"), (212, "STRADALE"), (214, "STRADELLA"), (216, "STRADONE"), (218, "SUPPORTICO"), (220, "SVINCOLO"), (224, "TRAVERSA"),
    (226, "TRAVERSA VIA"), (230, "TRONCO"), (232, "VALLONE"), (234, "VARCO"), (236, "VIA"), (238, "VIADOTTO"), (240, "VIALE"),
    (242, "VIALETTO"), (244, "VICO"), (246, "VICOLETTO"), (248, "VICOLO"), (250, "VILLAGGIO"), (252, "VIOTTOLO"), (254, "VIUZZO"),
    (258, "VOLTA"), (260, "PASSO"), (262, "FORO"), (264, "RIPA"), (266, "RACCORDO"), (268, "ALZAIA"), (312, "ARGINE"),
    (316, "AUTOSTRADA"), (327, "CALA"), (344, "CAPO"), (346, "CASCINA"), (347, "CASE SPARSE"), (368, "COSTA"), (372, "DARSENA"),
    (387, "GRADINATA"), (398, "LIDO"), (423, "LUNGOLAGO"), (444, "LUNGOTORRENTE"), (463, "PIANO"), (477, "PRATO"), (481, "PROVINCIALE"),
    (523, "SCALO"), (533, "SPIAGGIA"), (535, "STATALE"), (546, "STRADA COMUNALE"), (547, "STRADA CONSORZIALE"),
    (556, "STRADA INTERPODERALE"), (562, "STRADA PANORAMICA"), (565, "STRADA PRIVATA"), (566, "STRADA PROVINCIALE"),
    (571, "STRADA STATALE"), (578, "STRADA VECCHIA"), (579, "STRADA VICINALE"), (588, "SUPERSTRADA"), (589, "TANGENZIALE"),
    (597, "TRATTURO"), (598, "TRAVERSA CORSO"), (602, "TRAVERSA DI VIA"), (603, "TRAVERSA PRIVATA"), (610, "VIA ANTICA"),
    (619, "VIA COMUNALE"), (633, "VIA LUNGOMARE"), (635, "VIA NUOVA"), (636, "VIA PANORAMICA"), (639, "VIA PRIVATA"),
    (640, "VIA PROVINCIALE"), (652, "VIA VECCHIA"), (653, "VIA VICINALE"), (704, "COLLE"), (705, "ZONA"), (706, "REGIONE"),
    (707, "PODERE"), (718, "VIALE PRIVATO"),
];

/// Rights (codice diritto), by code, in both languages. Old codes of livelli and colonie are not among them: offices use some twice.
#[rustfmt::skip]
const RIGHTS: &[(&str, &str, &str)] = &[
    ("10", "Proprietà", "Property"), ("1S", "Proprietà superficiaria", "Property of what is built"), ("1T", "Proprietà per l'area", "Property of the ground"),
    ("20", "Nuda proprietà", "Bare property"), ("2S", "Nuda proprietà superficiaria", "Bare property of what is built"),
    ("30", "Abitazione", "Right to dwell"), ("3S", "Abitazione su proprietà superficiaria", "Right to dwell in what is built"),
    ("40", "Diritto del concedente", "Right of the grantor"), ("50", "Enfiteusi", "Emphyteusis"), ("60", "Superficie", "Right to build"),
    ("70", "Uso", "Use"), ("7S", "Uso di proprietà superficiaria", "Use of what is built"), ("80", "Usufrutto", "Usufruct"),
    ("8A", "Usufrutto con diritto di accrescimento", "Usufruct that grows"), ("8E", "Usufrutto su enfiteusi", "Usufruct of an emphyteusis"),
    ("8S", "Usufrutto su proprietà superficiaria", "Usufruct of what is built"), ("90", "Servitù", "Servitude"), ("100", "Oneri", "Burdens"),
    ("990", "Titolo non codificato", "Title without a code"),
];

/// A right in words, if it is known.
pub(crate) fn known_right(code: &str) -> Option<Text> {
    RIGHTS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code.trim())).map(|(_, it, en)| Text::new(*it, *en))
}

/// A right in words; its code where it has none.
pub(crate) fn right(code: &str) -> Text {
    known_right(code).unwrap_or_else(|| Text::same(code))
}

/// The word of a kind of land.
pub(crate) fn quality_word(code: i32) -> Option<&'static str> {
    QUALITIES.binary_search_by_key(&code, |(code, _)| *code).ok().map(|at| QUALITIES[at].1)
}

/// All known kinds of land, codes and words.
pub(crate) fn qualities() -> (Vec<i32>, Vec<String>) {
    QUALITIES.iter().map(|(code, word)| (*code, (*word).to_owned())).unzip()
}

/// The code of a word of [`qualities`].
pub(crate) fn quality(word: &str) -> Option<i32> {
    QUALITIES.iter().find(|(_, known)| *known == word).map(|(code, _)| *code)
}

/// The note of an act: `nota V 45227.1/2020`; nothing for one without a number. Of its fields only
/// digits are taken: no words come in by this way.
pub(crate) fn act(note: &Note) -> String {
    let clean = |text: &str| text.trim_start_matches('0').chars().filter(char::is_ascii_digit).take(10).collect::<String>();
    let (number, part, year) = (clean(&note.number), clean(&note.part), clean(&note.year));
    if number.is_empty() {
        return String::new();
    }
    let mut text = String::from("nota ");
    if let Some(kind) = note.kind.filter(char::is_ascii_alphabetic) {
        text.push(kind);
        text.push(' ');
    }
    text.push_str(&number);
    for (sign, more) in [('.', part), ('/', year)] {
        if !more.is_empty() {
            text.push(sign);
            text.push_str(&more);
        }
    }
    text
}

/// `VIA DEI MILLE 73`; the kind of street by its code where that is not known. Nothing for none.
pub(crate) fn address(address: &Address) -> String {
    let code = address.street_kind.trim_start_matches('0');
    let kind =
        code.parse().ok().and_then(|code| STREETS.binary_search_by_key(&code, |(code, _)| *code).ok()).map_or(code, |at| STREETS[at].1);
    let numbers: Vec<&str> = address.house_numbers.iter().map(String::as_str).filter(|number| !number.is_empty()).collect();
    if address.street.is_empty() && numbers.is_empty() {
        return String::new();
    }
    let numbers = numbers.join("-");
    [kind, &address.street, &numbers].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use kernel::Language;

    use super::{QUALITIES, STREETS, act, address, known_right, quality};
    use crate::census::{Address, Note};

    #[test]
    fn codes_are_in_order() {
        for table in [QUALITIES, STREETS] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
        assert_eq!((quality("ULIVETO"), quality("LUNA")), (Some(36), None));
        let right = |code| known_right(code).map(|words| words.get(Language::It).to_owned());
        assert_eq!(
            (right("1s").as_deref(), right("10 ").as_deref(), right("77")),
            (Some("Proprietà superficiaria"), Some("Proprietà"), None)
        );
    }

    #[test]
    fn an_act_is_its_note_and_nothing_else() {
        let note =
            |kind, number: &str, part: &str, year: &str| act(&Note { kind, number: number.into(), part: part.into(), year: year.into() });
        assert_eq!(note(Some('V'), "045227", "001", "2020"), "nota V 45227.1/2020");
        assert_eq!(note(None, "12", "", "1987"), "nota 12/1987");
        assert_eq!(note(Some('V'), "000000", "", "0000"), "");
        assert_eq!(note(Some('|'), "1 | di ROSSI MARIO ANTONIO", "", ""), "nota 1");
    }

    #[test]
    fn an_address_is_read_out() {
        let of = |kind: &str, street: &str, numbers: [&str; 3]| {
            let house_numbers = numbers.map(str::to_owned);
            address(&Address { street_kind: kind.into(), street: street.into(), house_numbers, street_code: "603".into() })
        };
        assert_eq!(of("236", "DEI MILLE", ["73", "", ""]), "VIA DEI MILLE 73");
        assert_eq!(of("058", "ITALIA", ["2", "4", ""]), "CORSO ITALIA 2-4");
        assert_eq!(of("9999", "ROMA", ["", "", ""]), "9999 ROMA");
        assert_eq!(of("236", "", ["", "", ""]), "");
    }
}
