use std::sync::PoisonError;
use std::time::Instant;

use kernel::{Principal, Problem};
use uuid::Uuid;

use super::Keys;

/// So many are remembered at most.
const ROOM: usize = 10_000;

impl Keys {
    /// Whether the account or key that a token was made with still stands: a token ends with it, as soon as a key does
    /// ([`Keys::REMEMBERED`]), and a quarter of an hour after it was made at the latest. 401 if it does not.
    pub async fn stands(&self, who: &Principal) -> Result<(), Problem> {
        let Some(subject) = who.id() else { return Ok(()) };
        let stands = match self.remembered_standing(subject) {
            Some(stands) => stands,
            None => self.ask_standing(subject).await.map_err(|e| Problem::database("looking a token up", &e))?,
        };
        if stands {
            return Ok(());
        }
        Err(Problem::unauthorized("the account or key that this token was made with is not in force any more"))
    }

    fn remembered_standing(&self, subject: Uuid) -> Option<bool> {
        let standing = self.0.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.get(&subject).filter(|(at, _)| at.elapsed() < Self::REMEMBERED).map(|(_, stands)| *stands)
    }

    async fn ask_standing(&self, subject: Uuid) -> Result<bool, sqlx::Error> {
        let begun = Instant::now();
        let mut session = self.0.database.session(&Principal::anonymous()).await?;
        let stands: bool = sqlx::query_scalar(
            "select exists (select from identity.accounts where id = $1 and active)
                 or exists (select from identity.keys k left join identity.accounts a on a.id = k.created_by
                             where k.subject = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
                               and (k.created_by is null or a.active))",
        )
        .bind(subject)
        .bind(self.0.clock.now())
        .fetch_one(&mut *session)
        .await?;
        let mut standing = self.0.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.len() >= ROOM {
            standing.clear();
        }
        standing.insert(subject, (begun, stands));
        Ok(stands)
    }
}
