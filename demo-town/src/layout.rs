//! The plan of the town at each size: where its lines run and its quarters lie, in plan coordinates (see [`crate::frame`]).

use crate::size::Size;

/// A rectangle of the plan: from `(u0, v0)` to `(u1, v1)`.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    pub(crate) u: [f64; 2],
    pub(crate) v: [f64; 2],
}

impl Area {
    const fn new(u0: f64, u1: f64, v0: f64, v1: f64) -> Self {
        Self { u: [u0, u1], v: [v0, v1] }
    }

    pub(crate) fn holds(&self, u: f64, v: f64) -> bool {
        (self.u[0]..self.u[1]).contains(&u) && (self.v[0]..self.v[1]).contains(&v)
    }

    pub(crate) fn middle(&self) -> [f64; 2] {
        [(self.u[0] + self.u[1]) / 2.0, (self.v[0] + self.v[1]) / 2.0]
    }
}

/// A place that the town grew from.
#[derive(Clone, Copy)]
pub(crate) struct Nucleus {
    /// Crooked alleys around a square.
    pub(crate) old: Area,
    /// The regular plan of after 1908.
    pub(crate) grid: Area,
}

/// A fiumara or a stream from the hills to the sea.
#[derive(Clone, Copy)]
pub(crate) struct River {
    pub(crate) name: &'static str,
    /// Where it meets the sea.
    pub(crate) v: f64,
    /// Width at the mouth and at the top, metres.
    pub(crate) width: [f64; 2],
}

impl River {
    /// Metres from bank to bank, so far inland.
    pub(crate) fn width_at(&self, u: f64, depth: f64) -> f64 {
        let t = (u / depth).clamp(0.0, 1.0).sqrt();
        self.width[0] + (self.width[1] - self.width[0]) * t
    }
}

/// A village inland.
#[derive(Clone, Copy)]
pub(crate) struct Hamlet {
    pub(crate) name: &'static str,
    pub(crate) u: f64,
    pub(crate) v: f64,
    pub(crate) radius: f64,
}

/// Everything that differs between sizes.
pub(crate) struct Layout {
    /// Depth of the land and length of the coast, metres.
    pub(crate) depth: f64,
    pub(crate) length: f64,
    pub(crate) promenade: f64,
    pub(crate) lungomare: f64,
    pub(crate) rail: f64,
    pub(crate) corso: f64,
    /// Through roads between the corso and the ring road.
    pub(crate) upper: &'static [f64],
    pub(crate) ring: f64,
    pub(crate) motorway: f64,
    pub(crate) hill_roads: &'static [f64],
    /// Stretch of the coast that is the town's centre.
    pub(crate) centre: [f64; 2],
    /// Where avenues leave the lungomare.
    pub(crate) avenues: &'static [f64],
    pub(crate) rivers: &'static [River],
    pub(crate) nuclei: &'static [Nucleus],
    pub(crate) works: &'static [Area],
    pub(crate) hamlets: &'static [Hamlet],
    /// How deep the town is at its ends, and by how much more in the middle of a stretch `(v, half length, more)`.
    pub(crate) shallow: f64,
    pub(crate) swell: &'static [(f64, f64, f64)],
    /// Land of Rocca Sant'Elia, and its village.
    pub(crate) rocca: Area,
    pub(crate) village: Hamlet,
    pub(crate) harbour: f64,
    /// Length of the harbour's mole, metres.
    pub(crate) mole: f64,
    /// How much larger blocks are than elsewhere.
    pub(crate) coarse: f64,
    /// Parcels aimed at in a sheet.
    pub(crate) sheet: f64,
}

impl Layout {
    pub(crate) const fn of(size: Size) -> &'static Self {
        match size {
            Size::Small => &SMALL,
            Size::Town => &TOWN,
            Size::City | Size::Region => &CITY,
        }
    }
}

static SMALL: Layout = Layout {
    depth: 1500.0,
    length: 1700.0,
    promenade: 34.0,
    lungomare: 56.0,
    rail: 132.0,
    corso: 226.0,
    upper: &[],
    ring: 452.0,
    motorway: 760.0,
    hill_roads: &[1080.0],
    centre: [650.0, 1320.0],
    avenues: &[620.0, 1010.0, 1400.0],
    rivers: &[River { name: "Fiumara di San Brancaleo", v: 350.0, width: [46.0, 18.0] }],
    nuclei: &[Nucleus { old: Area::new(226.0, 452.0, 620.0, 1010.0), grid: Area::new(60.0, 452.0, 1010.0, 1400.0) }],
    works: &[],
    hamlets: &[],
    shallow: 270.0,
    swell: &[(900.0, 640.0, 400.0)],
    rocca: Area::new(940.0, 9000.0, 620.0, 1420.0),
    village: Hamlet { name: "Rocca Sant'Elia", u: 1190.0, v: 1020.0, radius: 150.0 },
    harbour: 520.0,
    mole: 90.0,
    coarse: 1.12,
    sheet: 420.0,
};

