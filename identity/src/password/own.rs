use crate::session::Current;
use crate::{Failure, Identity};

/// What somebody who is signed in can do about their password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnPassword {
    /// They have one, and can change it.
    There,
    /// They have none and can have none: an invented person, or one whom another source vouches for.
    None,
}

impl Identity {
    /// Whether they have one.
    pub(crate) async fn own_password(&self, current: &Current) -> Result<OwnPassword, Failure> {
        if current.method == "demo" {
            return Ok(OwnPassword::None);
        }
        let mut session = self.parts.database.session(&current.principal).await?;
        let there: bool = sqlx::query_scalar("select exists (select from identity.passwords where account = $1)")
            .bind(current.account)
            .fetch_one(&mut *session)
            .await?;
        Ok(if there { OwnPassword::There } else { OwnPassword::None })
    }
}
