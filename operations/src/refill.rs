//! A form that was refused, shown again with what was sent and what is wrong beside each field. It is read off its own page, whose text
//! our templates wrote: attributes stand in double quotes, in which there is no `>`.

use kernel::Language;
use maud::{Markup, html};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::page::say;

/// What was sent, and what was answered.
pub(crate) struct Refused<'a> {
    /// The path that the form was sent to.
    pub(crate) to: &'a str,
    /// Its fields, without those that were left empty.
    pub(crate) fields: &'a Map<String, Value>,
    /// The problem.
    pub(crate) problem: &'a Value,
    /// Of what is told.
    pub(crate) language: Language,
}

impl Refused<'_> {
    /// The page at this path with its form filled. `None` if it has no form that sends these fields there.
    pub(crate) fn on(&self, page: &str, at: &str) -> Option<String> {
        let (start, end) = self.form(page, at)?;
        let form = &page[start..end];
        let after_title = page.find("</h1>")? + "</h1>".len();
        if after_title > start {
            return None;
        }
        // a form that is folded away is opened
        let before = &page[after_title..start];
        let folded = before.rfind("<details").filter(|at| before.rfind("</details>").is_none_or(|end| end < *at));
        let (shown, hidden) = before.split_at(folded.map_or(before.len(), |at| at + "<details".len()));
        let open = if folded.is_some() { " open" } else { "" };
        let whole = [&page[..after_title], &self.summary(form).0, shown, open, hidden, &self.filled(form), &page[end..]].concat();
        Some(if at == self.to { whole } else { moved(&whole, at, self.to) })
    }

    /// Where the form is: the first that is sent to the same place and has all the fields.
    fn form(&self, page: &str, at: &str) -> Option<(usize, usize)> {
        page.match_indices("<form").find_map(|(start, _)| {
            let tag = &page[start..start + page[start..].find('>')? + 1];
            let end = start + page[start..].find("</form>")?;
            let is_same = resolve(at, attribute(tag, "action").unwrap_or_default()) == *percent_decode_str(self.to).decode_utf8_lossy();
            let has_all = self.fields.keys().all(|name| page[start..end].contains(&format!(" name=\"{}\"", escaped(name))));
            (is_same && has_all && attribute(tag, "method") == Some("post")).then_some((start, end))
        })
    }

    fn errors(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().map(|e| (e["field"].as_str().unwrap_or_default(), e["detail"].as_str().unwrap_or_default()))
    }

    fn error(&self, name: &str) -> Option<&str> {
        self.errors().find(|(field, _)| !name.is_empty() && *field == name).map(|(_, detail)| detail)
    }

    /// All that is wrong, with a way to each field.
    fn summary(&self, form: &str) -> Markup {
        let l = self.language;
        let known = |name: &str| form.contains(&format!(" name=\"{}\"", escaped(name)));
        let label = |name: &str| {
            let (_, rest) = form.split_once(&format!("<label for=\"{}\">", escaped(name)))?;
            rest.split_once("</label>").map(|(label, _)| maud::PreEscaped(label.to_owned()))
        };
        html! {
            div.note role="alert" {
                @if self.errors().next().is_none() {
                    p { (self.problem["detail"].as_str().unwrap_or_default()) }
                } @else {
                    p { strong { (say(l, "Non è stato registrato nulla. Da correggere:", "Nothing was recorded. To be mended:")) } }
                    ul { @for (name, detail) in self.errors() {
                        li {
                            @if known(name) && !name.is_empty() { a href=(format!("#error-{name}")) { @match label(name) { Some(label) => (label), None => (name) } } ": " }
                            @else if !name.is_empty() { strong { (name) } ": " }
                            (detail)
                        }
                    } }
                }
            }
        }
    }

    /// The form with the values that were sent. Its key stays its own: this is another request.
    fn filled(&self, form: &str) -> String {
        let (mut out, mut rest, mut told) = (String::with_capacity(form.len() + 1_024), form, Vec::new());
        while let Some((text, tag, after)) = next_tag(rest) {
            out.push_str(text);
            rest = after;
            let name = attribute(tag, "name").map(unescaped).unwrap_or_default();
            let (sent, error) = (self.sent(&name), self.error(&name).filter(|_| !told.contains(&name)));
            let first = sent.first().copied();
            match element(tag) {
                "input" => out.push_str(&input(tag, &sent, error.is_some())),
                "select" => {
                    let (options, after) = rest.split_once("</select>").unwrap_or((rest, ""));
                    out.push_str(&[&*marked(tag, error.is_some()), &chosen(options, first.unwrap_or_default()), "</select>"].concat());
                    rest = after;
                }
                "textarea" => {
                    let (_, after) = rest.split_once("</textarea>").unwrap_or((rest, ""));
                    // the first line feed is none of the text
                    out.push_str(&[&*marked(tag, error.is_some()), "\n", &escaped(first.unwrap_or_default()), "</textarea>"].concat());
                    rest = after;
                }
                _ => out.push_str(tag),
            }
            if let Some(error) = error {
                out.push_str(&html! { small.error id=(format!("error-{name}")) { (error) } }.into_string());
                told.push(name);
            }
        }
        out + rest
    }

    fn sent(&self, name: &str) -> Vec<&str> {
        match self.fields.get(name) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            Some(value) => value.as_str().into_iter().collect(),
            None => Vec::new(),
        }
    }
}

