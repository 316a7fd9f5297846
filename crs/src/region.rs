/// Which of EPSG's three Helmert parameter sets from Monte Mario holds.
///
/// It follows from the region that the installation's comuni belong to. Their bounding boxes overlap: Reggio Calabria
/// lies in the box of Sicily's set, which would put it 4.4 m away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Region {
    /// The mainland with San Marino and Vatican City (EPSG:1659).
    #[default]
    Mainland,
    /// Sicily (EPSG:1663).
    Sicily,
    /// Sardinia (EPSG:1661).
    Sardinia,
}

impl Region {
    /// From ISTAT's region code: 19 is Sicily, 20 Sardinia, 1 to 18 the mainland. `None`: no region has it.
    pub fn of_region(code: u8) -> Option<Self> {
        match code {
            1..=18 => Some(Self::Mainland),
            19 => Some(Self::Sicily),
            20 => Some(Self::Sardinia),
            _ => None,
        }
    }

    /// From a comune's ISTAT code, `080063`, whose first three digits are the province's. `None`: it is no such code.
    ///
    /// Sicily has 081 to 089. Sardinia has had 090 to 092, 095 and 104 to 107 (until 2016), 111 (Sud Sardegna, 2017 to
    /// 2025) and, since its provinces were made anew, 112 Sassari, 113 Gallura Nord-Est Sardegna, 114 Nuoro, 115
    /// Oristano, 116 Ogliastra, 117 Medio Campidano, 118 Cagliari, 119 Sulcis Iglesiente. Files with the older codes are
    /// about for long. The mainland's last is 110, Barletta-Andria-Trani.
    ///
    /// ISTAT, "Codici delle unità amministrative" (istat.it/it/archivio/6789, notice of 17 July 2025: the new codes hold
    /// for statistics from 1 January 2026; numbers as in its SITUAS report 61, COD_PROV_STORICO).
    pub fn of_comune(istat: &str) -> Option<Self> {
        if istat.len() != 6 || !istat.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        match istat.get(..3)?.parse::<u16>().ok()? {
            0 | 120.. => None,
            81..=89 => Some(Self::Sicily),
            90..=92 | 95 | 104..=107 | 111..=119 => Some(Self::Sardinia),
            _ => Some(Self::Mainland),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn the_strait_divides_two_parameter_sets() {
        assert_eq!(Region::of_comune("080063"), Some(Region::Mainland)); // Reggio Calabria
        assert_eq!(Region::of_comune("083048"), Some(Region::Sicily)); // Messina
        assert_eq!(Region::of_comune("092009"), Some(Region::Sardinia)); // Cagliari, until 2025
        for province in 111..=119 {
            assert_eq!(Region::of_comune(&format!("{province}001")), Some(Region::Sardinia), "{province}");
        }
        assert_eq!(Region::of_comune("110001"), Some(Region::Mainland)); // Andria
        assert_eq!(Region::of_comune("006003"), Some(Region::Mainland)); // Alessandria
        for bad in ["", "80063", "08006x", "000001", "999999"] {
            assert_eq!(Region::of_comune(bad), None, "{bad}");
        }
        assert_eq!([18, 19, 20, 21].map(Region::of_region), [Some(Region::Mainland), Some(Region::Sicily), Some(Region::Sardinia), None]);
    }
}
