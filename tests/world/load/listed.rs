//! Calls at given moments, one after the other, and of callers who wait without end.

use super::*;
use firedrill::drill::Engine;
use firedrill::report::Verdict;

#[test]
fn calls_come_at_the_moments_that_are_listed() {
    let load = format!("{{ at: [ 0s, 10s, 10s, 70s ], {ONE_SECOND} }}");
    let project = Project::new("{ duration: 70s }", &load, "{}");
    let lives = project.lives();
    let arrived = lives
        .values()
        .map(|life| life.arrived.since(Instant::START));
    let expected = [0, 10, 10, 70].map(Duration::from_secs);
    assert_eq!(Vec::from_iter(arrived), expected);
    assert!(lives.values().all(Life::succeeded));
    let shown = json!(project.scenario().load);
    assert_eq!(shown["at"], json!(["0s", "10s", "10s", "70s"]));
}

#[test]
fn moments_that_cannot_be_are_refused() {
    for (at, message) in [
        ("at: [ ]", "this makes no calls"),
        ("at: [ 10s, 5s ]", "`5s` stands behind `10s`"),
        (
            "at: [ 5s, 61s ]",
            "the call at `61s` arrives after the run's end",
        ),
        ("at: [ 5 ]", "a length of time needs a unit"),
        ("at: [ 5s ], rate: 1/s", "`rate` cannot stand beside"),
        ("at: [ 5s ], cv: 2", "`cv` cannot stand beside"),
        (
            "at: [ 5s ], users: { count: 1, think: 1s }",
            "`users` cannot stand beside",
        ),
    ] {
        let load = format!("{{ {at}, {ONE_SECOND} }}");
        let problem = Project::new("{ duration: 1m }", &load, "{}").try_scenario();
        let problem = problem.unwrap_err().to_string();
        assert!(problem.contains(message), "{at}: {problem}");
    }
}

#[test]
fn one_user_without_think_time_calls_again_when_the_call_before_has_ended() {
    let load = format!("{{ users: {{ count: 1, think: 1ms }}, {ONE_SECOND} }}");
    let fault = "{ slow: { at: 10s, for: 5s, target: openai, inject: slow_headers, by: 4s } }";
    let lives = Project::new("{ duration: 1m }", &load, fault).lives();
    let calls = Vec::from_iter(lives.values());
    assert!(calls.len() > 40, "{}", calls.len());
    let mut longest = Duration::ZERO;
    for pair in calls.windows(2) {
        let gap = pair[1].arrived.since(pair[0].end());
        assert_eq!(gap, Duration::from_millis(1), "{pair:?}");
        longest = longest.max(pair[0].length());
    }
    assert!(longest > Duration::from_secs(4), "{longest:?}");
}

#[test]
fn a_caller_without_a_deadline_waits_until_the_run_ends_and_every_measure_has_a_value() {
    let load = format!(
        "{{ at: [ 0s, 10s, 20s, 30s ], deadline: 5s, {ONE_SECOND}, tasks: {{ \
         patient: {{ share: 50%, deadline: none }}, hasty: {{ share: 50% }} }} }}"
    );
    let fault = "{ hang: { at: 5s, for: 20s, target: openai, inject: hang } }";
    let policy = "name: waits\nretry: { max_attempts: 1 }\n";
    let project = Project::new("{ duration: 40s, drain: 10m }", &load, fault);
    let project = project.write("waits.yaml", policy);
    let text = std::fs::read_to_string(project.path()).unwrap();
    let expected = "success_rate <= 50%, success_rate >= 50%, unfinished <= 1, unfinished >= 1, \
        failed_calls(deadline) <= 1, failed_calls(deadline) >= 1, latency.max <= 2s, \
        uptime <= 75%, outage_longest <= 11m";
    let waits = format!("[ ./waits.yaml ]\nexpect: {{ waits: [ {expected} ] }}");
    let text = text.replace("[no-failover]", &waits);
    let project = project.write("drill.yaml", &text);
    let workload = project.workload();
    let patient = |call: &u64| workload.task(CallId(*call)) == Some("patient");
    let struck = [1, 2].map(|call| patient(&call));
    assert_eq!(struck, [false, true], "one of each is struck");
    assert_eq!(workload.deadline(CallId(1)), Some(Duration::from_secs(5)));
    assert_eq!(workload.deadline(CallId(2)), None);
    for engine in [Engine::Wire, Engine::Model] {
        let report = Drill::load(project.path()).unwrap().engine(engine).run();
        let shown = report.render(Format::Table, false);
        assert_eq!(report.verdict(), Verdict::Holds, "{shown}");
    }
}

#[test]
fn an_answer_that_is_whole_at_its_deadline_counts_and_one_a_millisecond_later_does_not() {
    let project = |load: &str, judged: &str| {
        let load = format!("{{ at: [ 0s ], {load}, {ONE_SECOND} }}");
        let project = Project::new("{ duration: 1m }", &load, "{}");
        let text = std::fs::read_to_string(project.path()).unwrap();
        let text = text.replace("[no-failover]", &format!("[no-failover]\n{judged}"));
        project.write("drill.yaml", &text.replace("one_way: 0ms", "one_way: 1ms"))
    };
    for stream in ["stream: 100%", "stream: 0%"] {
        let length = project(stream, "").lives()[&0].length().as_millis();
        for (early, expected) in [(0, "success_rate >= 100%"), (1, "success_rate <= 0%")] {
            let load = format!("{stream}, deadline: {}ms", length - early);
            let judged = format!("expect: {{ no-failover: [ {expected} ] }}");
            let project = project(&load, &judged);
            for engine in [Engine::Wire, Engine::Model] {
                let report = Drill::load(project.path()).unwrap().engine(engine).run();
                let shown = report.render(Format::Table, false);
                assert_eq!(report.verdict(), Verdict::Holds, "{load}\n{shown}");
            }
        }
    }
}
