//! The page: its parts, and that no name and no secret breaks out of it.

use firedrill::policy::{FailureClass, FailureReason};
use firedrill::report::{Format, Report, Subject};

use super::rig::{PRIMARY, Story, fault, secs, subject};

/// The texts of headings, summaries and captions, in order: what a screen reader lists.
fn outline(page: &str) -> String {
    let tags = ["title", "h1", "h2", "h3", "summary", "caption"];
    let mut lines = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split_whitespace().next().unwrap_or_default();
        if tags.contains(&name) {
            lines.push(format!("{name}:"));
        }
        let is_closing = tags.iter().any(|name| tag == format!("/{name}"));
        if !is_closing && !text.trim().is_empty() && !lines.is_empty() {
            let words = Vec::from_iter(text.split_whitespace()).join(" ");
            match lines.last_mut() {
                Some(line) if !line.ends_with('\n') => *line += &format!(" {words}"),
                _ => {}
            }
        }
        if is_closing && let Some(line) = lines.last_mut() {
            line.push('\n');
        }
    }
    lines.concat()
}

/// A call every ten seconds for ten minutes, of which one in three fails.
fn report(subject: &Subject, policy: &str) -> Report {
    let mut story = Story::of(subject);
    for nth in 0..60 {
        let at = secs(nth * 10);
        let mut call = story.call(at);
        call.asks(at, PRIMARY);
        if nth % 3 > 0 {
            call.answered(at + 900);
            continue;
        }
        let class = FailureClass::Connect;
        call.fails(at + 4, class);
        call.ends(at + 5, FailureReason::Exhausted(class));
    }
    Report::new(
        subject,
        "x.yaml",
        "1..2",
        vec![(policy.to_owned(), story.end())],
    )
}

#[test]
fn a_page_has_its_parts_in_the_order_in_which_a_reader_asks() {
    let mut subject = subject();
    subject.faults = vec![fault("down", 60, 60, None)];
    let page = report(&subject, "naive").render(Format::Html, false);
    insta::assert_snapshot!("page_outline", outline(&page));
}

#[test]
fn no_name_breaks_out_of_a_page_and_no_secret_is_on_it() {
    let mut subject = subject();
    let hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";
    let secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF";
    subject.name = format!("a{hostile}");
    subject.about = format!("{hostile} {secret}");
    subject.faults = vec![fault(hostile, 60, 60, None)];
    subject.providers[0].name = hostile.to_owned();
    subject.notes = vec![format!("note {hostile} {secret}")];
    subject.resolved = serde_json::json!({ "key": secret, "text": hostile });
    let report = report(&subject, hostile);
    for page in [
        report.render(Format::Html, false),
        report.picture(),
        Format::Html.files(&[("a/../b?\"", &report)])[1].1.clone(),
    ] {
        for raw in ["<script>alert", "<img", "onerror=alert(2)>", secret] {
            assert!(!page.contains(raw), "{raw} is in the page");
        }
    }
}
