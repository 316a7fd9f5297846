//! Odonyms: what streets are called, in the Italian way. Those who are named are long dead or never lived.

use crate::layout::Layout;
use crate::plane::M;
use crate::ring::Edge;
use crate::rng::Rng;
use crate::roads::Class;
use crate::skeleton::Ground;

const NOBLE: &[&str] = &[
    "Giuseppe Garibaldi", "Giuseppe Mazzini", "Camillo Benso di Cavour", "Dante Alighieri", "Roma", "Torino", "Umberto I", "XX Settembre",
    "XXV Aprile", "Giacomo Matteotti", "Marsala", "Calatafimi", "Solferino", "Tommaso Campanella", "Bernardino Telesio",
    "Gioacchino da Fiore", "Alessandro Manzoni", "Francesco Petrarca", "Ludovico Ariosto", "Torquato Tasso", "Giacomo Leopardi",
    "Ugo Foscolo", "Giosuè Carducci", "Giovanni Verga", "Luigi Pirandello", "Grazia Deledda", "Matilde Serao", "Vittorio Alfieri",
    "Giuseppe Verdi", "Vincenzo Bellini", "Gioachino Rossini", "Gaetano Donizetti", "Giacomo Puccini", "Pietro Mascagni",
    "Ruggero Leoncavallo", "Francesco Cilea", "Michelangelo Buonarroti", "Raffaello Sanzio", "Leonardo da Vinci", "Caravaggio",
    "Mattia Preti", "Antonello da Messina", "Galileo Galilei", "Alessandro Volta", "Guglielmo Marconi", "Evangelista Torricelli",
    "Antonio Meucci", "Enrico Fermi", "Cristoforo Colombo", "Amerigo Vespucci", "Marco Polo", "Giovanni da Verrazzano", "Flavio Gioia",
    "Ruggiero di Lauria", "Federico II", "Carlo Pisacane", "Goffredo Mameli", "Nino Bixio", "Santorre di Santarosa", "Silvio Pellico",
    "Cesare Battisti", "Nazario Sauro", "Enrico Toti", "Francesco Baracca", "Luigi Razza", "Benedetto Croce", "Giovanni Bovio",
    "Francesco De Sanctis", "Bruno Buozzi", "Fratelli Bandiera", "Fratelli Cervi", "Anita Garibaldi", "Eleonora d'Arborea",
    "Maria Montessori", "Gaspara Stampa", "Vittoria Colonna", "Archimede", "Pitagora", "Ibico", "Nosside", "Zeleuco", "Cassiodoro",
    "Ruggero II", "Roberto il Guiscardo", "San Francesco di Paola", "San Giorgio", "San Marco", "Sant'Anna", "Santa Caterina",
    "San Rocco", "San Nicola", "Santa Lucia", "San Giuseppe", "Santa Maria di Portosalvo", "Sant'Antonio", "San Domenico", "San Paolo",
    "San Pietro", "Santo Stefano da Nicea", "San Leo", "San Brancaleo", "Santa Venere", "San Cristoforo", "San Bruno",
];
const PLAIN: &[&str] = &[
    "dei Bergamotti", "delle Zagare", "degli Aranci", "dei Limoni", "dei Cedri", "degli Ulivi", "delle Palme", "dei Gelsomini", "delle Ginestre",
    "degli Oleandri", "dei Mandorli", "dei Fichi d'India", "delle Magnolie", "dei Gelsi", "dei Pini", "delle Tamerici", "dei Lentischi",
    "dei Corbezzoli", "delle Bouganville", "delle Mimose", "dei Tigli", "dei Platani", "degli Eucalipti", "dei Carrubi", "del Rosmarino",
    "della Salvia", "del Mirto", "dei Papaveri", "delle Ortensie", "dei Ciclamini", "dei Pescatori", "dei Naviganti", "dei Maestri d'Ascia", "dei Cordai",
    "delle Filande", "dei Ceramisti", "dei Fabbri", "dei Bottai", "delle Tessitrici", "dei Fornai", "degli Agricoltori", "dei Vivaisti",
    "dello Stretto", "della Fata Morgana", "di Scilla", "delle Sirene", "di Ulisse", "di Nausicaa", "dei Feaci", "di Eolo",
    "del Tirreno", "dello Ionio", "delle Eolie", "dell'Etna", "dell'Aspromonte", "del Pollino", "della Sila", "delle Serre", "di Stromboli",
    "di Vulcano", "di Lipari", "di Salina", "di Panarea", "di Filicudi", "di Alicudi", "delle Rondini", "dei Gabbiani", "degli Aironi",
    "dei Falchi", "delle Allodole", "dei Cardellini", "del Pesce Spada", "delle Spadare", "dei Delfini", "del Corallo", "delle Conchiglie", "delle Maree",
    "dello Scirocco", "del Maestrale", "del Libeccio", "del Grecale", "della Tramontana", "del Ponente", "del Levante", "della Rena", "delle Vele",
    "Firenze", "Venezia", "Genova", "Trieste", "Trento", "Bologna", "Perugia", "Ancona", "Bari", "Palermo", "Catania", "Siracusa", "Cagliari", "Aosta", "Milano",
    "Napoli", "Cosenza", "Crotone", "Catanzaro", "Vibo", "Matera", "Potenza", "Lecce", "Taranto", "Atene", "Corinto", "Malta", "Tunisi", "Barcellona",
    "Marsiglia", "Lisbona", "Isonzo", "Piave", "Tagliamento", "Monte Grappa", "Carso", "Tevere", "Arno", "Po", "Adige", "Crati", "Neto", "Europa Unita", "della Pace",
    "della Libertà", "della Costituzione", "della Repubblica", "del Lavoro", "dei Partigiani", "dell'Unità", "della Solidarietà", "del Progresso",
    "delle Industrie", "dell'Artigianato", "dei Mille", "del Risorgimento", "dei Normanni", "degli Svevi", "degli Angioini", "degli Aragonesi", "dei Bizantini",
    "dei Bruzi", "dei Greci", "della Magna Grecia", "dei Basiliani", "del Frantoio", "del Palmento", "del Vecchio Mulino", "della Fontana", "del Pozzo", "del Belvedere",
];
const OLD: &[&str] = &[
    "della Marina", "dei Pescivendoli", "del Forno", "della Torre", "delle Mura", "dell'Arco", "del Castello", "della Giudecca", "dei Cappuccini",
    "delle Monache", "del Duomo", "del Vescovado", "della Dogana", "del Sedile", "dei Saraceni", "della Porta Vecchia", "della Porta a Mare", "del Carmine",
    "del Rosario", "della Misericordia", "dell'Annunziata", "del Purgatorio", "dei Nobili", "dei Marinai", "della Cisterna", "del Pozzo Vecchio", "della Seta",
    "del Gelso", "del Fico", "della Vite", "del Melograno", "della Luna", "del Sole", "della Stella", "del Grifo", "del Leone", "della Sirena", "della Rocca",
    "Stretto", "Lungo", "Storto", "Cieco", "del Silenzio", "della Quercia", "dei Greci", "dei Catalani", "degli Amalfitani", "dei Genovesi", "dei Messinesi",
    "San Biagio", "Santa Barbara", "San Gaetano", "San Teodoro", "Santa Sofia", "San Demetrio", "Sant'Elia", "San Cono", "Santa Ciriaca",
];
const COUNTRY: &[&str] = &[
    "Acquaro", "Armo Piccolo", "Bagnara Vecchia", "Bosurgi", "Calanna Bassa", "Campo Calabro Basso", "Cannamasca", "Carrubara", "Cataforìo", "Cerasella", "Chiusa",
    "Cozzo d'Oro", "Crocevia", "Donna Vittoria", "Favarella", "Fego", "Ficarazza", "Filesi", "Fontanelle", "Gallicello", "Gelsarella", "Ginestrara", "Granatara",
    "Grotta Perciata", "Lazzarella", "Livari", "Lutri", "Magnisi", "Malavigna", "Mandorleto", "Margi", "Melìa", "Mirto", "Molinello", "Mulinazzo", "Nocille",
    "Olivarella", "Pantano", "Passo Malo", "Perara", "Petrulli", "Piano Grande", "Pietra Bianca", "Pirara", "Portella", "Pozzo Lungo", "Pùlera", "Rinaldo", "Romito",
    "Rosaniti", "Ruvettara", "Salìce", "San Filippo", "Sant'Aniceto Basso", "Santa Trada", "Saracinello", "Scaccioti", "Serra Alta", "Serro Lungo", "Sorgonà", "Spartà",
    "Spinella", "Straorini", "Timpa Rossa", "Trapezi", "Tre Fontane", "Trunca", "Vallone Nero", "Vignarella", "Vito Soprano", "Zagarella", "Zimbaro",
];

