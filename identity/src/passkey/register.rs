use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::PublicKeyCredentialDescriptor;
use webauthn_rp::request::register::{CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, Username};
use webauthn_rp::response::register::ser_relaxed::RegistrationRelaxed;
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{PublicKeyCredentialCreationOptions, RegistrationServerState};

use super::{MOST, document, handle, lock, refused};
use crate::account::Account;
use crate::secret::Base64;
use crate::{Failure, Identity};

/// A passkey that was just made and holds.
pub(crate) struct NewPasskey {
    credential: Vec<u8>,
    transports: i16,
    static_state: Vec<u8>,
    dynamic_state: Vec<u8>,
    /// What its owner calls it.
    pub(crate) name: String,
}

impl Identity {
    /// What the browser is to make a passkey of, and what we keep until it has.
    pub(crate) async fn offer_passkey(&self, account: &Account) -> Result<(Value, Base64), Failure> {
        let party = self.relying_party()?;
        let known = self.descriptors(account.id).await?;
        let id = handle(account.id);
        let name = account.email.clone().unwrap_or_else(|| account.name.clone());
        let name =
            Username::try_from(name).or_else(|_| Username::try_from("opensit")).map_err(|e| Failure::internal("naming a passkey", &e))?;
        let user = PublicKeyCredentialUserEntity { name, id: &id, display_name: Nickname::try_from(account.name.clone()).ok() };
        let mut options = PublicKeyCredentialCreationOptions::passkey(&party.id, user, known);
        // most phones and computers have no such thing, and asked for it they make no passkey at all
        options.extensions.cred_protect = CredProtect::None;
        let (server, client) = options.start_ceremony().map_err(|e| Failure::internal("offering a passkey", &e))?;
        let state = server.encode().map_err(|e| Failure::internal("keeping a passkey's offer", &e))?;
        Ok((document(&client)?, Base64(state)))
    }

    /// Checks what the browser made of it.
    pub(crate) fn check_new_passkey(&self, state: &Base64, response: &Value, name: &str) -> Result<NewPasskey, Failure> {
        let party = self.relying_party()?;
        let state = RegistrationServerState::<16>::decode(&state.0).map_err(|e| refused(&e))?;
        let RegistrationRelaxed(response) = serde_json::from_value(response.clone()).map_err(|e| refused(&e))?;
        let options =
            RegistrationVerificationOptions::<'_, '_, &str, &str> { allowed_origins: &[party.origin.as_str()], ..Default::default() };
        let made = state.verify(&party.id, &response, &options).map_err(|e| refused(&e))?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        let name = if name.trim().is_empty() { "Passkey".to_owned() } else { name.trim().to_owned() };
        let Ok(transports) = made.transports().encode();
        let Ok(dynamic_state) = made.dynamic_state().encode();
        Ok(NewPasskey {
            credential: made.id().as_ref().to_vec(),
            transports: i16::from(transports),
            static_state: made.static_state().encode().map_err(|e| Failure::internal("keeping a passkey", &e))?,
            dynamic_state: dynamic_state.to_vec(),
            name,
        })
    }

    pub(crate) async fn add_passkey(&self, conn: &mut PgConnection, account: Uuid, new: &NewPasskey) -> Result<(), Failure> {
        lock(conn, account).await?;
        let added = sqlx::query(
            "insert into identity.passkeys (credential, account, name, transports, static_state, dynamic_state, created_at)
             select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from identity.passkeys where account = $2) < $8
             on conflict do nothing",
        )
        .bind(&new.credential)
        .bind(account)
        .bind(&new.name)
        .bind(new.transports)
        .bind(&new.static_state)
        .bind(&new.dynamic_state)
        .bind(self.now())
        .bind(MOST)
        .execute(conn)
        .await?;
        if added.rows_affected() == 1 {
            return Ok(());
        }
        Err(Failure::invalid("Questa passkey c'è già, oppure ne hai già 20.", "This passkey is there already, or you have 20 already."))
    }

    /// The passkeys that an authenticator must not make again.
    async fn descriptors(&self, account: Uuid) -> Result<Vec<PublicKeyCredentialDescriptor<Vec<u8>>>, Failure> {
        let mut session = self.parts.database.session(&kernel::Principal::anonymous()).await?;
        let rows = sqlx::query("select credential, transports from identity.passkeys where account = $1")
            .bind(account)
            .fetch_all(&mut *session)
            .await?;
        let read = |row: &sqlx::postgres::PgRow| {
            let transports = u8::try_from(row.try_get::<i16, _>("transports").ok()?).ok()?;
            Some(PublicKeyCredentialDescriptor {
                id: CredentialId::<Vec<u8>>::decode(row.try_get("credential").ok()?).ok()?,
                transports: AuthTransports::decode(transports).ok()?,
            })
        };
        Ok(rows.iter().filter_map(read).collect())
    }
}
