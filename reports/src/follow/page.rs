use axum::response::Response;
use kernel::Language;
use maud::{Markup, PreEscaped, html};
use operations::{Page, Request, field, hidden, say};
use qrcode::QrCode;

use super::{Followed, Said};
use crate::category::office_name;
use crate::desk::Desk;
use crate::record::{day, moment};
use crate::secret::Secret;
use crate::states::{self, badge, reason_name};

/// What the page shows.
pub(super) struct View<'a> {
    pub(super) found: &'a Followed,
    pub(super) said: &'a [Said],
    /// The names of photos that could not be read.
    pub(super) lost: &'a [String],
    pub(super) category: &'a str,
}

/// The page of a private link.
pub(super) fn render(desk: &Desk, request: &Request, secret: &Secret, view: &View<'_>) -> Response {
    let (l, View { found, said, lost, category }) = (request.language, view);
    let path = format!("/reports/follow/{}", secret.reveal());
    let link = desk.services.context.public_url.link(&path);
    let content = html! {
        @if request.params.get("sent").is_some() {
            p.note role="status" {
                strong { (say(l, "Grazie: è arrivata.", "Thank you: it arrived.")) } " "
                (say(l, "Tenete il collegamento privato qui sotto: serve a seguirla, e non si può chiedere di nuovo.", "Keep the private link below: it is how you follow it, and can't be asked for again."))
            }
        }
        p.lead { (badge(&found.state, l)) " " (category) " · " (found.address.as_deref().unwrap_or(say(l, "punto sulla mappa", "place on the map"))) }
        @if found.id != found.own_id {
            p.note { (say(l, "È stata unita alla segnalazione ", "It was merged into report ")) strong { (found.id) }
                (say(l, ", che riguarda la stessa cosa: qui si segue quella.", ", which is about the same thing: that one is followed here.")) }
        }
        @for name in *lost {
            p.note role="alert" {
                (say(l, "La foto ", "The photo ")) strong { (name) }
                (say(l, " è arrivata rotta o a metà, e non è stata conservata. ", " arrived broken or cut short, and was not kept. "))
                a href="#photo" { (say(l, "Mandatela di nuovo", "Send it again")) } "."
            }
        }
        (kept(l, &link, request))
        h2 { (say(l, "A che punto è", "Where it stands")) }
        (timeline(l, found, said))
        (add(request, &path, found))
    };
    let title = match l {
        Language::It => format!("Segnalazione {}", found.own_id),
        Language::En => format!("Report {}", found.own_id),
    };
    Page { title: &title, trail: Vec::new(), map: false }.render(&desk.services.context, request, &content)
}

/// The link, to be kept.
fn kept(l: Language, link: &str, request: &Request) -> Markup {
    html! {
        section.card aria-labelledby="link" {
            h2 id="link" { (say(l, "Il vostro collegamento privato", "Your private link")) }
            div.kept {
                @if let Some(drawing) = qr(link) {
                    div.qr role="img" aria-label=(say(l, "Il collegamento come codice QR", "The link as a QR code")) { (PreEscaped(drawing)) }
                }
                div {
                    p { a id="private-link" href=(link) { code { (link) } } }
                    p { (say(l, "Chi lo ha vede e aggiunge quello che vedete voi: non pubblicatelo.", "Who has it sees and adds what you do: don't publish it.")) }
                    p.actions { a.button href=(request.relative("/reports/new")) { (say(l, "Un'altra qui vicino", "Another one near here")) } }
                }
            }
        }
    }
}

/// As SVG without a declaration before it.
fn qr(link: &str) -> Option<String> {
    let code = QrCode::new(link.as_bytes()).ok()?;
    let drawing = code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(180, 180).build();
    drawing.find("<svg").map(|at| drawing[at..].to_owned())
}

