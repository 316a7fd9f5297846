//! Codes of the census as people read them. The terms are those of the law: Italian in both languages.

/// A category as it is written in acts, `A/2`, and what it is (D.P.R. 1142/1949 and the general table of categories).
pub(super) fn category(code: &str) -> (String, Option<&'static str>) {
    let (group, number) = code.split_at_checked(1).unwrap_or((code, ""));
    let number = number.trim_start_matches(['/', '0']);
    let written = if number.is_empty() { code.to_owned() } else { format!("{group}/{number}") };
    let known = CATEGORIES.iter().find(|(name, _)| *name == written).map(|(_, words)| *words);
    (written, known)
}

/// What grows on land, or what it is.
pub(super) fn quality(code: i32) -> Option<&'static str> {
    QUALITIES.iter().find(|(number, _)| *number == code).map(|(_, words)| *words)
}

/// A right.
pub(super) fn right(code: &str) -> Option<&'static str> {
    let code = code.trim();
    RIGHTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(code)).map(|(_, words)| *words)
}

/// The regime between spouses.
pub(super) fn regime(code: &str) -> Option<&'static str> {
    match code.trim() {
        "C" => Some("comunione dei beni"),
        "P" => Some("bene personale"),
        "S" => Some("separazione dei beni"),
        "D" => Some("comunione de residuo"),
        _ => None,
    }
}

const CATEGORIES: [(&str, &str); 52] = [
    ("A/1", "abitazione signorile"),
    ("A/2", "abitazione civile"),
    ("A/3", "abitazione economica"),
    ("A/4", "abitazione popolare"),
    ("A/5", "abitazione ultrapopolare"),
    ("A/6", "abitazione rurale"),
    ("A/7", "villino"),
    ("A/8", "villa"),
    ("A/9", "castello o palazzo di pregio"),
    ("A/10", "ufficio o studio privato"),
    ("A/11", "abitazione tipica dei luoghi"),
    ("B/1", "collegio, convitto, caserma"),
    ("B/2", "casa di cura o ospedale senza lucro"),
    ("B/3", "prigione"),
    ("B/4", "ufficio pubblico"),
    ("B/5", "scuola, laboratorio scientifico"),
    ("B/6", "biblioteca, museo, circolo senza lucro"),
    ("B/7", "cappella non aperta al culto pubblico"),
    ("B/8", "magazzino sotterraneo di derrate"),
    ("C/1", "negozio o bottega"),
    ("C/2", "magazzino, deposito"),
    ("C/3", "laboratorio per arti e mestieri"),
    ("C/4", "locale per lo sport senza lucro"),
    ("C/5", "stabilimento balneare senza lucro"),
    ("C/6", "autorimessa, stalla"),
    ("C/7", "tettoia"),
    ("D/1", "opificio"),
    ("D/2", "albergo o pensione"),
    ("D/3", "teatro, cinema, sala di spettacolo"),
    ("D/4", "casa di cura o ospedale con lucro"),
    ("D/5", "istituto di credito o assicurazione"),
    ("D/6", "locale per lo sport con lucro"),
    ("D/7", "fabbricato industriale"),
    ("D/8", "fabbricato commerciale"),
    ("D/9", "edificio galleggiante, ponte a pedaggio"),
    ("D/10", "fabbricato per attività agricole"),
    ("E/1", "stazione di trasporto"),
    ("E/2", "ponte comunale o provinciale a pedaggio"),
    ("E/3", "fabbricato per esigenze pubbliche"),
    ("E/4", "recinto per esigenze pubbliche"),
    ("E/5", "fortificazione"),
    ("E/6", "faro, semaforo, torre dell'orologio"),
    ("E/7", "fabbricato per il culto pubblico"),
    ("E/8", "fabbricato di cimitero"),
    ("E/9", "edificio a destinazione particolare"),
    ("F/1", "area urbana"),
    ("F/2", "unità collabente"),
    ("F/3", "unità in costruzione"),
    ("F/4", "unità in definizione"),
    ("F/5", "lastrico solare"),
    ("F/6", "in attesa di dichiarazione"),
    ("F/7", "infrastruttura di rete"),
];

