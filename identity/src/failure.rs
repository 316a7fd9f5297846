//! Why something about identity could not be done.

use kernel::{Language, Problem, Text};

/// What is told to the person, in both languages, and to programs as a problem document. Causes go to the log.
#[derive(Clone, Debug)]
pub struct Failure {
    problem: Box<Problem>,
    text: Text,
}

impl Failure {
    fn new(problem: fn(String) -> Problem, it: &str, en: &str) -> Self {
        Self { problem: problem(en.to_owned()).into(), text: Text::new(it, en) }
    }

    /// Our fault.
    pub(crate) fn internal(operation: &'static str, cause: &dyn std::fmt::Display) -> Self {
        let text = Text::new("Qualcosa è andato storto; riprovare può aiutare.", "Something went wrong; trying again may help.");
        Self { problem: Problem::internal(operation, cause).into(), text }
    }

    /// The person proved nothing: the same words whatever was wrong.
    pub(crate) fn wrong() -> Self {
        Self::new(
            Problem::unauthorized,
            "I dati inseriti non sono giusti. Controllali e riprova; se non riesci, chiedi un nuovo collegamento a chi amministra il servizio.",
            "What you entered is not right. Check it and try again; if it does not work, ask the administrator for a new link.",
        )
    }

    /// Nothing was begun here, or too long ago.
    pub(crate) fn stale() -> Self {
        Self::new(
            Problem::unauthorized,
            "Questo accesso non è stato iniziato da qui, oppure troppo tempo fa. Ricomincia.",
            "This sign-in was not begun here, or too long ago. Begin again.",
        )
    }

    /// For who is signed in only.
    pub(crate) fn sign_in_first() -> Self {
        Self::new(Problem::unauthorized, "Prima bisogna accedere.", "Sign in first.")
    }

    /// For who has just signed in only.
    pub(crate) fn sign_in_again() -> Self {
        Self::new(
            Problem::unauthorized,
            "Per questo l'accesso dev'essere di adesso: esci, entra di nuovo e riprova entro dieci minuti.",
            "This takes somebody who has just signed in: sign out, sign in again and try within ten minutes.",
        )
    }

    /// Absent, used, expired: the same words.
    pub(crate) fn no_such_link() -> Self {
        Self::new(
            Problem::not_found,
            "Questo collegamento non vale: è scaduto, è già stato usato o non è intero. Chiedine uno nuovo a chi amministra il servizio.",
            "This link is not valid: it has expired, was used already or is not whole. Ask the administrator for a new one.",
        )
    }

    /// Absent, or not theirs.
    pub(crate) fn not_found() -> Self {
        Self::new(Problem::not_found, "Qui non c'è nulla.", "There is nothing here.")
    }

    /// A value that can't be taken.
    pub(crate) fn invalid(it: &str, en: &str) -> Self {
        Self::new(Problem::bad_request, it, en)
    }

    /// The request comes from elsewhere.
    pub(crate) fn foreign() -> Self {
        Self::new(
            Problem::forbidden,
            "La richiesta non viene da una pagina di questo servizio: non è stata eseguita.",
            "The request does not come from a page of this service: nothing was done.",
        )
    }

    /// Nobody can sign in over this address.
    pub(crate) fn insecure(public_url: &str) -> Self {
        Self::new(
            Problem::forbidden,
            &format!(
                "Qui non si può accedere: l'indirizzo pubblico del servizio è {public_url}, senza cifratura, e i browser non vi tengono i cookie di \
                 accesso. I dati pubblici si vedono lo stesso. Chi amministra il servizio può dargli un indirizzo https (--public-url)."
            ),
            &format!(
                "Nobody can sign in here: the service's public address is {public_url}, without encryption, and browsers keep no sign-in cookies \
                 there. Public data is shown all the same. The administrator can give the service an https address (--public-url)."
            ),
        )
    }

    /// Too many attempts.
    pub(crate) fn too_often(retry_after_s: u32) -> Self {
        let minutes = retry_after_s.div_ceil(60);
        let (it, en) = (
            format!("Troppi tentativi. Riprova fra {minutes} minuti, o entra con una passkey."),
            format!("Too many attempts. Try again in {minutes} minutes, or sign in with a passkey."),
        );
        Self { problem: Problem::too_many_requests(en.clone(), retry_after_s).into(), text: Text::new(it, en) }
    }

    /// For a moment.
    pub(crate) fn busy() -> Self {
        let (it, en) = ("Troppe richieste insieme: riprova fra qualche secondo.", "Too many requests at once: try again in a few seconds.");
        Self { problem: Problem::unavailable(en, 5).into(), text: Text::new(it, en) }
    }

    /// Another identity source does not answer, or not as it must.
    pub(crate) fn source_away(title: &Text) -> Self {
        let it = format!("{} non risponde adesso. Chi ha già fatto l'accesso può continuare; riprova più tardi.", title.get(Language::It));
        let en = format!("{} does not answer now. Those signed in can go on; try again later.", title.get(Language::En));
        Self { problem: Problem::unavailable(en.clone(), 30).into(), text: Text::new(it, en) }
    }

    /// Another source vouches for somebody who has no account.
    pub(crate) fn no_account() -> Self {
        Self::new(
            Problem::unauthorized,
            "Sappiamo chi sei, ma qui non hai un accesso. Chiedi un invito a chi amministra il servizio.",
            "We know who you are, but you have no account here. Ask the administrator for an invitation.",
        )
    }

    /// The words for a person.
    pub fn text(&self, language: Language) -> &str {
        self.text.get(language)
    }

    /// The document for a program.
    pub fn problem(&self) -> Problem {
        (*self.problem).clone()
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let text = Text::new("Il servizio non risponde adesso; riprova fra poco.", "The service does not answer now; try again shortly.");
        Self { problem: Problem::database("identity", &error).into(), text }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text.get(Language::En))
    }
}

impl std::error::Error for Failure {}
