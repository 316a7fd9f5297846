use maud::{DOCTYPE, Markup, html};

use super::ask::Ask;
use super::files;
use crate::Failure;

/// A page of ours: one column that fits a phone; no style and no script in it.
pub(super) fn page(ask: &Ask, title: &str, content: &Markup) -> Markup {
    let service = ask.identity.parts.title.get(ask.language);
    let other = ask.say("en", "it");
    html! {
        (DOCTYPE)
        html lang=(ask.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · " (service) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(ask.url(&files::style()));
                script type="module" src=(ask.url(&files::script())) {}
            }
            body {
                a.skip href="#content" { (ask.say("Vai al contenuto", "Skip to content")) }
                header.bar {
                    a.service href=(ask.url("/")) { (service) }
                    nav aria-label=(ask.say("Servizio", "Service")) {
                        a href=(ask.url("/portal/")) { (ask.say("Mappa", "Map")) }
                        a lang=(other) hreflang=(other) href=(ask.translated(other)) { (ask.say("English", "Italiano")) }
                    }
                }
                main id="content" {
                    h1 { (title) }
                    (content)
                }
            }
        }
    }
}

/// What went wrong, read out at once.
pub(super) fn failed(ask: &Ask, failure: &Failure) -> Markup {
    html! {
        p.failure role="alert" { (failure.text(ask.language)) }
        p { a href=(ask.url("/auth/sign-in")) { (ask.say("Torna all'accesso", "Back to sign-in")) } }
    }
}

/// A button that a script shows only where there are passkeys; `purpose` says what the script does with it.
pub(super) fn passkey_button(ask: &Ask, text: &str, purpose: &str, next: &str, link: Option<&str>) -> Markup {
    html! {
        div.passkey data-passkey=(purpose) data-next=(next) data-link=[link] data-begin=(ask.url("/auth/passkey/begin"))
            data-finish=(ask.url("/auth/passkey/finish"))
            data-gone=(ask.say("Non è andata: nessuna passkey è stata usata.", "It did not work: no passkey was used.")) hidden {
            button type="button" { (text) }
            p role="status" aria-live="polite" {}
        }
    }
}