const QUALITIES: [(i32, &str); 66] = [
    (1, "seminativo"),
    (2, "seminativo irriguo"),
    (3, "seminativo arborato"),
    (4, "seminativo arborato irriguo"),
    (5, "seminativo irriguo arborato"),
    (8, "prato"),
    (9, "prato irriguo"),
    (10, "prato arborato"),
    (11, "prato irriguo arborato"),
    (14, "marcita"),
    (15, "risaia"),
    (16, "risaia stabile"),
    (17, "orto"),
    (18, "orto irriguo"),
    (19, "orto arborato"),
    (26, "vivaio"),
    (28, "giardini"),
    (29, "vigneto"),
    (30, "vigneto arborato"),
    (31, "vigneto irriguo"),
    (34, "vigneto uliveto"),
    (36, "uliveto"),
    (37, "uliveto agrumeto"),
    (41, "uliveto frutteto"),
    (43, "uliveto vigneto"),
    (45, "uliveto mandorleto"),
    (47, "frutteto"),
    (48, "frutteto irriguo"),
    (49, "agrumeto"),
    (50, "agrumeto aranceto"),
    (51, "agrumeto irriguo"),
    (52, "agrumeto uliveto"),
    (53, "alpe"),
    (54, "aranceto"),
    (55, "canneto"),
    (58, "castagneto"),
    (59, "castagneto da frutto"),
    (63, "ficheto"),
    (64, "fico d'India"),
    (68, "limoneto"),
    (69, "mandorleto"),
    (73, "noceto"),
    (74, "noccioleto"),
    (77, "pescheto"),
    (79, "pistacchieto"),
    (81, "querceto"),
    (90, "sughereto"),
    (91, "pascolo"),
    (92, "pascolo arborato"),
    (93, "pascolo cespugliato"),
    (97, "bosco ceduo"),
    (98, "bosco misto"),
    (99, "bosco d'alto fusto"),
    (101, "incolto produttivo"),
    (126, "serra"),
    (150, "incolto sterile"),
    (205, "cimitero"),
    (273, "area rurale"),
    (274, "area urbana"),
    (278, "fabbricato promiscuo"),
    (279, "fabbricato rurale"),
    (280, "fabbricato diruto"),
    (282, "ente urbano"),
    (283, "fabbricato urbano da accertare"),
    (300, "acque esenti da estimo"),
    (302, "strade pubbliche"),
];

/// The codes in use; older ones, which a few titles still have, are shown as they are.
const RIGHTS: [(&str, &str); 19] = [
    ("10", "proprietà"),
    ("1s", "proprietà superficiaria"),
    ("1t", "proprietà per l'area"),
    ("20", "nuda proprietà"),
    ("2s", "nuda proprietà superficiaria"),
    ("30", "abitazione"),
    ("3s", "abitazione su proprietà superficiaria"),
    ("40", "diritto del concedente"),
    ("50", "enfiteusi"),
    ("60", "superficie"),
    ("70", "uso"),
    ("7s", "uso di proprietà superficiaria"),
    ("80", "usufrutto"),
    ("8a", "usufrutto con diritto di accrescimento"),
    ("8e", "usufrutto su enfiteusi"),
    ("8s", "usufrutto su proprietà superficiaria"),
    ("90", "servitù"),
    ("100", "oneri"),
    ("990", "titolo non codificato"),
];

#[cfg(test)]
mod tests {
    use super::{category, quality, regime, right};

    #[test]
    fn codes_are_read_as_the_files_and_as_people_write_them() {
        assert_eq!(category("A02"), ("A/2".to_owned(), Some("abitazione civile")));
        assert_eq!(category("D10"), ("D/10".to_owned(), Some("fabbricato per attività agricole")));
        assert_eq!(category("C/6"), ("C/6".to_owned(), Some("autorimessa, stalla")));
        assert_eq!(category("Z99"), ("Z/99".to_owned(), None));
        assert_eq!((category(""), category("è")), ((String::new(), None), ("è".to_owned(), None)));
        assert_eq!((quality(36), quality(-1)), (Some("uliveto"), None));
        assert_eq!((right("1S"), right("10 "), right("77")), (Some("proprietà superficiaria"), Some("proprietà"), None));
        assert_eq!((regime("C"), regime("Q")), (Some("comunione dei beni"), None));
    }
}
