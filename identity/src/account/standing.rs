use kernel::{Database, Principal};
use sqlx::AssertSqlSafe;

use super::{Account, COLUMNS};

/// The principal of somebody who asked for something earlier, with the rights that their account has now and without the purposes they
/// stated then; `None` if it is gone or may not sign in any more, and for whoever came with a key.
pub async fn standing(database: &Database, who: &Principal) -> Result<Option<Principal>, sqlx::Error> {
    let Some(id) = who.id().filter(|_| who.key().is_none()) else { return Ok(None) };
    let sql = AssertSqlSafe(format!("select {COLUMNS} from identity.accounts a where a.id = $1 and a.active"));
    let mut session = database.session(&Principal::operator()).await?;
    let row = sqlx::query(sql).bind(id).fetch_optional(&mut *session).await?;
    Ok(row.as_ref().map(Account::read).transpose()?.map(|account| account.principal(who.assurance())))
}
