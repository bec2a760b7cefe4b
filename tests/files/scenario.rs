//! A scenario file is read as a whole, or refused with a location, a caret and a hint.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use firedrill::Diagnostic;
use firedrill::scenario::{Arrivals, Calls, Loaded, load};
use firedrill::units::{Rate, Share, TokenRate, duration};
use serde_json::json;
use tempfile::TempDir;
use wrong::{NO_SCENARIO, WRONG, WRONG_LOAD};

mod faults;
mod mistakes;
mod operations;
mod physics;
mod wrong;

/// A project with one scenario file in it.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/policies")).unwrap();
        fs::create_dir_all(folder.path().join("a/scenarios")).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a/scenarios/story.yaml")
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.folder.path().join(name), bytes).unwrap();
        self
    }

    fn load(
        &self,
        text: impl AsRef<[u8]>,
        overrides: &[(&str, &str)],
    ) -> Result<Loaded, Diagnostic> {
        self.write("a/scenarios/story.yaml", text);
        let overrides: Vec<(String, String)> = overrides
            .iter()
            .map(|(path, value)| (path.to_string(), value.to_string()))
            .collect();
        load(self.path(), &overrides)
    }
}

fn understood(text: &str, overrides: &[(&str, &str)]) -> Loaded {
    Project::new()
        .load(text, overrides)
        .unwrap_or_else(|problem| panic!("{problem}"))
}

/// A wrong file is refused at `place` (line, column), with a caret and these words.
fn refused(project: &Project, text: &[u8], place: (usize, usize), words: [&str; 2]) {
    let shown = match project.load(text, &[]) {
        Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(text)),
        Err(problem) => {
            let shown = problem.to_string();
            assert_eq!((problem.line(), problem.column()), place, "{shown}");
            shown
        }
    };
    assert!(
        shown.contains("story.yaml") && shown.contains('^'),
        "{shown}"
    );
    for word in words {
        assert!(shown.contains(word), "`{word}` is not in\n{shown}");
    }
}

/// [`STORY`], with `old` replaced by `new`.
fn story(old: &str, new: &str) -> String {
    assert_eq!(STORY.matches(old).count(), 1, "`{old}`");
    STORY.replace(old, new)
}

#[test]
fn wrong_files_say_where_what_and_what_to_write() {
    let project = Project::new();
    for (old, new, place, words) in WRONG {
        refused(&project, story(old, new).as_bytes(), *place, *words);
    }
    for (load, column, words) in WRONG_LOAD {
        let text = story("rate: 2/s", load);
        refused(&project, text.as_bytes(), (9, *column), *words);
    }
}

#[test]
fn files_that_are_no_scenario_are_refused() {
    let project = Project::new();
    for (bytes, place, words) in NO_SCENARIO {
        refused(&project, bytes, *place, *words);
    }
    let missing = load(Path::new("no/such/story.yaml"), &[]).unwrap_err();
    assert!(
        missing.to_string().contains("no/such/story.yaml"),
        "{missing}"
    );
    let folder = load(project.folder.path(), &[]).unwrap_err();
    assert!(folder.to_string().contains("folder"), "{folder}");
}

#[test]
fn a_path_in_a_file_stays_inside_the_project() {
    let project = Project::new();
    project.write("t.csv", TRACE).write("a/t.csv", TRACE);
    let with = |path: &str| story("rate: 2/s", &format!("trace: {path}"));
    for outside in [
        "../../t.csv",
        "/t.csv",
        "../scenarios/../../t.csv",
        "../../none.csv",
    ] {
        let words = [
            "leaves the project",
            "a path in a file is relative to that file",
        ];
        refused(&project, with(outside).as_bytes(), (9, 16), words);
    }
    let policy = story("[ resilient ]", "[ resilient, ../../mine.yaml ]");
    refused(
        &project,
        policy.as_bytes(),
        (11, 24),
        ["leaves the project", "policies/"],
    );
    assert!(project.load(with("../t.csv"), &[]).is_ok());
    #[cfg(unix)]
    {
        let folder = project.folder.path();
        std::os::unix::fs::symlink(folder.join("t.csv"), folder.join("a/link.csv")).unwrap();
        let words = ["leaves the project", "policies/"];
        refused(&project, with("../link.csv").as_bytes(), (9, 16), words);
    }
}

