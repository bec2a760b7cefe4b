//! The paths under `/__firedrill`: what goes on, and what can be done about it by hand.
//!
//! They answer on every provider's port and on a port of their own: in an outage the ports of all
//! providers may be closed. Requests to them are neither logged nor counted, and start no time.

use serde_json::{Value, json};

use super::Shared;
use super::answer::Answer;
use super::paths::{HEALTH, decoded};
use super::switches::Switch;
use crate::host::request::Other;
use crate::text::suggestion::suggestion;

/// A path below [`ROOT`] that can be asked.
struct Route {
    method: &'static str,
    /// `NAME` stands for any one segment.
    path: &'static str,
    about: &'static str,
    answer: fn(&Shared, &Asked<'_>) -> Answer,
}

/// What a request to a route holds.
struct Asked<'a> {
    /// The segment in the place of `NAME`.
    name: String,
    /// What follows the question mark.
    query: &'a str,
}

/// Every route, in the order of the documents.
const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "",
        about: "This list.",
        answer: |_, _| Answer::json(200, &index()),
    },
    Route {
        method: "GET",
        path: "/state",
        about: "The time, the faults, and each provider: its port, counts, limits and slots.",
        answer: |shared, _| Answer::json(200, &shared.state()),
    },
    Route {
        method: "POST",
        path: "/start",
        about: "Starts the time, without a request to a model.",
        answer: |shared, _| {
            shared.clock.start();
            Answer::json(200, &shared.state())
        },
    },
    Route {
        method: "POST",
        path: "/reset",
        about: "Sets the time to 0, where it stands. Counts, journal, calls, limits, slots and \
                switches are as at the start; exchanges in progress are cut off.",
        answer: |shared, _| {
            shared.reset();
            Answer::json(200, &shared.state())
        },
    },
    Route {
        method: "GET",
        path: "/journal",
        about: "The last 1,000 requests, without secrets; with `?after=N` those after number N.",
        answer: journal,
    },
    Route {
        method: "GET",
        path: "/faults",
        about: "The faults, and which are active.",
        answer: |shared, _| Answer::json(200, &json!({ "faults": shared.fault_states() })),
    },
    Route {
        method: "POST",
        path: "/faults/NAME/on",
        about: "Makes a fault active, whatever its windows, ramp, bursts and chance say. Its \
                `rate` and `when` stay, and its `times` count anew.",
        answer: |shared, asked| switch(shared, asked, Switch::On),
    },
    Route {
        method: "POST",
        path: "/faults/NAME/off",
        about: "Ends a fault.",
        answer: |shared, asked| switch(shared, asked, Switch::Off),
    },
    Route {
        method: "POST",
        path: "/faults/NAME/auto",
        about: "Returns a fault to its schedule.",
        answer: |shared, asked| switch(shared, asked, Switch::Auto),
    },
];

/// The answer on a provider's port; none when it is not a path of ours.
pub(super) async fn answer(shared: &Shared, other: &Other) -> Option<Answer> {
    let path = other.path().strip_prefix(ROOT)?;
    let is_ours = path.is_empty() || path.starts_with('/');
    let answer = is_ours.then(|| route(shared, other, path.trim_end_matches('/')));
    // What was switched is done before it is answered: ports are closed and opened by their tasks.
    tokio::task::yield_now().await;
    answer
}

/// The answer on the port of these paths alone, which has a health path as well.
pub(super) async fn answer_alone(shared: &Shared, other: &Other) -> Answer {
    let answer = answer(shared, other).await;
    answer.unwrap_or_else(|| match HEALTH.contains(&other.path()) {
        true => health(&other.method),
        false => Answer::error(
            404,
            "this port has no models: only `/health` and the paths under `/__firedrill`",
            &known(),
        ),
    })
}

/// Whether the server runs.
pub(super) fn health(method: &str) -> Answer {
    match method {
        "GET" | "HEAD" => Answer::json(200, &json!({ "status": "ok" })),
        _ => Answer::error(405, "health is only read", "use GET or HEAD").allow("GET, HEAD"),
    }
}

fn route(shared: &Shared, other: &Other, path: &str) -> Answer {
    let found = ROUTES
        .iter()
        .filter_map(|route| Some((route, name_in(route.path, path)?)));
    let found = Vec::from_iter(found);
    let takes = |route: &Route| match other.method.as_str() {
        "HEAD" => route.method == "GET",
        method => route.method == method,
    };
    if let Some((route, name)) = found.iter().find(|(route, _)| takes(route)) {
        let query = other.target.split_once('?').map_or("", |(_, query)| query);
        let name = decoded(name);
        return (route.answer)(shared, &Asked { name, query });
    }
    if let Some((route, _)) = found.first() {
        let error = format!("`{ROOT}{path}` is not a path for {}", other.method);
        return Answer::error(405, &error, &format!("use {}", route.method)).allow(route.method);
    }
    let error = format!("there is no `{ROOT}{path}`");
    let paths = ROUTES.iter().map(|route| route.path);
    let help = suggestion(path, paths, "known:").unwrap_or_default();
    Answer::error(404, &error, &help.replace("`/", &format!("`{ROOT}/")))
}

/// The segment of `path` that `NAME` in `pattern` stands for, or nothing without it; none when the
/// path is another.
fn name_in<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let (patterns, segments) = (pattern.split('/'), path.split('/'));
    if patterns.clone().count() != segments.clone().count() {
        return None;
    }
    let mut name = "";
    for (pattern, segment) in patterns.zip(segments) {
        match pattern {
            "NAME" => name = segment,
            pattern if pattern != segment => return None,
            _ => {}
        }
    }
    Some(name)
}

fn index() -> Value {
    let routes = ROUTES.iter().map(|route| {
        json!({
            "method": route.method,
            "path": format!("{ROOT}{}", route.path),
            "about": route.about,
        })
    });
    json!({ "paths": Vec::from_iter(routes) })
}

fn known() -> String {
    format!("GET {ROOT} lists them")
}

fn journal(shared: &Shared, asked: &Asked<'_>) -> Answer {
    let after = asked
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="));
    match after.unwrap_or("0").parse() {
        Ok(after) => Answer::json(200, &shared.journal.borrow().document(after)),
        Err(_) => Answer::error(
            400,
            "`after` is the number of an entry",
            "write `?after=17`",
        ),
    }
}

fn switch(shared: &Shared, asked: &Asked<'_>, to: Switch) -> Answer {
    let faults = &shared.scenario.faults;
    match faults.iter().position(|fault| fault.name == asked.name) {
        Some(place) => {
            shared.switch(place, to);
            Answer::json(200, &shared.fault_state(place))
        }
        None => {
            let names = faults.iter().map(|fault| fault.name.as_str());
            let help = suggestion(&asked.name, names, "known:");
            let help = help.unwrap_or_else(|| "the scenario has no faults".to_owned());
            Answer::error(404, &format!("unknown fault `{}`", asked.name), &help)
        }
    }
}

/// The root of the paths: no vendor has it.
const ROOT: &str = "/__firedrill";

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(
            name_in("/faults/NAME/on", "/faults/storm/on"),
            Some("storm")
        );
        assert_eq!(name_in("/faults/NAME/on", "/faults/storm/off"), None);
        assert_eq!(name_in("/faults/NAME/on", "/faults/a/b/on"), None);
        assert_eq!(name_in("/state", "/state"), Some(""));
        assert_eq!(name_in("", ""), Some(""));
    }
}
