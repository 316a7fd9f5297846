//! Odonyms: what streets are called, in the Italian way.

use crate::layout::Layout;
use crate::odonyms::{COUNTRY, NOBLE, OLD, PLAIN};
use crate::plane::M;
use crate::ring::Edge;
use crate::rng::Rng;
use crate::roads::Class;
use crate::skeleton::Ground;

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
    for (i, place) in places.into_iter().enumerate() {
        let road = &ground.roads.0[i];
        let pool = &mut pools[road.comune];
        let fixed = fixed(road.class, road.comune, ground.layout);
        let name = fixed.or_else(|| match road.class {
            Class::Track => Some(format!("Strada vicinale {}", locality(place))),
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
                "Via Lido",
                "Via Madonna della Porta",
                "Via Cardinale",
                "Via XXIV Maggio",
                "Viale Amendola",
                "Via San Francesco da Paola",
                "Via del Torrione",
                "Via Aschenez",
                "Viale Zerbi",
                "Via Pio XI",
                "Via Cimino",
                "Viale Messina",
                "Via De Nava",
                "Via Argine Nuovo",
                "Via Vecchia Provinciale",
                "Viale Calabria",
                "Via Loreto",
                "Viale Europa",
                "Via Ravagnese",
                "Via Santa Caterina d'Alessandria",
            ],
            i,
        ),
        Class::Climb(i) => {
            format!(
                "Via {}",
                of(&["Serro", "Carrera", "delle Colline", "Croce Valanidi", "Terrazze", "Calvario", "dei Monti", "Spirito Santo"], i)
            ) + if usize::from(i) >= 8 { " Nuova" } else { "" }
        }
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
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
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
