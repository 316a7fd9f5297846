//! A text looked through before it is parsed: what its words are, and how deep it goes.

use super::super::{Filter, FilterError};

/// A word, a text or a sign.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// The word without its quotes, or the text.
    pub(crate) text: String,
    /// Where it begins, characters from 1.
    pub(crate) at: usize,
    /// Where it begins and ends, bytes.
    bytes: (usize, usize),
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A name or a key word.
    Word,
    /// A name in double quotes.
    Name,
    /// A text in single quotes.
    Text,
    /// A number or a sign.
    Other,
}

/// At which character a byte stands, from 1.
pub(super) fn character(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).count() + 1
}

/// The parts of a text, none deeper than operators may stand in each other.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let (mut all, mut nesting) = (Vec::new(), Nesting::default());
    let mut chars = text.char_indices().enumerate().map(|(number, (byte, c))| (number + 1, byte, c)).peekable();
    while let Some((at, byte, c)) = chars.next() {
        let wrong = |what: &str| Err(FilterError::at_character(at, what));
        if c.is_whitespace() {
            continue;
        }
        if c.is_control() {
            return wrong("a character that controls, as NUL, can't stand in a filter");
        }
        let (kind, mut own) = match c {
            '\'' => (Kind::Text, String::new()),
            '"' => (Kind::Name, String::new()),
            c if is_of_word(c) => (Kind::Word, c.to_string()),
            c => (Kind::Other, c.to_string()),
        };
        let mut end = byte + c.len_utf8();
        match kind {
            Kind::Text | Kind::Name => loop {
                let Some((_, at_end, inner)) = chars.next() else {
                    return wrong("the quotes that begin here do not end");
                };
                end = at_end + inner.len_utf8();
                if inner == '\0' {
                    return wrong("a text can't hold the character NUL");
                }
                if inner != c {
                    own.push(inner);
                } else if chars.next_if(|(.., next)| *next == c).is_some() {
                    own.push(c);
                } else {
                    break;
                }
            },
            Kind::Word => {
                while let Some((_, at_end, next)) = chars.next_if(|(.., next)| is_of_word(*next)) {
                    own.push(next);
                    end = at_end + next.len_utf8();
                }
            }
            Kind::Other => {}
        }
        let token = Token { text: own, at, bytes: (byte, end), kind };
        nesting.take(&token)?;
        all.push(token);
    }
    match nesting.open.last() {
        // the parser takes a geometry for ended where the text ends
        Some(at) => Err(FilterError::at_character(*at, "the parenthesis that begins here does not end")),
        None => Ok(all),
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':')
}

/// How deep the parser will be: what stands in parentheses, behind `NOT` and signs, and in comparisons of comparisons.
#[derive(Default)]
struct Nesting {
    /// For each open parenthesis, and the whole: operators since the last `AND`, `OR` or comma.
    chains: Vec<usize>,
    /// Where each open parenthesis stands.
    open: Vec<usize>,
    depth: usize,
    joined: usize,
}

impl Nesting {
    fn take(&mut self, token: &Token) -> Result<(), FilterError> {
        if self.chains.is_empty() {
            self.chains.push(0);
        }
        let word = token.text.to_ascii_lowercase();
        match (token.kind, word.as_str()) {
            (Kind::Other, "(") => {
                self.chains.push(0);
                self.open.push(token.at);
                self.depth += 1;
            }
            (Kind::Other, ")") if self.open.pop().is_some() => self.depth -= self.chains.pop().unwrap_or_default() + 1,
            (Kind::Other, ")") => return Err(FilterError::at_character(token.at, "there is no open parenthesis that this one ends")),
            (Kind::Other, ",") | (Kind::Word, "and" | "or") => {
                if let Some(chain) = self.chains.last_mut() {
                    self.depth -= std::mem::take(chain);
                }
                self.joined += usize::from(token.kind == Kind::Word);
            }
            (Kind::Other, "=" | "<" | ">" | "!" | "+" | "-" | "*" | "/" | "%" | "^")
            | (Kind::Word, "not" | "like" | "ilike" | "in" | "div" | "between") => {
                if let Some(chain) = self.chains.last_mut() {
                    *chain += 1;
                }
                self.depth += 1;
            }
            _ => {}
        }
        if self.depth > Filter::MAX_DEPTH {
            return Err(FilterError::at_character(
                token.at,
                format!("operators and parentheses stand deeper in each other than {}", Filter::MAX_DEPTH),
            ));
        }
        if self.joined > Filter::MAX_TERMS {
            return Err(FilterError::at_character(token.at, format!("there are more than {} conditions up to here", Filter::MAX_TERMS)));
        }
        Ok(())
    }
}

/// The text with `name ILIKE 'a%'` as `CASEI(name) LIKE CASEI('a%')`: how GDAL has it.
pub(super) fn without_ilike(text: &str, tokens: &[Token]) -> String {
    let (mut out, mut from) = (String::new(), 0);
    for three in tokens.windows(3) {
        let [name, ilike, pattern] = three else { continue };
        let is = ilike.kind == Kind::Word && ilike.text.eq_ignore_ascii_case("ilike");
        if is && matches!(name.kind, Kind::Word | Kind::Name) && pattern.kind == Kind::Text {
            let part = |token: &Token| &text[token.bytes.0..token.bytes.1];
            out.push_str(&text[from..name.bytes.0]);
            out.push_str(&format!("CASEI({}) LIKE CASEI({})", part(name), part(pattern)));
            from = pattern.bytes.1;
        }
    }
    out.push_str(&text[from..]);
    out
}

impl Token {
    /// Whether it is this key word, which is in small letters.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this name or text.
    pub(crate) fn says(&self, text: &str) -> bool {
        match self.kind {
            Kind::Word => self.text.eq_ignore_ascii_case(text),
            _ => self.text == text,
        }
    }
}
