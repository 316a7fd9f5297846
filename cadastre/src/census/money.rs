use std::fmt;

/// A decimal number of the census (euro, rooms, square or cubic metres), exactly, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    pub(super) fn of_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// In thousandths.
    pub fn thousandths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let decimals = format!("{:03}", size % 1000);
        write!(f, "{sign}{}.{}", size / 1000, decimals.strip_suffix('0').unwrap_or(&decimals))
    }
}

/// An amount of old lire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lire(pub i64);

impl Lire {
    /// In euro, to the cent: 1936.27 lire are one (Council regulation (EC) 2866/98), and half a cent is rounded up.
    pub fn to_euro(self) -> Amount {
        let cents = (i128::from(self.0.abs()) * 20_000 + 193_627) / (2 * 193_627);
        Amount(i64::try_from(cents).unwrap_or(i64::MAX / 10).saturating_mul(10 * self.0.signum()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Lire};

    #[test]
    fn amounts_have_two_decimals_unless_there_are_three() {
        for (thousandths, text) in
            [(1_057_450, "1057.45"), (6_500, "6.50"), (51_640, "51.64"), (5, "0.005"), (-1_001, "-1.001"), (0, "0.00")]
        {
            assert_eq!(Amount::of_thousandths(thousandths).to_string(), text);
        }
    }

    /// By hand: 1,825,000 / 1936.27 = 942.534…; 1,000,000 / 1936.27 = 516.456…; 1936.27 × 0.005 = 9.68: ten lire are a cent.
    #[test]
    fn lire_become_euro_to_the_cent() {
        for (lire, euro) in
            [(1_825_000, "942.53"), (1_000_000, "516.46"), (0, "0.00"), (9, "0.00"), (10, "0.01"), (-1_000_000, "-516.46"), (1936, "1.00")]
        {
            assert_eq!(Lire(lire).to_euro().to_string(), euro, "{lire}");
        }
    }
}
