//! Which comune a cell means: by its ISTAT code, its cadastral code or its name.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::plain;
use crate::IngestError;

/// The installation's comuni, by all that they are called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comuni {
    by_name: HashMap<String, String>,
    /// The comune of rows that say none.
    otherwise: Option<String>,
}

impl Comuni {
    /// Reads them. `otherwise` is the comune of rows that say none; without one it is the only comune that there is.
    pub(super) async fn load(database: &mut PgConnection, otherwise: Option<&str>) -> Result<Self, IngestError> {
        let known: Vec<(String, Option<String>, String)> =
            sqlx::query_as("select istat, catasto, name from territory.v_comuni order by istat")
                .fetch_all(database)
                .await
                .map_err(IngestError::database("did not give the comuni"))?;
        Ok(Self::of(&known, otherwise))
    }

    fn of(known: &[(String, Option<String>, String)], otherwise: Option<&str>) -> Self {
        let mut by_name = HashMap::new();
        for (istat, catasto, name) in known {
            let names = [Some(name.as_str()), catasto.as_deref(), Some(istat), Some(istat.trim_start_matches('0'))];
            by_name.extend(names.into_iter().flatten().map(|name| (plain(name), istat.clone())));
        }
        let only = if let [(istat, ..)] = known { Some(istat.clone()) } else { None };
        Self { by_name, otherwise: otherwise.map(str::to_owned).or(only) }
    }

    /// The ISTAT code of what a cell says; `None` inside if it says nothing and there are several. An error if it says another comune.
    pub(super) fn find(&self, cell: Option<&str>) -> Result<Option<String>, ()> {
        let Some(cell) = cell.map(str::trim).filter(|cell| !cell.is_empty()) else { return Ok(self.otherwise.clone()) };
        // `Castelmarina (RC)`
        let name = plain(cell.split('(').next().unwrap_or(cell));
        if let Some(istat) = self.by_name.get(&name) {
            return Ok(Some(istat.clone()));
        }
        // an installation without a boundary knows no names
        let code = self.by_name.is_empty() && name.len() == 6 && name.bytes().all(|b| b.is_ascii_digit());
        if code { Ok(Some(name)) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Comuni;

    #[test]
    fn a_comune_is_known_by_codes_and_by_its_name() {
        let known = [
            ("080063".to_owned(), Some("H224".to_owned()), "Reggio di Calabria".to_owned()),
            ("080902".to_owned(), None, "Rocca Sant'Elia".to_owned()),
        ];
        let comuni = Comuni::of(&known, None);
        for text in ["080063", "80063", "h224", "REGGIO DI CALABRIA", "Reggio di Calabria (RC)"] {
            assert_eq!(comuni.find(Some(text)), Ok(Some("080063".to_owned())), "{text}");
        }
        assert_eq!(comuni.find(Some("ROCCA SANT’ELIA")), Ok(Some("080902".to_owned())));
        assert_eq!((comuni.find(Some("Roma")), comuni.find(None)), (Err(()), Ok(None)));
        assert_eq!(Comuni::of(&known[..1], None).find(Some(" ")), Ok(Some("080063".to_owned())));
        assert_eq!(Comuni::of(&known, Some("080902")).find(None), Ok(Some("080902".to_owned())));
    }
}
