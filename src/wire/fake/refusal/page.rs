//! Errors of servers in front of the vendors': pages in HTML, shortened to what distinguishes them
//! from JSON, and the errors of the content delivery network.

use super::{BodyShape, Row};
use crate::wire::fake::Cause;
use crate::wire::fake::head::reason;
use crate::wire::fake::spec::{FakeSpec, Page};

/// Additional errors of dialects behind Cloudflare (claude-code #3197, #12208, #30437).
pub(super) const CLOUDFLARE: &[(Cause, Row)] = &[
    (Cause::Challenge, Row::shaped(403, BodyShape::Challenge)),
    (Cause::Edge, Row::shaped(520, BodyShape::Page)),
    (Cause::EdgeEmpty, Row::shaped(520, BodyShape::Empty)),
    (Cause::EdgeJson, Row::shaped(520, BodyShape::EdgeJson)),
];

/// The page for `status`: Cloudflare's for its own statuses, else that of the server in front of
/// the vendor.
pub(in crate::wire::fake) fn html(spec: &FakeSpec, status: u16) -> String {
    let reason = reason(status);
    match spec.page {
        _ if (520..=526).contains(&status) => cloudflare(spec, status),
        Page::Cloudflare => cloudflare(spec, status),
        Page::Google if status < 500 => format!(
            "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {status} \
             ({reason})!!1</title>\n  <p><b>{status}.</b> <ins>That\u{2019}s an error.</ins>\n  \
             <p>The requested URL was not found on this server.  <ins>That\u{2019}s all we \
             know.</ins>\n"
        ),
        Page::Google => format!(
            "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {status} \
             ({reason})!!1</title>\n  <p><b>{status}.</b> <ins>That\u{2019}s an error.</ins>\n  \
             <p>The server encountered a temporary error and could not complete your request.\n"
        ),
        Page::Plain(server) => plain(status, server),
    }
}

/// The page that asks for proof of a human.
pub(super) fn challenge(spec: &FakeSpec) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Just a moment...</title></head>\n\
         <body><noscript>Enable JavaScript and cookies to continue</noscript>\n\
         <!-- {} --></body>\n</html>\n",
        spec.host
    )
}

/// The network's own JSON.
pub(super) fn edge_json(status: u16) -> String {
    format!(
        "{{\"cloudflare_error\":true,\"status\":{status},\"title\":\"Error {status}: {}\",\
         \"retryable\":{}}}",
        reason(status),
        status >= 500,
    )
}

fn cloudflare(spec: &FakeSpec, status: u16) -> String {
    let (host, reason) = (spec.host, reason(status));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>{host} | {status}: {reason}</title>\
         </head>\n<body><h1>{reason} <span>Error code {status}</span></h1></body>\n</html>\n"
    )
}

fn plain(status: u16, server: &str) -> String {
    let reason = reason(status);
    format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>\
         {status} {reason}</h1></center>\r\n<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    )
}
