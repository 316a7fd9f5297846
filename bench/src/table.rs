use crate::measure::{Sample, yardstick};

/// What was measured, a row a figure, and how long the yardstick took in between.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
    noise: Sample,
}

struct Row {
    figure: String,
    unit: &'static str,
    ours: Sample,
    peer: Option<Sample>,
    /// A limit of the ratio where there is a peer, else of ours.
    budget: f64,
    /// `true`: ours is to be at least that.
    least: bool,
}

impl Table {
    pub(crate) fn figure(&mut self, figure: impl Into<String>, unit: &'static str, ours: Sample, peer: Option<Sample>, budget: f64) {
        self.add(Row { figure: figure.into(), unit, ours, peer, budget, least: false });
    }

    /// Something of which there is to be at least as much as the budget.
    pub(crate) fn at_least(&mut self, figure: impl Into<String>, unit: &'static str, ours: Sample, budget: f64) {
        self.add(Row { figure: figure.into(), unit, ours, peer: None, budget, least: true });
    }

    fn add(&mut self, row: Row) {
        eprintln!("  {}", row.cells().join("  "));
        self.rows.push(row);
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Takes the machine's noise; called before each measurement.
    pub(crate) fn breathe(&mut self) {
        self.noise.add(yardstick());
    }

    /// Prints all as a table in Markdown.
    pub(crate) fn print(&self, runs: u32) {
        println!("\nMedians of {runs} runs in turn unless said otherwise (lowest to highest):\n");
        let head = ["figure", "unit", "ours", "peer", "ratio", "budget", ""].map(str::to_owned);
        let rows: Vec<[String; 7]> = std::iter::once(head).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
        for (number, row) in rows.iter().enumerate() {
            let cells = (0..row.len()).map(|c| format!(" {}{} ", row[c], " ".repeat(width(c) - row[c].chars().count())));
            println!("|{}|", cells.collect::<Vec<_>>().join("|"));
            if number == 0 {
                println!("|{}|", (0..row.len()).map(|c| "-".repeat(width(c) + 2)).collect::<Vec<_>>().join("|"));
            }
        }
        println!();
        for note in &self.notes {
            println!("{note}");
        }
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        if self.noise.len() == 0 {
            return;
        }
        println!(
            "The machine: {processors} processors, load {load} at the end. Its noise: the same work of one processor took {} ms, \
             {:.0} % more at worst than at best ({} times).",
            range(&self.noise),
            (self.noise.max() / self.noise.min() - 1.0) * 100.0,
            self.noise.len()
        );
    }
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let ratio = self.peer.as_ref().map(|p| self.ours.median() / p.median());
        let measured = ratio.unwrap_or_else(|| self.ours.median());
        let within = if self.least { measured >= self.budget } else { measured <= self.budget };
        [
            self.figure.clone(),
            self.unit.to_owned(),
            range(&self.ours),
            self.peer.as_ref().map_or_else(|| "–".to_owned(), range),
            ratio.map_or_else(|| "–".to_owned(), |r| format!("{r:.2}")),
            format!("{}{}{}", if self.least { "≥ " } else { "" }, number(self.budget), if ratio.is_some() { " ×" } else { "" }),
            if within {
                "within"
            } else if self.least {
                "UNDER"
            } else {
                "OVER"
            }
            .to_owned(),
        ]
    }
}

fn range(sample: &Sample) -> String {
    match sample.len() {
        1 => number(sample.median()),
        _ => format!("{} ({}–{})", number(sample.median()), number(sample.min()), number(sample.max())),
    }
}

fn number(value: f64) -> String {
    if value >= 20.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
