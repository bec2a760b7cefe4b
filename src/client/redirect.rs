//! Redirects: where an answer sends its request instead.
//!
//! Only 307 and 308 keep the method and the body, and only the same scheme, host and port get the
//! key. So only those are followed; any other redirect is a failure that says why.

use hyper::header::LOCATION;
use hyper::{HeaderMap, StatusCode, Uri};

use super::connect::Endpoint;

/// The most redirects that one attempt follows.
pub(super) const MOST: u8 = 3;

/// The path to ask for instead, or why the redirect is not followed; `None` if it is none.
pub(super) fn of(
    status: StatusCode,
    headers: &HeaderMap,
    endpoint: &Endpoint,
) -> Option<Result<Uri, String>> {
    if !status.is_redirection() {
        return None;
    }
    let code = status.as_u16();
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    Some(match location {
        None => Err(format!("the answer is a {code} without a `location`")),
        Some(_) if !matches!(code, 307 | 308) => Err(format!(
            "the answer is a redirect by {code}, and only 307 and 308 repeat a POST"
        )),
        Some(location) => within(location.trim(), endpoint),
    })
}

/// The path of a location at the same scheme, host and port.
fn within(location: &str, endpoint: &Endpoint) -> Result<Uri, String> {
    let unclear = || "the answer is a redirect to an address that cannot be read".to_owned();
    if location.starts_with('/') && !location.starts_with("//") {
        return location.parse().map_err(|_| unclear());
    }
    let uri: Uri = location.parse().map_err(|_| unclear())?;
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let to = Endpoint::parse(&format!("{scheme}://{authority}")).ok_or_else(unclear)?;
    let is_same = to.scheme == endpoint.scheme
        && to.host.eq_ignore_ascii_case(&endpoint.host)
        && to.port == endpoint.port;
    if !is_same {
        return Err(format!(
            "the answer is a redirect to {}, and only those within {} are followed",
            to.authority(),
            endpoint.authority()
        ));
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    path.parse().map_err(|_| unclear())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(status: u16, location: Option<&str>) -> Option<Result<String, String>> {
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(LOCATION, location.parse().unwrap());
        }
        let endpoint = Endpoint::parse("http://api.test:8080/v1").unwrap();
        let led = of(StatusCode::from_u16(status).unwrap(), &headers, &endpoint);
        led.map(|led| led.map(|uri| uri.to_string()))
    }

    #[test]
    fn only_the_same_host_is_followed_and_only_where_the_method_stays() {
        let path = |path: &str| Some(Ok(path.to_owned()));
        assert_eq!(led(200, Some("/v2")), None);
        assert_eq!(led(307, Some("/v2/chat?x=1")), path("/v2/chat?x=1"));
        assert_eq!(
            led(308, Some("http://API.test:8080/v2?x=1")),
            path("/v2?x=1")
        );
        for (status, location) in [
            (301, Some("/v2")),
            (302, Some("/v2")),
            (303, Some("/v2")),
            (304, None),
            (307, None),
            (307, Some("https://api.test:8080/v2")),
            (307, Some("http://api.test/v2")),
            (307, Some("http://other.test:8080/v2")),
            (307, Some("//other.test/v2")),
            (307, Some("http://user:pass@api.test:8080/v2")),
            (307, Some("")),
        ] {
            let led = led(status, location);
            assert!(
                matches!(led, Some(Err(_))),
                "{status} {location:?}: {led:?}"
            );
        }
    }
}
