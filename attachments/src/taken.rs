//! Pictures that a theme takes in a way of its own: from somebody who may not edit the row, and looked at before they are seen.

use kernel::{LayerId, Principal};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::content::{self, Kept, Kind, Refused};
use crate::{name, store};

/// A picture written anew: nothing is left of the file that was sent but its pixels.
#[derive(Debug)]
pub struct Picture(Kept);

impl Picture {
    /// Writes a picture anew; other files are refused. Takes time and memory: for a thread that may block.
    pub fn anew(content: Vec<u8>) -> Result<Self, Refused> {
        match Kind::of(&content) {
            None | Some(Kind::Pdf) => Err(Refused::Kind),
            Some(_) => content::keep(content).map(Self),
        }
    }

    /// Adds it to a row's files, in the caller's transaction. The caller has seen that this is lawful, and tells whoever keeps a log.
    pub async fn add(
        &self,
        conn: &mut PgConnection,
        who: &Principal,
        layer: &LayerId,
        record: &str,
        called: &str,
    ) -> Result<Uuid, sqlx::Error> {
        store::add(conn, who, layer, record, &name::tidy(Some(called), self.0.kind), &self.0).await
    }
}
