//! Words that names of streets and places are made of. Those who are named are long dead or never lived.

/// For main streets and the regular quarters.
#[rustfmt::skip]
pub(crate) const NOBLE: &[&str] = &[
    "Giuseppe Garibaldi", "Giuseppe Mazzini", "Camillo Benso di Cavour", "Dante Alighieri", "Roma", "Torino", "Umberto I",
    "XX Settembre", "XXV Aprile", "Giacomo Matteotti", "Marsala", "Calatafimi", "Solferino", "Tommaso Campanella", "Bernardino Telesio",
    "Gioacchino da Fiore", "Alessandro Manzoni", "Francesco Petrarca", "Ludovico Ariosto", "Torquato Tasso", "Giacomo Leopardi",
    "Ugo Foscolo", "Giosuè Carducci", "Giovanni Verga", "Luigi Pirandello", "Grazia Deledda", "Matilde Serao", "Vittorio Alfieri",
    "Giuseppe Verdi", "Vincenzo Bellini", "Gioachino Rossini", "Gaetano Donizetti", "Giacomo Puccini", "Pietro Mascagni",
    "Ruggero Leoncavallo", "Francesco Cilea", "Michelangelo Buonarroti", "Raffaello Sanzio", "Leonardo da Vinci", "Caravaggio",
    "Mattia Preti", "Antonello da Messina", "Galileo Galilei", "Alessandro Volta", "Guglielmo Marconi", "Evangelista Torricelli",
    "Antonio Meucci", "Enrico Fermi", "Cristoforo Colombo", "Amerigo Vespucci", "Marco Polo", "Giovanni da Verrazzano", "Flavio Gioia",
    "Ruggiero di Lauria", "Federico II", "Carlo Pisacane", "Goffredo Mameli", "Nino Bixio", "Santorre di Santarosa", "Silvio Pellico",
    "Cesare Battisti", "Nazario Sauro", "Enrico Toti", "Francesco Baracca", "Benedetto Croce", "Giovanni Bovio", "Francesco De Sanctis",
    "Bruno Buozzi", "Fratelli Bandiera", "Fratelli Cervi", "Anita Garibaldi", "Eleonora d'Arborea", "Maria Montessori",
    "Gaspara Stampa", "Vittoria Colonna", "Archimede", "Pitagora", "Ibico", "Nosside", "Zeleuco", "Cassiodoro", "Ruggero II",
    "Roberto il Guiscardo", "San Francesco di Paola", "San Giorgio", "San Marco", "Sant'Anna", "Santa Caterina", "San Rocco",
    "San Nicola", "Santa Lucia", "San Giuseppe", "Santa Maria di Portosalvo", "Sant'Antonio", "San Domenico", "San Paolo", "San Pietro",
    "Santo Stefano da Nicea", "San Leo", "San Brancaleo", "Santa Venere", "San Cristoforo", "San Bruno",
];
/// For all other quarters.
#[rustfmt::skip]
pub(crate) const PLAIN: &[&str] = &[
    "dei Bergamotti", "delle Zagare", "degli Aranci", "dei Limoni", "dei Cedri", "degli Ulivi", "delle Palme", "dei Gelsomini",
    "delle Ginestre", "degli Oleandri", "dei Mandorli", "dei Fichi d'India", "delle Magnolie", "dei Gelsi", "dei Pini",
    "delle Tamerici", "dei Lentischi", "dei Corbezzoli", "delle Bouganville", "delle Mimose", "dei Tigli", "dei Platani",
    "degli Eucalipti", "dei Carrubi", "del Rosmarino", "della Salvia", "del Mirto", "dei Papaveri", "delle Ortensie", "dei Ciclamini",
    "dei Pescatori", "dei Naviganti", "dei Maestri d'Ascia", "dei Cordai", "delle Filande", "dei Ceramisti", "dei Fabbri", "dei Bottai",
    "delle Tessitrici", "dei Fornai", "degli Agricoltori", "dei Vivaisti", "dello Stretto", "della Fata Morgana", "di Scilla",
    "delle Sirene", "di Ulisse", "di Nausicaa", "dei Feaci", "di Eolo", "del Tirreno", "dello Ionio", "delle Eolie", "dell'Etna",
    "dell'Aspromonte", "del Pollino", "della Sila", "delle Serre", "di Stromboli", "di Vulcano", "di Lipari", "di Salina", "di Panarea",
    "di Filicudi", "di Alicudi", "delle Rondini", "dei Gabbiani", "degli Aironi", "dei Falchi", "delle Allodole", "dei Cardellini",
    "del Pesce Spada", "delle Spadare", "dei Delfini", "del Corallo", "delle Conchiglie", "delle Maree", "dello Scirocco",
    "del Maestrale", "del Libeccio", "del Grecale", "della Tramontana", "del Ponente", "del Levante", "della Rena", "delle Vele",
    "Firenze", "Venezia", "Genova", "Trieste", "Trento", "Bologna", "Perugia", "Ancona", "Bari", "Palermo", "Catania", "Siracusa",
    "Cagliari", "Aosta", "Milano", "Napoli", "Cosenza", "Crotone", "Catanzaro", "Vibo", "Matera", "Potenza", "Lecce", "Taranto",
    "Atene", "Corinto", "Malta", "Tunisi", "Barcellona", "Marsiglia", "Lisbona", "Isonzo", "Piave", "Tagliamento", "Monte Grappa",
    "Carso", "Tevere", "Arno", "Po", "Adige", "Crati", "Neto", "Europa Unita", "della Pace", "della Libertà", "della Costituzione",
    "della Repubblica", "del Lavoro", "dei Partigiani", "dell'Unità", "della Solidarietà", "del Progresso", "delle Industrie",
    "dell'Artigianato", "dei Mille", "del Risorgimento", "dei Normanni", "degli Svevi", "degli Angioini", "degli Aragonesi",
    "dei Bizantini", "dei Bruzi", "dei Greci", "della Magna Grecia", "dei Basiliani", "del Frantoio", "del Palmento",
    "del Vecchio Mulino", "della Fontana", "del Pozzo", "del Belvedere",
];
/// For the alleys of old towns, after `Vico`, `Salita` and the like.
#[rustfmt::skip]
pub(crate) const OLD: &[&str] = &[
    "della Marina", "dei Pescivendoli", "del Forno", "della Torre", "delle Mura", "dell'Arco", "del Castello", "della Giudecca",
    "dei Cappuccini", "delle Monache", "del Duomo", "del Vescovado", "della Dogana", "del Sedile", "dei Saraceni",
    "della Porta Vecchia", "della Porta a Mare", "del Carmine", "del Rosario", "della Misericordia", "dell'Annunziata",
    "del Purgatorio", "dei Nobili", "dei Marinai", "della Cisterna", "del Pozzo Vecchio", "della Seta", "del Gelso", "del Fico",
    "della Vite", "del Melograno", "della Luna", "del Sole", "della Stella", "del Grifo", "del Leone", "della Sirena", "della Rocca",
    "Stretto", "Lungo", "Storto", "Cieco", "del Silenzio", "della Quercia", "dei Greci", "dei Catalani", "degli Amalfitani",
    "dei Genovesi", "dei Messinesi", "San Biagio", "Santa Barbara", "San Gaetano", "San Teodoro", "Santa Sofia", "San Demetrio",
    "Sant'Elia", "San Cono", "Santa Ciriaca",
];
/// Contrade.
#[rustfmt::skip]
pub(crate) const COUNTRY: &[&str] = &[
    "Acquaro", "Armo Piccolo", "Bagnara Vecchia", "Bosurgi", "Calanna Bassa", "Campo Calabro Basso", "Cannamasca", "Carrubara",
    "Cataforìo", "Cerasella", "Chiusa", "Cozzo d'Oro", "Crocevia", "Donna Vittoria", "Favarella", "Fego", "Ficarazza", "Filesi",
    "Fontanelle", "Gallicello", "Gelsarella", "Ginestrara", "Granatara", "Grotta Perciata", "Lazzarella", "Livari", "Lutri", "Magnisi",
    "Malavigna", "Mandorleto", "Margi", "Melìa", "Mirto", "Molinello", "Mulinazzo", "Nocille", "Olivarella", "Pantano", "Passo Malo",
    "Perara", "Petrulli", "Piano Grande", "Pietra Bianca", "Pirara", "Portella", "Pozzo Lungo", "Pùlera", "Rinaldo", "Romito",
    "Rosaniti", "Ruvettara", "Salìce", "San Filippo", "Sant'Aniceto Basso", "Santa Trada", "Saracinello", "Scaccioti", "Serra Alta",
    "Serro Lungo", "Sorgonà", "Spartà", "Spinella", "Straorini", "Timpa Rossa", "Trapezi", "Tre Fontane", "Trunca", "Vallone Nero",
    "Vignarella", "Vito Soprano", "Zagarella", "Zimbaro",
];