/// Country names, for localities.
pub(crate) fn country(i: usize) -> &'static str {
    COUNTRY[i % COUNTRY.len()]
}

/// Names every road. Side streets that are too many for names of their own are traverse of the street they start from.
pub(crate) fn christen(ground: &mut Ground) {
    let mut rng = Rng::new(ground.seed, 400);
    let mut pools: Vec<[Vec<String>; 3]> = (0..2).map(|_| pools(&mut rng)).collect();
    let mut branches: std::collections::BTreeMap<Edge, usize> = std::collections::BTreeMap::new();
    let places: Vec<M> = ground.roads.0.iter().map(|r| r.pieces.first().map_or([0.0, 0.0], |p| p[p.len() / 2].m())).collect();
    for i in 0..ground.roads.0.len() {
        let road = &ground.roads.0[i];
        let pool = &mut pools[road.comune];
        let fixed = fixed(road.class, road.comune, ground.layout);
        let name = fixed.or_else(|| match road.class {
            Class::Track => Some(format!("Strada vicinale {}", locality(places[i]))),
            Class::Alley => pool[2].pop(),
            Class::Secondary => pool[0].pop().map(|n| format!("Viale {n}")),
            Class::Grid => pool[0].pop().or_else(|| pool[1].pop()).map(|n| format!("Via {n}")),
            _ => pool[1].pop().or_else(|| pool[0].pop()).map(|n| format!("Via {n}")),
        });
        let name = name.unwrap_or_else(|| side_street(ground, i, &mut branches));
        ground.roads.0[i].name = name;
    }
}