static TOWN: Layout = Layout {
    depth: 5200.0,
    length: 7800.0,
    promenade: 44.0,
    lungomare: 70.0,
    rail: 214.0,
    corso: 430.0,
    upper: &[760.0, 1080.0],
    ring: 1490.0,
    motorway: 2420.0,
    hill_roads: &[3080.0, 4150.0],
    centre: [2950.0, 5750.0],
    avenues: &[760.0, 1500.0, 2960.0, 3830.0, 4720.0, 5640.0, 6980.0],
    rivers: &[
        River { name: "Fiumara di San Brancaleo", v: 2250.0, width: [82.0, 24.0] },
        River { name: "Torrente Zagarella", v: 6250.0, width: [20.0, 9.0] },
    ],
    nuclei: &[Nucleus { old: Area::new(214.0, 760.0, 2960.0, 3830.0), grid: Area::new(70.0, 1080.0, 3830.0, 5640.0) }],
    works: &[Area::new(214.0, 1490.0, 1500.0, 2200.0)],
    hamlets: &[
        Hamlet { name: "Santa Domenica", u: 2950.0, v: 1050.0, radius: 230.0 },
        Hamlet { name: "Pietracupa", u: 4050.0, v: 1750.0, radius: 170.0 },
        Hamlet { name: "Cannarella", u: 3000.0, v: 6900.0, radius: 220.0 },
        Hamlet { name: "Acquavento", u: 4350.0, v: 7150.0, radius: 150.0 },
        Hamlet { name: "Ortovecchio", u: 2880.0, v: 3050.0, radius: 160.0 },
    ],
    shallow: 560.0,
    swell: &[(4200.0, 2700.0, 1750.0), (1200.0, 900.0, 500.0), (7100.0, 700.0, 350.0)],
    rocca: Area::new(3360.0, 19000.0, 2350.0, 6500.0),
    village: Hamlet { name: "Rocca Sant'Elia", u: 4180.0, v: 4450.0, radius: 330.0 },
    harbour: 2540.0,
    mole: 300.0,
    coarse: 1.0,
    sheet: 470.0,
};

static CITY: Layout = Layout {
    depth: 9400.0,
    length: 26_000.0,
    promenade: 48.0,
    lungomare: 76.0,
    rail: 232.0,
    corso: 470.0,
    upper: &[960.0, 1560.0, 2240.0],
    ring: 2960.0,
    motorway: 4150.0,
    hill_roads: &[5250.0, 6600.0, 8000.0],
    centre: [9800.0, 15_600.0],
    avenues: &[
        1000.0, 2100.0, 3250.0, 5600.0, 6600.0, 7700.0, 8800.0, 9900.0, 10_800.0, 11_700.0, 12_600.0, 13_500.0, 14_500.0, 15_500.0,
        17_900.0, 18_900.0, 20_000.0, 22_700.0, 23_800.0, 24_900.0,
    ],
    rivers: &[
        River { name: "Fiumara di Sant'Onofrio", v: 4400.0, width: [90.0, 26.0] },
        River { name: "Torrente Zagarella", v: 8250.0, width: [20.0, 9.0] },
        River { name: "Fiumara di San Brancaleo", v: 16_700.0, width: [120.0, 30.0] },
        River { name: "Fiumara Calamora", v: 21_300.0, width: [84.0, 24.0] },
    ],
    nuclei: &[
        Nucleus { old: Area::new(232.0, 960.0, 10_800.0, 11_700.0), grid: Area::new(76.0, 1560.0, 11_700.0, 14_500.0) },
        Nucleus { old: Area::new(232.0, 700.0, 3250.0, 4000.0), grid: Area::new(76.0, 960.0, 2100.0, 3250.0) },
        Nucleus { old: Area::new(232.0, 960.0, 5600.0, 6600.0), grid: Area::new(76.0, 960.0, 6600.0, 7700.0) },
        Nucleus { old: Area::new(232.0, 800.0, 17_900.0, 18_900.0), grid: Area::new(76.0, 960.0, 18_900.0, 20_000.0) },
        Nucleus { old: Area::new(232.0, 700.0, 22_700.0, 23_300.0), grid: Area::new(76.0, 960.0, 23_300.0, 24_900.0) },
    ],
    works: &[Area::new(232.0, 1560.0, 15_500.0, 16_600.0), Area::new(960.0, 2240.0, 4500.0, 5600.0)],
    hamlets: &[
        Hamlet { name: "Santa Domenica", u: 4900.0, v: 2050.0, radius: 300.0 },
        Hamlet { name: "Pietracupa", u: 6100.0, v: 3750.0, radius: 240.0 },
        Hamlet { name: "Cannarella", u: 4950.0, v: 6900.0, radius: 320.0 },
        Hamlet { name: "Acquavento", u: 6900.0, v: 7150.0, radius: 220.0 },
        Hamlet { name: "Ortovecchio", u: 4880.0, v: 9350.0, radius: 280.0 },
        Hamlet { name: "Serra Melia", u: 7600.0, v: 5200.0, radius: 240.0 },
        Hamlet { name: "Rosarella", u: 5000.0, v: 17_800.0, radius: 300.0 },
        Hamlet { name: "Vignale Soprano", u: 6700.0, v: 19_200.0, radius: 240.0 },
        Hamlet { name: "San Bartolo", u: 5050.0, v: 22_600.0, radius: 300.0 },
        Hamlet { name: "Mennita", u: 7400.0, v: 23_400.0, radius: 230.0 },
        Hamlet { name: "Terranera", u: 8300.0, v: 20_800.0, radius: 210.0 },
        Hamlet { name: "Poggio Argona", u: 8500.0, v: 1800.0, radius: 200.0 },
    ],
    shallow: 1500.0,
    swell: &[(12_900.0, 4600.0, 2700.0), (5000.0, 3000.0, 1500.0), (19_500.0, 2600.0, 1700.0), (24_000.0, 1500.0, 900.0)],
    rocca: Area::new(5500.0, 29_000.0, 8600.0, 16_900.0),
    village: Hamlet { name: "Rocca Sant'Elia", u: 6700.0, v: 12_700.0, radius: 620.0 },
    harbour: 9180.0,
    mole: 420.0,
    coarse: 1.0,
    sheet: 520.0,
};
