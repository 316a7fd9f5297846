//! Signing in through the router, on a real PostgreSQL, with what somebody who means harm would send.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(missing_docs, unreachable_pub, reason = "tests")]

mod accounts;
mod authenticator;
mod demo;
mod links;
mod oidc;
mod own_password;
mod passkeys;
mod passwords;
mod provider;
mod scene;
mod sessions;