fn input(tag: &str, sent: &[&str], wrong: bool) -> String {
    match attribute(tag, "type").unwrap_or("text") {
        "hidden" if attribute(tag, "name") == Some("_key") || sent.is_empty() => tag.to_owned(),
        "file" => marked(tag, wrong),
        "radio" | "checkbox" => {
            let own = attribute(tag, "value").map_or("on".to_owned(), unescaped);
            let tag = without(tag, "checked");
            if sent.contains(&&*own) { with(&tag, "checked", "") } else { tag }
        }
        _ => {
            let tag = marked(&without(tag, "value"), wrong);
            sent.first().map_or(tag.clone(), |value| with(&tag, "value", value))
        }
    }
}

/// The options of a list with this one chosen.
fn chosen(options: &str, value: &str) -> String {
    let (mut out, mut rest) = (String::new(), options);
    while let Some((text, tag, after)) = next_tag(rest) {
        let plain = without(tag, "selected");
        let is_it = element(tag) == "option" && attribute(tag, "value").map(unescaped).as_deref() == Some(value);
        out.push_str(text);
        out.push_str(&if is_it { with(&plain, "selected", "") } else { plain });
        rest = after;
    }
    out + rest
}

/// The tag of a field that is wrong says so, and where it is told why.
fn marked(tag: &str, wrong: bool) -> String {
    if !wrong {
        return tag.to_owned();
    }
    let told = format!("error-{}", attribute(tag, "name").map(unescaped).unwrap_or_default());
    let described = attribute(tag, "aria-describedby").map_or(told.clone(), |hint| format!("{} {told}", unescaped(hint)));
    with(&with(&without(tag, "aria-describedby"), "aria-describedby", &described), "aria-invalid", "true")
}

/// What stands before the next tag, the tag, and what comes after it.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find('<')?;
    let end = begin + text[begin..].find('>')? + 1;
    Some((&text[..begin], &text[begin..end], &text[end..]))
}

fn element(tag: &str) -> &str {
    tag[1..].split([' ', '>']).next().unwrap_or_default()
}

/// An attribute's value as it is written.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn without(tag: &str, name: &str) -> String {
    match attribute(tag, name) {
        Some(value) => tag.replacen(&format!(" {name}=\"{value}\""), "", 1),
        None => tag
            .strip_suffix(&format!(" {name}>"))
            .map(|rest| format!("{rest}>"))
            .unwrap_or_else(|| tag.replacen(&format!(" {name} "), " ", 1)),
    }
}

fn with(tag: &str, name: &str, value: &str) -> String {
    let value = if value.is_empty() { String::new() } else { format!("=\"{}\"", escaped(value)) };
    format!("{} {name}{value}>", tag.trim_end_matches('>'))
}

