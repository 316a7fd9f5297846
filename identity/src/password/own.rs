use chrono::TimeDelta;

use crate::session::Current;
use crate::{Failure, Identity};

/// How long after signing in a session is proof enough for a new way in.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// What somebody who is signed in can do about their password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnPassword {
    /// They have one, and can change it.
    There,
    /// They have none, have signed in with a passkey, and can choose one beside it.
    Wanting,
    /// There can be none: an invented person, one whom another source vouches for, one without an address to sign in with.
    None,
}

impl Identity {
    /// Which of these it is.
    pub(crate) async fn own_password(&self, current: &Current) -> Result<OwnPassword, Failure> {
        if current.method == "demo" {
            return Ok(OwnPassword::None);
        }
        let mut session = self.parts.database.session(&current.principal).await?;
        let there: bool = sqlx::query_scalar("select exists (select from identity.passwords where account = $1)")
            .bind(current.account)
            .fetch_one(&mut *session)
            .await?;
        Ok(match there {
            true => OwnPassword::There,
            // what a source says for sure is not made surer by what its session adds
            false if current.method == "passkey" && current.email.is_some() => OwnPassword::Wanting,
            false => OwnPassword::None,
        })
    }

    /// Refuses a session that was opened a while ago: somebody else may sit before it by now.
    pub(crate) fn freshly_signed_in(&self, current: &Current) -> Result<(), Failure> {
        let opened_at = current.expires_at - self.parts.settings.absolute;
        if self.now() - opened_at <= FRESH { Ok(()) } else { Err(Failure::sign_in_again()) }
    }
}
