use kernel::Principal;
use uuid::Uuid;

use super::{Account, COLUMNS, administer};
use crate::{Failure, Identity};

/// Most accounts that one answer lists.
pub(crate) const MOST: usize = 500;

impl Identity {
    /// Accounts by name, from the one after `after` on; 500 at most. Those of the demo are left out elsewhere.
    pub async fn accounts(&self, who: &Principal, after: Option<Uuid>) -> Result<Vec<Account>, Failure> {
        administer(who)?;
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from identity.accounts a
             where ($1 or a.demo is null)
               and ($2::uuid is null or (lower(a.name), a.id) > (select lower(name), id from identity.accounts where id = $2))
             order by lower(a.name), a.id limit {MOST}"
        ));
        let mut session = self.parts.database.session(who).await?;
        let rows = sqlx::query(sql).bind(self.parts.settings.demo).bind(after).fetch_all(&mut *session).await?;
        Ok(rows.iter().map(Account::read).collect::<Result<_, _>>()?)
    }
}