#[test]
fn without_policies_the_project_is_the_files_own_folder() {
    let project = Project::new();
    fs::remove_dir(project.folder.path().join("a/policies")).unwrap();
    project.write("a/t.csv", TRACE);
    let outside = story("rate: 2/s", "trace: ../t.csv");
    refused(
        &project,
        outside.as_bytes(),
        (9, 16),
        ["leaves the project", "the file's own"],
    );
}

#[test]
fn a_wrong_trace_is_shown_in_its_own_file() {
    let project = Project::new();
    project.write("a/scenarios/t.csv", format!("{TRACE}3,many,1\n"));
    let problem = project
        .load(story("rate: 2/s", "trace: t.csv"), &[])
        .unwrap_err();
    let shown = problem.to_string();
    assert_eq!((problem.line(), problem.column()), (4, 3), "{shown}");
    for part in [
        "t.csv:4:3",
        "`input_tokens`",
        "3,many,1",
        "^^^^",
        "write digits only",
    ] {
        assert!(shown.contains(part), "`{part}` is not in\n{shown}");
    }
    project.write("a/scenarios/t.csv", b"arrival_s\n\xff\xfe");
    let problem = project
        .load(story("rate: 2/s", "trace: t.csv"), &[])
        .unwrap_err();
    assert_eq!((problem.line(), problem.column()), (2, 1), "{problem}");
}

#[test]
fn a_trace_lifts_the_run_and_silences_what_it_replaces() {
    let project = Project::new();
    project.write("a/scenarios/t.csv", TRACE);
    let text = story("rate: 2/s", "trace: t.csv, rate: 9/d").replace("duration: 10m, ", "");
    let text = text.replace("at: 2m", "at: 2s");
    let scenario = project.load(text, &[]).unwrap().scenario;
    assert_eq!(scenario.run.duration, Duration::from_millis(2_500));
    let Calls::Trace { shown, rows, .. } = &scenario.load.calls else {
        panic!("it is no trace");
    };
    assert_eq!((shown.as_str(), rows.len()), ("t.csv", 2));
    assert_eq!(
        scenario.resolved()["load"],
        json!({ "trace": "t.csv", "rows": 2, "stream": "0%", "deadline": null, "clients": 1 })
    );
}

#[test]
fn a_trace_is_replayed_as_long_as_the_run_lasts() {
    let project = Project::new();
    project.write("a/scenarios/t.csv", TRACE);
    let load = |duration: &str, faults: &str| {
        let text = story("rate: 2/s", "trace: t.csv");
        let text = text.replace("at: 2m", faults);
        project.load(text.replace("duration: 10m, ", duration), &[])
    };
    let rows = |duration: &str| {
        let scenario = load(duration, "at: 0s").unwrap().scenario;
        let Calls::Trace { rows, .. } = &scenario.load.calls else {
            panic!("it is no trace");
        };
        (rows.len(), scenario.run.duration.as_millis())
    };
    assert_eq!(rows("duration: 2499ms, "), (1, 2_499));
    assert_eq!(rows("duration: 2500ms, "), (2, 2_500));
    assert_eq!(rows("duration: 1h, "), (2, 3_600_000));
    // A fault that no call could meet is refused.
    assert!(load("", "at: 2500ms").is_ok());
    let late = load("", "at: 2501ms").unwrap_err().to_string();
    let why = "the last call of the trace arrives 2.5s into the run: this would never fire";
    assert!(
        late.contains(why) && late.contains("start it by 2.5s"),
        "{late}"
    );
    let late = load("duration: 2s, ", "at: 2s").unwrap_err().to_string();
    assert!(late.contains("the run is over by then"), "{late}");
}