/// The locality that a place in the country belongs to.
fn locality(p: M) -> &'static str {
    let cell = |x: f64| (x / 750.0).floor() as i64 as u64;
    country((crate::rng::mix(cell(p[0]) ^ crate::rng::mix(cell(p[1]))) % COUNTRY.len() as u64) as usize)
}

fn pools(rng: &mut Rng) -> [Vec<String>; 3] {
    let mut noble: Vec<String> = NOBLE.iter().map(|n| (*n).to_owned()).collect();
    let mut plain: Vec<String> = PLAIN.iter().map(|n| (*n).to_owned()).collect();
    let mut old: Vec<String> = Vec::new();
    for kind in ["Vico", "Via", "Salita", "Vicolo", "Gradoni"] {
        old.extend(OLD.iter().map(|n| format!("{kind} {n}")));
    }
    rng.shuffle(&mut noble);
    rng.shuffle(&mut plain);
    rng.shuffle(&mut old);
    [noble, plain, old]
}

fn fixed(class: Class, comune: usize, layout: &Layout) -> Option<String> {
    let of = |names: &[&str], i: u8| names[usize::from(i) % names.len()].to_owned();
    Some(match class {
        Class::Lungomare => "Lungomare Fata Morgana".to_owned(),
        Class::Promenade => "Passeggiata a Mare".to_owned(),
        Class::Corso => "Corso Vittorio Emanuele II".to_owned(),
        Class::Upper(i) => of(&["Viale Regina Elena", "Viale della Libertà", "Viale Magna Grecia"], i),
        Class::RingRoad => "Viale dei Colli".to_owned(),
        Class::Motorway => "Autostrada del Mediterraneo".to_owned(),
        Class::HillRoad(i) if comune == 0 => of(&["Via Panoramica dello Stretto", "Strada provinciale 7", "Strada provinciale 22"], i),
        Class::HillRoad(i) => of(&["Via Nazionale per Rocca", "Via Panoramica Sant'Elia", "Strada provinciale 22"], i),
        Class::Avenue(i) => of(
            &[
                "Via Lido", "Via Madonna della Porta", "Via Cardinale", "Via XXIV Maggio", "Viale Amendola", "Via San Francesco da Paola", "Via del Torrione",
                "Via Aschenez", "Viale Zerbi", "Via Pio XI", "Via Cimino", "Viale Messina", "Via De Nava", "Via Argine Nuovo", "Via Vecchia Provinciale",
                "Viale Calabria", "Via Loreto", "Viale Europa", "Via Ravagnese", "Via Santa Caterina d'Alessandria",
            ],
            i,
        ),
        Class::Climb(i) => format!("Via {}", of(&["Serro", "Carrera", "delle Colline", "Croce Valanidi", "Terrazze", "Calvario", "dei Monti", "Spirito Santo"], i)) + &format!(
            "{}",
            if usize::from(i) >= 8 { " Nuova" } else { "" }
        ),
        Class::Rail => "Ferrovia tirrenica".to_owned(),
        Class::Bank(i, right) => {
            let river = layout.rivers[usize::from(i) % layout.rivers.len()].name;
            format!("Argine {} {river}", if right { "sinistro" } else { "destro" })
        }
        Class::BeachLane => "Accesso al Mare".to_owned(),
        _ => return None,
    })
}

/// `Traversa III Via Roma`, for the third street off it without a name of its own.
fn side_street(ground: &Ground, i: usize, branches: &mut std::collections::BTreeMap<Edge, usize>) -> String {
    let mut root = ground.roads.0[i].parent.unwrap_or(0);
    while let Some(road) = ground.roads.get(root) {
        let deeper = road.name.starts_with("Traversa ") || road.name.is_empty();
        match road.parent {
            Some(parent) if deeper && parent != root && (parent as usize) < root as usize => root = parent,
            _ => break,
        }
    }
    let name = match ground.roads.get(root) {
        Some(road) if !road.name.is_empty() && !road.name.starts_with("Traversa ") && road.kind.is_some() => road.name.clone(),
        _ => "Viale dei Colli".to_owned(),
    };
    let count = branches.entry(root).or_default();
    *count += 1;
    format!("Traversa {} {name}", roman(*count))
}

/// Roman numerals, below 4000.
fn roman(mut number: usize) -> String {
    let mut out = String::new();
    let steps = [
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ];
    for (value, sign) in steps {
        while number >= value {
            out.push_str(sign);
            number -= value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn roman_numerals() {
        assert_eq!(super::roman(1994), "MCMXCIV");
        assert_eq!(super::roman(38), "XXXVIII");
    }
}
