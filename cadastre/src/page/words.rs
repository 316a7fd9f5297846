//! Codes of the census as people read them. The terms are those of the law: Italian in both languages.

use crate::holdings::words;

/// A category as it is written in acts, `A/2`, and what it is (D.P.R. 1142/1949 and the general table of categories).
pub(crate) fn category(code: &str) -> (String, Option<&'static str>) {
    let (group, number) = code.split_at_checked(1).unwrap_or((code, ""));
    let number = number.trim_start_matches(['/', '0']);
    let written = if number.is_empty() { code.to_owned() } else { format!("{group}/{number}") };
    let known = CATEGORIES.iter().find(|(name, _)| *name == written).map(|(_, words)| *words);
    (written, known)
}

/// What grows on land, or what it is.
pub(super) fn quality(code: i32) -> Option<String> {
    words::quality_word(code).map(str::to_lowercase)
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

#[cfg(test)]
mod tests {
    use super::{category, quality, regime};

    #[test]
    fn codes_are_read_as_the_files_and_as_people_write_them() {
        assert_eq!(category("A02"), ("A/2".to_owned(), Some("abitazione civile")));
        assert_eq!(category("D10"), ("D/10".to_owned(), Some("fabbricato per attività agricole")));
        assert_eq!(category("C/6"), ("C/6".to_owned(), Some("autorimessa, stalla")));
        assert_eq!(category("Z99"), ("Z/99".to_owned(), None));
        assert_eq!((category(""), category("è")), ((String::new(), None), ("è".to_owned(), None)));
        assert_eq!((quality(36).as_deref(), quality(-1)), (Some("uliveto"), None));
        assert_eq!((regime("C"), regime("Q")), (Some("comunione dei beni"), None));
    }
}