#[test]
fn a_trace_on_the_command_line_may_lie_anywhere() {
    let project = Project::new();
    project.write("t.csv", TRACE);
    let path = project.folder.path().join("t.csv");
    let set = [("load.trace", path.to_str().unwrap())];
    let loaded = project.load(STORY, &set).unwrap();
    assert!(matches!(&loaded.scenario.load.calls, Calls::Trace { rows, .. } if rows.len() == 2));
    // No absolute path reaches a result.
    assert_eq!(loaded.scenario.resolved()["load"]["trace"], "t.csv");
    let missing = project
        .load(STORY, &[("load.trace", "none.csv")])
        .unwrap_err()
        .to_string();
    for part in [
        "--set load.trace=none.csv",
        "cannot be read",
        "the current directory",
    ] {
        assert!(missing.contains(part), "`{part}` is not in\n{missing}");
    }
}

#[test]
fn the_command_line_wins_over_the_file() {
    let set = [
        ("run.seeds", "7..9"),
        ("faults.down.for", "30s"),
        ("providers.openai.speed", "5 tok/s"),
        ("policy.retry.max_attempts", "nonsense"),
    ];
    let scenario = understood(STORY, &set).scenario;
    assert_eq!(scenario.run.seeds, 7..=9);
    assert_eq!(
        scenario.faults[0].windows.length,
        Some(Duration::from_secs(30))
    );
    assert_eq!(scenario.providers[0].speed.p50, TokenRate::per_second(5));
    let problem = Project::new()
        .load(STORY, &[("load.rate", "2")])
        .unwrap_err();
    assert!(
        problem.to_string().contains("--set load.rate=2"),
        "{problem}"
    );
}

#[test]
fn a_project_is_found_from_wherever_its_file_is_named() {
    let project = Project::new();
    let loaded = project.load(STORY, &[]).unwrap();
    assert_eq!(loaded.root, project.folder.path().join("a"));
    let keys = ["policies", "0"];
    let near = loaded.locate(&keys, "./mine.yaml").unwrap();
    assert_eq!(near, project.folder.path().join("a/scenarios/./mine.yaml"));
    assert!(loaded.locate(&keys, "../../mine.yaml").is_err());
}

#[test]
fn an_unrelated_folder_of_policies_above_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let (home, work) = (folder.path(), folder.path().join("work"));
    fs::create_dir_all(home.join("policies")).unwrap();
    fs::create_dir_all(&work).unwrap();
    fs::write(work.join("story.yaml"), STORY).unwrap();
    let root = || load(work.join("story.yaml"), &[]).unwrap().root;
    assert_eq!(root(), work, "there is no repository");
    fs::create_dir(work.join(".git")).unwrap();
    assert_eq!(root(), work, "the repository begins below it");
    fs::rename(work.join(".git"), home.join(".git")).unwrap();
    assert_eq!(root(), home, "it is in the same repository");
}

#[test]
fn defaults_are_filled_in_and_shown() {
    let resolved = understood(STORY, &[]).scenario.resolved();
    let expected = json!({
        "name": "story",
        "about": "",
        "run": { "duration": "10m", "seeds": "1..2", "drain": "1h" },
        "network": { "one_way": "1ms" },
        "providers": [{
            "name": "openai", "dialect": "openai", "model": "gpt-4.1",
            "ttft": { "p50": duration::write(Duration::from_millis(600)), "p99": "3s" },
            "speed": "130 tok/s",
            "limits": { "rpm": null }, "one_way": "1ms",
            "price": {
                "input": "2 USD", "output": "8 USD", "per": "1M tok",
                "source": "genai-prices v2, 2026-08-21",
            },
        }],
        "load": {
            "arrivals": "poisson", "rate": "2/s",
            "prompt": { "p50": "900 tok", "p99": "8k tok" },
            "output": { "p50": "220 tok", "p99": "220 tok" },
            "stream": "0%", "deadline": null, "clients": 1,
        },
        "faults": [{
            "name": "down", "target": "openai", "inject": "outage",
            "at": "2m", "for": "3m", "every": null, "chance": "100%", "burst": null,
        }],
        "policies": ["resilient"],
        "expect": { "resilient": ["success_rate during down >= 99%"] },
        "uptime": { "window": "10s", "down_above": "5%" },
    });
    assert_eq!(resolved, expected, "{resolved:#}");
}