fn escaped(text: &str) -> String {
    html! { (text) }.into_string()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// A page whose relative links are those of one path, as it is shown at another.
fn moved(page: &str, at: &str, to: &str) -> String {
    let up = "../".repeat(to.matches('/').count().saturating_sub(1));
    let folder = at.rsplit_once('/').map_or("", |(folder, _)| folder).trim_start_matches('/');
    let (mut out, mut rest) = (String::with_capacity(page.len() * 9 / 8), page);
    while let Some((text, tag, after)) = next_tag(rest) {
        out.push_str(text);
        rest = after;
        let link = ["href", "src", "action"].into_iter().find_map(|name| Some((name, attribute(tag, name)?)));
        out.push_str(&match link {
            Some((name, link))
                if !link.starts_with(['#', '/']) && !link.split(['/', '?']).next().is_some_and(|first| first.contains(':')) =>
            {
                let base = if link.starts_with('?') { at.trim_start_matches('/').to_owned() } else { format!("{folder}/") };
                tag.replacen(&format!(" {name}=\"{link}\""), &format!(" {name}=\"{up}{base}{link}\""), 1)
            }
            _ => tag.to_owned(),
        });
    }
    out + rest
}

/// The path that a link on the page at a path leads to, decoded.
fn resolve(at: &str, link: &str) -> String {
    let link = unescaped(link);
    let base = at.rsplit_once('/').map_or("", |(base, _)| base);
    let whole = match link.as_str() {
        "" => at.to_owned(),
        link if link.starts_with('/') => link.to_owned(),
        link => format!("{base}/{link}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').skip(1) {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    // a direction at the end names a folder
    let folder = if whole.ends_with("/.") || whole.ends_with("/..") { "/" } else { "" };
    percent_decode_str(&format!("/{}{folder}", parts.join("/"))).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Refused, moved, resolve};
    use kernel::Language;
    use serde_json::{Value, json};

    #[test]
    fn links_are_followed_as_a_browser_does() {
        for (at, link, to) in [
            ("/permits/new", "./", "/permits/"),
            ("/permits/a%2Fb", "a%2Fb/steps", "/permits/a/b/steps"),
            ("/public-works/w1", "../public-works/w1/state", "/public-works/w1/state"),
            ("/environment/datasets/", "", "/environment/datasets/"),
            ("/a/b", "/c", "/c"),
        ] {
            assert_eq!(resolve(at, link), to, "{at} {link}");
        }
    }

    #[test]
    fn a_page_shown_elsewhere_leads_where_it_led() {
        let page = "<a href=\"#a\"><a href=\"/b\"><a href=\"data:,\"><a href=\"?f=json\"><a href=\"./\"><script src=\"../p.js\"></script><form action=\"1/act\">x";
        let shown = "<a href=\"#a\"><a href=\"/b\"><a href=\"data:,\"><a href=\"../../x/1?f=json\"><a href=\"../../x/./\">\
                     <script src=\"../../x/../p.js\"></script><form action=\"../../x/1/act\">x";
        assert_eq!(moved(page, "/x/1", "/x/1/act"), shown);
    }

    fn fill(page: &str, fields: &Value, problem: &Value) -> Option<String> {
        let fields = fields.as_object().unwrap();
        Refused { to: "/x/1/act", fields, problem, language: Language::En }.on(page, "/x/1")
    }

    #[test]
    fn the_form_comes_back_with_what_was_typed_and_what_is_wrong_beside_it() {
        let page = concat!(
            "<h1>X</h1><details><summary>s</summary><form method=\"post\" action=\"1/act\">",
            "<input type=\"hidden\" name=\"_tag\" value=\"new\"><input type=\"hidden\" name=\"_key\" value=\"k2\">",
            "<label for=\"day\">Day</label><input id=\"day\" name=\"day\" value=\"2026-01-01\" type=\"date\" required aria-describedby=\"day-hint\">",
            "<label><input type=\"radio\" name=\"r\" value=\"a\" checked> a</label><label><input type=\"radio\" name=\"r\" value=\"b\"> b</label>",
            "<select name=\"s\"><option value=\"\"> </option><option value=\"p\" selected>P</option><option value=\"q\">Q</option></select>",
            "<textarea name=\"t\" required>old</textarea><input name=\"empty\" value=\"v\" type=\"text\"></form></details><p>after</p>"
        );
        let sent = json!({"_tag": "old", "_key": "k1", "day": "1 \"maggio\" <b>", "r": "b", "s": "q", "t": "a\n</textarea>&"});
        let shown = fill(page, &sent, &json!({"errors": [{"field": "day", "detail": "no <date>"}, {"detail": "else"}]})).unwrap();
        for has in [
            "<h1>X</h1><div class=\"note\" role=\"alert\">",
            "<a href=\"#error-day\">Day</a>: no &lt;date&gt;</li><li>else</li>",
            "<details open><summary>",
            "name=\"_tag\" value=\"old\">",
            "name=\"_key\" value=\"k2\">",
            "type=\"date\" required aria-describedby=\"day-hint error-day\" aria-invalid=\"true\" value=\"1 &quot;maggio&quot; &lt;b&gt;\"><small class=\"error\" id=\"error-day\">no &lt;date&gt;</small>",
            "name=\"r\" value=\"a\"> a",
            "name=\"r\" value=\"b\" checked> b",
            "<option value=\"p\">P</option><option value=\"q\" selected>Q</option></select>",
            "<textarea name=\"t\" required>\na\n&lt;/textarea&gt;&amp;</textarea>",
            "<input name=\"empty\" type=\"text\"></form></details><p>after</p>",
        ] {
            assert!(shown.contains(has), "{has}\n{shown}");
        }
        let detail = fill(page, &sent, &json!({"detail": "another has the same"})).unwrap();
        assert!(detail.contains("<p>another has the same</p>"), "{detail}");
    }

    #[test]
    fn a_page_without_the_form_is_left_alone() {
        let page = "<h1>X</h1><form method=\"post\" action=\"1/other\"><input name=\"a\"></form><form method=\"post\" action=\"1/act\"><input name=\"a\"></form>";
        assert!(fill(page, &json!({"a": "1"}), &json!({})).unwrap().contains("act\"><input name=\"a\" value=\"1\">"));
        for (page, sent) in [(page, json!({"b": "1"})), ("<h1>X</h1>", json!({})), ("", json!({})), ("<form", json!({}))] {
            assert!(fill(page, &sent, &json!({})).is_none(), "{page}");
        }
    }
}