fn timeline(l: Language, found: &Followed, said: &[Said]) -> Markup {
    html! {
        ol.timeline {
            li { time { (moment(found.received_at, l)) } (say(l, "Ricevuta", "Received"))
                @if let Some(text) = &found.text { p.prose { (text) } }
                @if found.photos > 0 { p { (say(l, "Foto: ", "Photos: ")) (found.photos) } }
                @if found.waiting > 0 { p { (say(l, "Foto in preparazione: ", "Photos being prepared: ")) (found.waiting) } }
            }
            @if let Some(at) = found.approved_at { li { time { (moment(at, l)) } (say(l, "Approvata e pubblicata · ", "Approved and published · ")) (office_name(&found.office, l)) } }
            @if found.state == "rejected" { li { (say(l, "Non accolta", "Rejected")) } }
            @for one in said {
                li { time { (moment(one.at, l)) }
                    strong { @match one.audience.as_str() {
                        "from_reporter" => (say(l, "Voi", "You")),
                        "reporter" => (say(l, "Il comune, a voi", "The comune, to you")),
                        _ => (say(l, "Il comune", "The comune")),
                    } }
                    p.prose { (one.text) }
                }
            }
            @match (found.closed_at, &found.closing_reason) {
                (Some(at), Some(reason)) => li { time { (moment(at, l)) } (say(l, "Chiusa: ", "Closed: ")) (reason_name(reason, l))
                    @if let Some(note) = &found.closing_note { p.prose { (note) } } },
                _ if states::PENDING.contains(&&*found.state) && found.answered_at.is_none() => li.future { time { (day(found.due, l)) } (say(l, "Risposta attesa entro questo giorno", "An answer is expected by this day")) },
                _ => {}
            }
        }
        @if states::PUBLIC.contains(&&*found.state) && found.supporters > 0 {
            p { (say(l, "L'hanno vista anche altre persone: ", "Others saw it too: ")) strong { "+" (found.supporters) } }
        }
    }
}

/// What can be added.
fn add(request: &Request, path: &str, found: &Followed) -> Markup {
    let l = request.language;
    let to = |act: &str| request.relative(&format!("{path}/{act}"));
    let given = found.email || found.phone;
    html! {
        h2 { (say(l, "Aggiungere qualcosa", "Add something")) }
        div.columns {
            form.card method="post" action=(to("note")) {
                p.field { label for="text" { (say(l, "Una nota per l'ufficio", "A note for the office")) } textarea id="text" name="text" maxlength="2000" required {} }
                p.actions { button { (say(l, "Invia la nota", "Send the note")) } }
            }
            form.card method="post" action=(to("photo")) enctype="multipart/form-data" {
                (hidden(None))
                p.field { label for="photo" { (say(l, "Una foto", "A photo")) } input id="photo" name="photo" type="file" accept="image/jpeg,image/png,image/webp" required; }
                p.actions { button { (say(l, "Invia la foto", "Send the photo")) } }
            }
            form.card method="post" action=(to("contact")) {
                p { @if given {
                    (say(l, "Avete lasciato un recapito. Solo l'ufficio lo legge, dicendo perché.", "You left a way to reach you. Only the office reads it, saying what for."))
                } @else {
                    (say(l, "Se volete essere avvisati, lasciate un recapito: solo l'ufficio lo legge, e si può ritirare.", "To be told of news, leave a way to reach you: only the office reads it, and you can take it back."))
                } }
                (field("email", say(l, "E-mail", "E-mail"), None, None, &[("type", "email"), ("autocomplete", "email"), ("maxlength", "254")]))
                (field("phone", say(l, "Telefono", "Telephone"), None, None, &[("type", "tel"), ("autocomplete", "tel"), ("maxlength", "30")]))
                p.actions { button { (say(l, "Salva il recapito", "Save the contact")) } }
            }
            @if given {
                form.card method="post" action=(to("contact")) {
                    p { (say(l, "Cancella il recapito che avete lasciato.", "Delete the contact that you left.")) }
                    p.actions { button { (say(l, "Ritira il recapito", "Take the contact back")) } }
                }
            }
        }
    }
}
