use kernel::{Assurance, Principal};
use serde_json::Value;
use sqlx::Row;
use uuid::Uuid;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::response::CredentialId;
use webauthn_rp::response::auth::ser_relaxed::AuthenticationRelaxed;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::{AuthenticatedCredential, DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions};

use super::{document, handle, refused};
use crate::secret::Base64;
use crate::{Failure, Identity};

type Key = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// How surely a passkey says who somebody is: two factors. That one of them is bound to hardware can't be told without
/// attestation, which we do not ask for.
pub(crate) const SIGN_IN_ASSURANCE: Assurance = Assurance::Substantial;

impl Identity {
    /// What the browser is to ask the authenticator, and what we keep until it has answered. Nobody says who they are first,
    /// so nothing can be learnt about accounts.
    pub(crate) fn ask_passkey(&self) -> Result<(Value, Base64), Failure> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.relying_party()?.id);
        let (server, client) = options.start_ceremony().map_err(|e| Failure::internal("asking for a passkey", &e))?;
        let state = server.encode().map_err(|e| Failure::internal("keeping a question for a passkey", &e))?;
        Ok((document(&client)?, Base64(state.to_vec())))
    }

    /// Whose passkey it is, if all of the answer holds.
    pub(crate) async fn check_passkey(&self, state: &Base64, response: &Value) -> Result<Uuid, Failure> {
        let party = self.relying_party()?;
        let state = DiscoverableAuthenticationServerState::decode(&state.0).map_err(|e| refused(&e))?;
        let AuthenticationRelaxed(response): AuthenticationRelaxed<16, true> =
            serde_json::from_value(response.clone()).map_err(|e| refused(&e))?;
        let mut tx = self.parts.database.write(&Principal::anonymous()).await?;
        let row = sqlx::query(
            "select p.account, p.static_state, p.dynamic_state from identity.passkeys p join identity.accounts a on a.id = p.account
             where p.credential = $1 and a.active and a.demo is null for update of p",
        )
        .bind(response.raw_id().as_ref())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| refused(&"nobody has it"))?;
        let account: Uuid = row.try_get("account")?;
        let (static_state, dynamic_state): (Vec<u8>, Vec<u8>) = (row.try_get("static_state")?, row.try_get("dynamic_state")?);
        let static_state = StaticState::<Key>::decode(&static_state).map_err(|e| Failure::internal("reading a passkey", &e))?;
        let dynamic_state: [u8; 7] = dynamic_state.try_into().map_err(|_| Failure::internal("reading a passkey", &"its length"))?;
        let dynamic_state = DynamicState::decode(dynamic_state).map_err(|e| Failure::internal("reading a passkey", &e))?;
        let user = handle(account);
        let id = response.raw_id();
        let id = CredentialId::<&[u8]>::decode(id.as_ref()).map_err(|e| refused(&e))?;
        let mut known =
            AuthenticatedCredential::new(id, &user, static_state, dynamic_state).map_err(|e| Failure::internal("reading a passkey", &e))?;
        let options =
            AuthenticationVerificationOptions::<'_, '_, &str, &str> { allowed_origins: &[party.origin.as_str()], ..Default::default() };
        state.verify(&party.id, &response, &mut known, &options).map_err(|e| refused(&e))?;
        let Ok(after) = known.dynamic_state().encode();
        sqlx::query("update identity.passkeys set dynamic_state = $2, used_at = $3 where credential = $1")
            .bind(response.raw_id().as_ref())
            .bind(after.to_vec())
            .bind(self.now())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(account)
    }
}
