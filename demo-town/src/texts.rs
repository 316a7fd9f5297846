//! What the guide says of each kind of place.

use crate::records::PoiKind;

/// A sentence in Italian and one in English.
pub(crate) fn describe(kind: PoiKind) -> (&'static str, &'static str) {
    match kind {
        PoiKind::Church => {
            ("Luogo di culto aperto ai visitatori fuori dalle funzioni.", "Place of worship, open to visitors outside services.")
        }
        PoiKind::TownHall => ("Sede del Comune e dello sportello al cittadino.", "Seat of the municipality and its citizens' desk."),
        PoiKind::Museum => {
            ("Collezioni di archeologia, pesca e navigazione nello Stretto.", "Archaeology, fishing and navigation in the Strait.")
        }
        PoiKind::Lido => (
            "Stabilimento balneare con docce, ombrelloni e accesso per tutti.",
            "Bathing establishment with showers, parasols and access for all.",
        ),
        PoiKind::Castle => {
            ("Fortificazione visitabile, con vista sulla costa.", "Fortification open to visitors, with a view of the coast.")
        }
        PoiKind::Station => {
            ("Fermata dei treni regionali; taxi e autobus sul piazzale.", "Regional trains; taxis and buses on the forecourt.")
        }
        PoiKind::School => ("Scuola pubblica.", "Public school."),
        PoiKind::Pharmacy => ("Farmacia con turni di notte e festivi.", "Pharmacy with night and holiday duty."),
        PoiKind::Viewpoint => ("Punto panoramico sullo Stretto, panchine all'ombra.", "View over the Strait, benches in the shade."),
        PoiKind::Hotel => ("Albergo aperto tutto l'anno.", "Hotel, open all year."),
        PoiKind::Restaurant => ("Cucina di mare e dell'Aspromonte.", "Seafood and dishes from the Aspromonte."),
        PoiKind::Park => ("Giardino pubblico con giochi per bambini e fontanella.", "Public garden with a playground and drinking water."),
        PoiKind::Harbour => ("Porto peschereccio e turistico, distributore al molo.", "Fishing and leisure harbour, fuel on the quay."),
        PoiKind::Library => {
            ("Biblioteca pubblica con sala di lettura e archivio locale.", "Public library with a reading room and local archive.")
        }
        PoiKind::Health => ("Ospedale con pronto soccorso.", "Hospital with emergency department."),
        PoiKind::Market => ("Mercato alimentare ogni mattina, esclusa la domenica.", "Food market every morning except Sunday."),
        PoiKind::Sport => ("Campo sportivo comunale con spogliatoi e tribuna.", "Municipal sports ground with changing rooms and a stand."),
        PoiKind::Cemetery => ("Cimitero comunale, aperto di giorno.", "Municipal cemetery, open by day."),
        PoiKind::Monument => ("Luogo storico della città.", "Historic place of the town."),
    }
}