#[test]
fn a_fleet_and_a_load_are_understood_in_full() {
    let scenario = understood(FULL, &[]).scenario;
    let names: Vec<&str> = scenario
        .providers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["zeta", "alpha"], "the fleet keeps the file's order");
    let alpha = &scenario.providers[1];
    assert_eq!(alpha.one_way, Duration::from_millis(20));
    assert_eq!(alpha.ttft.p50, alpha.ttft.p99);
    assert_eq!(alpha.price.source, "this scenario");
    assert_eq!(scenario.providers[0].one_way, Duration::from_millis(3));
    assert_eq!(scenario.providers[0].limits.requests[0].count, 5_000);
    let Calls::Drawn { arrivals, rate, .. } = scenario.load.calls else {
        panic!("it is drawn");
    };
    assert_eq!(arrivals, Arrivals::Constant);
    assert_eq!(rate, Rate::parse("1/min").unwrap().into());
    assert_eq!(scenario.load.common.stream, Some(Share::percent(60)));
    assert_eq!(scenario.load.clients, 3);
    assert_eq!(scenario.expect[0].0, "not-in-the-run");
}

#[test]
fn what_is_shown_as_understood_does_not_depend_on_the_order_of_sections() {
    let once = understood(FULL, &[]).scenario.resolved().to_string();
    let mut sections: Vec<String> = Vec::new();
    for line in FULL.lines() {
        match sections.last_mut().filter(|_| line.starts_with([' ', '#'])) {
            Some(section) => *section += &format!("{line}\n"),
            None => sections.push(format!("{line}\n")),
        }
    }
    sections.reverse();
    let turned = sections.concat();
    assert_ne!(turned, FULL);
    assert_eq!(
        once,
        understood(&turned, &[]).scenario.resolved().to_string()
    );
    for part in [
        "\"sticky\":\"1s\"",
        "\"inject\":503",
        "\"silence\":\"20s\"",
        "\"every\":\"1h\"",
    ] {
        assert!(once.contains(part), "`{part}` is not in {once}");
    }
}

const TRACE: &str = "arrival_s,input_tokens,output_tokens\n0.5,374,44\n3,396,109\n";

const STORY: &str = "\
name: story
run: { duration: 10m, seeds: 1..2 }
providers:
  openai:
    dialect: openai
    model: gpt-4.1
    ttft: { p50: 600ms, p99: 3s }
    speed: 130 tok/s
load: { rate: 2/s, prompt: { p50: 900 tok, p99: 8k tok }, output: 220 tok }
faults: { down: { at: 2m, for: 3m, target: openai, inject: outage } }
policies: [ resilient ]
expect:
  resilient:
    - success_rate during down >= 99%
";

const FULL: &str = "\
name: story
about: What can be said?
run: { duration: 1d, seeds: 3, drain: 5m }
network: { one_way: 3ms }
providers:
  zeta: { dialect: openai, model: gpt-4.1, ttft: { p50: 1s, p99: 2s },
          speed: 130 tok/s, limits: { rpm: 5_000 } }
  alpha: { dialect: openai, model: own/model, ttft: 1s, speed: 0.5 tok/s,
           one_way: 20ms, price: { input: 2 USD, output: 8.5 USD } }
load:
  arrivals: constant
  rate: 1/min
  prompt: { p50: 900 tok, p99: 8k tok }
  output: { p50: 220 tok, p99: 1.5k tok }
  stream: 60%
  deadline: 30s
  clients: 3
faults:
  storm: { at: 7m, for: 4m, target: alpha, inject: 429, rate: 60%, retry_after: 20s, sticky: call }
  broken: { target: zeta, inject: 503, rate: 2%, sticky: 1s }
  brownout: { at: 1h, for: 10m, every: 1h, target: zeta, inject: slow, factor: 2.5 }
  cut: { target: zeta, inject: stream_cut, rate: 2%, after: 80 tok, with: fin }
  stall: { target: zeta, inject: stall, after: 0 tok, silence: 20s }
  silent: { at: 5h, for: 1h, target: alpha, inject: hang }
  dark: { at: 5h, target: alpha, inject: blackhole }
policies: [ no-failover, ./mine.yaml ]
expect:
  not-in-the-run: [ success_rate during storm < 50%, latency.p95 > 1s ]
  no-failover: []
uptime: { window: 1m, down_above: 10% }
";
