//! The kinds of survey: each with the layer that holds what was found.

use kernel::{Language, Text};

/// What was surveyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Flood,
    Landslide,
    Noise,
    Burnt,
    Bathing,
    Waste,
    Alert,
}

impl Kind {
    /// In the order of pages.
    pub(crate) const ALL: [Self; 7] = [Self::Flood, Self::Landslide, Self::Noise, Self::Burnt, Self::Bathing, Self::Waste, Self::Alert];
    /// Their names in requests and in the database.
    pub(crate) const NAMES: [&str; 7] = ["flood", "landslide", "noise", "burnt", "bathing", "waste", "alert"];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::Landslide => "landslide",
            Self::Noise => "noise",
            Self::Burnt => "burnt",
            Self::Bathing => "bathing",
            Self::Waste => "waste",
            Self::Alert => "alert",
        }
    }

    /// The layer, and the table in schema `environment`.
    pub(crate) fn layer(self) -> &'static str {
        match self {
            Self::Flood => "flood_zones",
            Self::Landslide => "landslide_zones",
            Self::Noise => "noise_zones",
            Self::Burnt => "burnt_areas",
            Self::Bathing => "bathing_waters",
            Self::Waste => "waste_points",
            Self::Alert => "alert_zones",
        }
    }

    /// Its name for people.
    pub(crate) fn title(self, language: Language) -> &'static str {
        let (it, en) = match self {
            Self::Flood => ("Alluvioni (PGRA)", "Floods (PGRA)"),
            Self::Landslide => ("Frane (PAI)", "Landslides (PAI)"),
            Self::Noise => ("Classificazione acustica", "Noise classes"),
            Self::Burnt => ("Aree percorse dal fuoco", "Burnt areas"),
            Self::Bathing => ("Acque di balneazione", "Bathing waters"),
            Self::Waste => ("Raccolta dei rifiuti", "Waste collection"),
            Self::Alert => ("Allerta di protezione civile", "Civil protection alerts"),
        };
        operations::say(language, it, en)
    }

    /// The columns that a feature's properties fill, with their types in the database.
    pub(crate) fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Flood => &[("class", "text"), ("return_period_years", "integer"), ("water", "text")],
            Self::Landslide => &[("class", "text"), ("phenomenon", "text")],
            Self::Noise => &[("class", "text")],
            Self::Burnt => &[("burnt_on", "date"), ("locality", "text")],
            Self::Bathing => {
                &[("name", "text"), ("quality", "text"), ("sampled", "date"), ("e_coli", "integer"), ("enterococci", "integer")]
            }
            Self::Waste => &[("fraction", "text"), ("street", "text")],
            Self::Alert => &[("zone", "text"), ("name", "text")],
        }
    }

    /// When a row ends by itself, if no later version ends it: a fire's last constraint (L. 353/2000, art. 10) after 15 years.
    pub(crate) fn own_end(self) -> &'static str {
        match self {
            Self::Burnt => "(use_until::timestamp at time zone 'Europe/Rome')",
            _ => "null::timestamptz",
        }
    }

    /// The values that tell what applies at a place, as JSON over a row.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Flood => "jsonb_build_object('class', class, 'return_period_years', return_period_years, 'water', water)",
            Self::Landslide => "jsonb_build_object('class', class, 'phenomenon', phenomenon)",
            Self::Noise => {
                "jsonb_build_object('class', class, 'emission_day', emission_day, 'emission_night', emission_night, \
                 'immission_day', immission_day, 'immission_night', immission_night)"
            }
            Self::Burnt => {
                "jsonb_build_object('burnt_on', burnt_on, 'locality', locality, 'reforestation_until', reforestation_until, \
                 'building_until', building_until, 'use_until', use_until)"
            }
            Self::Bathing => {
                "jsonb_build_object('name', name, 'quality', quality, 'sampled', sampled, 'e_coli', e_coli, 'enterococci', enterococci)"
            }
            Self::Waste => "jsonb_build_object('fraction', fraction, 'street', street)",
            Self::Alert => {
                "jsonb_build_object('zone', zone, 'name', name, 'worst', worst, 'hydraulic', hydraulic, \
                 'hydrogeological', hydrogeological, 'storms', storms, 'bulletin', bulletin)"
            }
        }
    }

    /// Where the kind's rules stand.
    pub(crate) fn law(self) -> Text {
        match self {
            Self::Flood => Text::same("D.Lgs. 49/2010"),
            Self::Landslide => Text::same("D.Lgs. 152/2006, art. 67"),
            Self::Noise => Text::same("L. 447/1995; DPCM 14/11/1997"),
            Self::Burnt => Text::same("L. 353/2000, art. 10"),
            Self::Bathing => Text::same("D.Lgs. 116/2008"),
            Self::Waste => Text::same("D.Lgs. 152/2006, art. 198"),
            Self::Alert => Text::same("D.Lgs. 1/2018"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn names_lead_back_to_their_kinds_and_to_declared_layers() {
        let layers = crate::layers::all().unwrap();
        for (kind, name) in Kind::ALL.into_iter().zip(Kind::NAMES) {
            assert_eq!((kind.name(), Kind::parse(name)), (name, Some(kind)));
            let layer = layers.iter().find(|layer| layer.id.as_str() == kind.layer()).unwrap();
            for (column, _) in kind.columns() {
                assert!(layer.field(column).is_some(), "{} has no {column}", layer.id);
            }
        }
        assert_eq!(Kind::parse("fire"), None);
    }
}
