/// What a layer of a drawing has on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Level {
    /// The border of the sheet.
    Border,
    Building,
    Parcel,
    Street,
    Water,
    /// Lines of no area.
    Line,
    Symbol,
    Fiducial,
    Text,
}

use Level::{Border, Building, Fiducial, Line, Parcel, Street, Symbol, Text, Water};

/// What a layer's name has in it, in capitals; the first that it has counts. Read as PARTICELLE, FABBRICATI, STRADE or STRADA, ACQUE, CONFINE or
/// CONFINI, LINEEVARIE, SIMBOLI, FIDUCIALI, TESTI, DIRITTI_DI_SUPERFICIE by programs for these drawings and for the same sheets as GeoJSON.
const NAMES: [(&str, Level); 11] = [
    ("FABBRICAT", Building),
    ("PARTICELL", Parcel),
    ("STRAD", Street),
    ("ACQU", Water),
    ("CONFIN", Border),
    ("LINEE", Line),
    ("LINEA", Line),
    ("SIMBOL", Symbol),
    ("FIDUCIAL", Fiducial),
    ("TEST", Text),
    ("SUPERFICIE", Text),
];

impl Level {
    /// What a layer has on it, by its name.
    pub(super) fn of(layer: &str) -> Option<Self> {
        let name = layer.to_ascii_uppercase();
        NAMES.iter().find(|(part, _)| name.contains(part)).map(|(_, level)| *level)
    }

    /// Whether closed lines on it are areas.
    pub(super) fn is_area(self) -> bool {
        matches!(self, Border | Building) || self.is_ground()
    }

    /// Whether its areas tile the sheet.
    pub(super) fn is_ground(self) -> bool {
        matches!(self, Parcel | Street | Water)
    }
}

/// The code of the symbol that a block draws: the digits that its name ends with (`SIMBOLO_09`).
pub(super) fn code(block: &str) -> Option<i64> {
    let name = block.trim();
    let digits = name.len() - name.bytes().rev().take_while(u8::is_ascii_digit).count();
    name.get(digits..)?.parse().ok().filter(|code| *code < 1000)
}

/// The kind of line of the exchange format: 1 solid, 5 dashed, 6 dotted.
pub(super) fn style(line_type: &str) -> i64 {
    let name = line_type.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["DASH", "TRATT"]) {
        5
    } else if has(&["DOT", "PUNT"]) {
        6
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, code, style};

    #[test]
    fn a_layer_is_what_its_name_has_in_it() {
        for (layer, level) in [
            ("PARTICELLE", Some(Level::Parcel)),
            ("Fabbricati", Some(Level::Building)),
            ("STRADA", Some(Level::Street)),
            ("strade", Some(Level::Street)),
            ("ACQUE", Some(Level::Water)),
            ("CONFINE", Some(Level::Border)),
            ("H224_001200_CONFINI", Some(Level::Border)),
            ("LINEEVARIE", Some(Level::Line)),
            ("SIMBOLI", Some(Level::Symbol)),
            ("FIDUCIALI", Some(Level::Fiducial)),
            ("TESTI", Some(Level::Text)),
            ("DIRITTI_DI_SUPERFICIE", Some(Level::Text)),
            ("0", None),
            ("Defpoints", None),
        ] {
            assert_eq!(Level::of(layer), level, "{layer}");
        }
    }

    #[test]
    fn a_block_and_a_type_of_line_have_codes() {
        assert_eq!([code("SIMBOLO_09"), code("20"), code("*U1234"), code("GRAFFA"), code("")], [Some(9), Some(20), None, None, None]);
        assert_eq!(["CONTINUOUS", "", "DASHED", "TRATTEGGIATA", "DOT2", "PUNTINATA"].map(style), [1, 1, 5, 5, 6, 6]);
    }
}
