//! Pages in place of an error: what an HTML page of a proxy says to its reader.

/// Whether a text is HTML.
pub(super) fn is_page(text: &str) -> bool {
    let start = text.trim_start();
    let start = &start[..start.floor_char_boundary(64)];
    let start = start.to_ascii_lowercase();
    ["<!doctype", "<html", "<head", "<body", "<?xml"]
        .iter()
        .any(|tag| start.starts_with(tag))
}

/// The text of a page, without its tags, scripts and styles. Its head says what is wrong; the rest
/// of a long page is about something else.
pub(super) fn text(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, tag_and_more)) = rest.split_once('<') {
        push(&mut text, before);
        let Some((tag, more)) = tag_and_more.split_once('>') else {
            return text;
        };
        rest = match SILENT.iter().find(|name| names(tag, name)) {
            Some(name) => behind_end(more, name),
            None => more,
        };
        if text.len() > LONGEST {
            return text;
        }
    }
    push(&mut text, rest);
    text
}

fn push(text: &mut String, piece: &str) {
    let piece = piece.trim();
    if !piece.is_empty() {
        text.push_str(if text.is_empty() { "" } else { " " });
        text.push_str(piece);
    }
}

/// Whether a tag has this name.
fn names(tag: &str, name: &str) -> bool {
    let tag = tag.split(|c: char| !c.is_ascii_alphanumeric()).next();
    tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name))
}

/// What stands behind the end of the element with this name.
fn behind_end<'a>(rest: &'a str, name: &str) -> &'a str {
    let ends = rest.match_indices("</").map(|(at, _)| &rest[at + 2..]);
    let mut ends = ends.filter(|tag| names(tag, name));
    let behind = ends.next().and_then(|tag| tag.split_once('>'));
    behind.map_or("", |(_, behind)| behind)
}

/// Elements whose content is not for the reader.
const SILENT: [&str; 2] = ["script", "style"];

/// How much of a page is read, in bytes.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_its_title_and_its_text() {
        let page = "<!DOCTYPE html><html><head><title>413 Request Too Large</title>\
            <style>a { color: red }</style><SCRIPT>let billing = 1;</SCRIPT></head>\
            <body><h1>Too large</h1></body></html>";
        assert!(is_page(page));
        assert_eq!(text(page), "413 Request Too Large Too large");
        for broken in ["<html", "<html><script>x", "<", "a<b", "<html></"] {
            text(broken);
        }
        assert!(!is_page("{}"));
        assert!(!is_page("upstream connect error"));
    }
}
