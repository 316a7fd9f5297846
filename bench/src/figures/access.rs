use anyhow::{Result, ensure};

use super::tiles::{path, session};
use super::{Bench, in_memory};
use crate::client::Client;
use crate::measure::{Sample, seconds};
use crate::table::Table;

/// The layer that is protected for a while.
const LAYER: &str = "parcels";
/// As often a page is asked for in a run. After a write of anybody's (that a key was used, once a minute) the first one counts all rows anew,
/// whether the layer is protected or not.
const PAGES: u32 = 7;
/// A page of it.
const PAGE: &str = "/collections/parcels/items?limit=10000";

impl Bench {
    /// A layer for officers, read with a key that sees every row of it through the rule, beside the same layer open to all.
    pub(crate) fn access(&mut self, table: &mut Table) -> Result<()> {
        let open = self.client()?;
        let administrator = self.administrator()?;
        let keyed = self.client()?.with_header("x-api-key", &self.key(&["--scope", "read", "--rate", "1000000"])?);
        let protect =
            |audience: &str| administrator.put("/admin/layers/parcels", &format!(r#"{{"audience": "{audience}", "editors": []}}"#));
        // a run that was broken off may have left it protected
        protect("public")?;
        std::thread::sleep(std::time::Duration::from_millis(500));
        let mut tiles = Vec::new();
        for tile in session(self.extent) {
            let answer = open.get(&path(LAYER, &tile))?;
            if answer.status == 200 && !answer.generalised {
                tiles.push(path(LAYER, &tile));
            }
        }
        ensure!(!tiles.is_empty(), "no tile of the session holds anything");
        let session = |client: &Client| seconds(|| tiles.iter().try_for_each(|tile| client.get(tile).map(|_| ())));
        let page = |client: &Client| {
            let mut pages = Sample::default();
            for _ in 0..PAGES {
                pages.add(seconds(|| client.get(PAGE).map(|_| ()))?);
            }
            anyhow::Ok(pages.median())
        };
        let mut figures: [(Sample, Sample); 2] = Default::default();
        for _ in 0..self.runs {
            table.breathe();
            for (audience, client) in [("public", &open), ("officers", &keyed)] {
                protect(audience)?;
                // the server hears of it through the change feed, and loads the layer anew
                std::thread::sleep(std::time::Duration::from_millis(500));
                in_memory(client, LAYER)?;
                client.get(&tiles[0])?;
                client.get(PAGE)?;
                for ((protected, all), took) in figures.iter_mut().zip([session(client)?, page(client)?]) {
                    if audience == "public" { all.add(took) } else { protected.add(took) }
                }
            }
            ensure!(open.ask(&tiles[0])?.status == 404, "the layer is not protected");
        }
        protect("public")?;
        let [(tiles_protected, tiles_open), (page_protected, page_open)] = figures;
        table.figure(format!("{} tiles of a protected layer, beside it open", tiles.len()), "s", tiles_protected, Some(tiles_open), 1.3);
        table.figure("10,000 rows of a protected layer, beside it open", "s", page_protected, Some(page_open), 1.3);
        Ok(())
    }

    fn administrator(&self) -> Result<Client> {
        let cookie = self.client()?.sign_in("/auth/demo/administrator")?;
        Ok(self.client()?.with_header("cookie", &cookie).with_header("sec-fetch-site", "same-origin"))
    }
}
