//! Fleet files: valid ones are read, wrong ones refused with a caret, and no message shows a key.

use std::fs;

use firedrill::client::{Client, FleetFile, LoadError};
use firedrill::units::Money;
use insta::assert_snapshot;

/// A key as people paste it into the wrong place.
const KEY: &str = "sk-proj-Zx81yTQ9aB";

/// What the reader of a wrong file sees.
fn told(text: &str) -> String {
    let problem = FleetFile::parse("fleet.yaml", text).expect_err("this file is wrong");
    let shown = problem.to_string();
    let place = format!("fleet.yaml:{}:{}", problem.line(), problem.column());
    assert!(shown.contains(&place), "{shown}");
    shown
}

const TWO: &str = "\
fleet:
  openai:
    url: https://api.openai.com/v1
    model: gpt-4.1
    keys: [ env:FIRST, env:SECOND ]
    context: 1M tok
    quality: 90
  anthropic:
    dialect: anthropic
    url: https://api.anthropic.com
    model: my-own-model-1
    price: { input: 3 USD, output: 15.00 USD }
";

fn set(name: &str) -> Option<String> {
    ["FIRST", "SECOND"]
        .contains(&name)
        .then(|| format!("{KEY}-{name}\n"))
}

#[test]
fn providers_are_read_in_order_with_the_prices_of_the_book_where_none_is_given() {
    let fleet = FleetFile::parse("fleet.yaml", TWO).unwrap();
    let usd = |text| Money::parse_usd(text);
    let providers = fleet.providers_from(&set).unwrap();
    let members: Vec<_> = providers.iter().map(|one| one.member()).collect();
    let names: Vec<_> = members.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["openai", "anthropic"]);
    assert_eq!((members[0].input, members[0].output), (usd("2"), usd("8")));
    assert_eq!((members[1].input, members[1].output), (usd("3"), usd("15")));
    assert_eq!((members[0].keys, members[1].keys), (2, 1));
    assert_eq!(
        (members[0].context, members[0].quality),
        (Some(1_000_000), Some(90))
    );
    assert_eq!((members[1].context, members[1].quality), (None, None));
    let unpriced = TWO.replace("price: { input: 3 USD, output: 15.00 USD }", "quality: 1");
    let unpriced = FleetFile::parse("fleet.yaml", &unpriced).unwrap();
    let members = unpriced.providers_from(&set).unwrap();
    assert_eq!(
        members[1].member().input,
        None,
        "the book does not know this model"
    );
}

#[test]
fn a_version_is_azures_and_a_day() {
    let fleet = |dialect: &str, version: &str| {
        let entry = format!("url: https://a.test, model: m, dialect: {dialect}");
        format!("fleet:\n  a: {{ {entry}, lossy: drop, api_version: {version} }}\n")
    };
    for version in ["2024-10-21", "2025-04-01-preview", "preview", "latest"] {
        let text = fleet("azure", version);
        assert!(FleetFile::parse("fleet.yaml", &text).is_ok(), "{version}");
    }
    for version in ["v1", "2024-10-2", KEY] {
        let told = told(&fleet("azure", version));
        assert!(
            told.contains("this is not a version of Azure's interface"),
            "{told}"
        );
        assert!(!told.contains(KEY), "{told}");
    }
    let told = told(&fleet("openai", "2024-10-21"));
    assert!(
        told.contains("only Azure has versions of its interface"),
        "{told}"
    );
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let fleet = FleetFile::parse("fleet.yaml", TWO).unwrap();
    let problem = fleet.providers_from(&|name| set(name).filter(|_| name == "FIRST"));
    assert_snapshot!(problem.unwrap_err(), @"
    error: the environment variable `SECOND` is not set
     --> fleet.yaml:5:24
      |
    5 |     keys: [ env:FIRST, env:SECOND ]
      |                        ^^^^^^^^^^
      |
      = help: write the key into it
    ");
    let problem = fleet
        .providers_from(&|_| Some(" \n".to_owned()))
        .unwrap_err();
    assert_eq!(
        problem.message(),
        "the environment variable `FIRST` is empty"
    );
}

#[test]
fn a_key_may_stand_in_a_file_of_its_own_beside_the_fleet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.yaml");
    let text =
        "fleet: { own: { url: http://own.test/v1, model: m, keys: [ file:secrets/own ] } }\n";
    fs::write(&path, text).unwrap();
    let fleet = FleetFile::read(&path).unwrap();
    let problem = fleet.providers().unwrap_err();
    assert_eq!(
        problem.message(),
        "the file `secrets/own` cannot be read: there is no such file"
    );
    fs::create_dir(folder.path().join("secrets")).unwrap();
    fs::write(folder.path().join("secrets/own"), format!("{KEY}\n")).unwrap();
    let providers = fleet.providers().unwrap();
    assert!(!format!("{fleet:?} {providers:?}").contains(KEY));
    fs::write(folder.path().join("secrets/own"), "\n").unwrap();
    let problem = fleet.providers().unwrap_err();
    assert_eq!(problem.message(), "the file `secrets/own` is empty");
}

#[test]
fn a_client_comes_of_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let (policy, fleet) = (
        folder.path().join("p.yaml"),
        folder.path().join("fleet.yaml"),
    );
    fs::write(&policy, "name: p\n").unwrap();
    fs::write(
        &fleet,
        "fleet: { own: { url: http://own.test/v1, model: m } }\n",
    )
    .unwrap();
    assert!(Client::from_files(&policy, &fleet).is_ok());
    let error = Client::from_files(&fleet, &fleet).err();
    assert!(matches!(error, Some(LoadError::File(_))), "{error:?}");
}

#[test]
fn a_key_in_the_file_is_refused_and_not_repeated() {
    assert_snapshot!(told(&format!(
        "fleet:\n  openai: {{ url: https://api.openai.com/v1, model: gpt-4.1, keys: [ {KEY} ] }}\n"
    )), @"
    error: this does not say where the key is
     --> fleet.yaml:2:67
      |
    2 |   openai: { url: https://api.openai.com/v1, model: gpt-4.1, keys: [ xxxxxxxxxxxxxxxxxx ] }
      |                                                                   ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write `env:NAME` or `file:PATH`
    ");
}

#[test]
fn a_key_is_shown_by_no_message_wherever_it_stands() {
    for text in [
        "fleet: { openai: { url: http://a, model: m, key: KEY } }",
        "fleet: { openai: { url: http://a, model: m, keys: KEY } }",
        "fleet: { openai: { url: http://a, model: m, keys: [ env:KEY ] } }",
        "fleet: { openai: { url: http://a, model: m, keys: { KEY } } }",
        "fleet: { openai: { url: http://a, model: m, keys: [ { KEY: 1 } ] } }",
        "fleet: { openai: { url: http://u:KEY@a, model: m } }",
        "fleet: { openai: { url: http://a?key=KEY, model: m } }",
        "fleet: { openai: { url: http://a, model: m, keys: [ KEY ], quality: 101 } }",
        "fleet: { openai: { url: http://a, model: m, quality: many, keys: [ KEY ] } }",
        "fleet: { openai: { url: http://a, model: m, keys: [ KEY }",
        "fleet: { openai: KEY }",
        "fleet: { openai: { KEY } }",
        "fleet: KEY",
        "KEY: 1\nfleet: 3",
        "openai: KEY\nfleet: {}",
        "fleet:\n  openai:\n    keys:\n      - |\n        KEY\n    url: x",
        "fleet:\n  openai:\n    keys:\n      - \"KEY\"\n    model: 5\n    url: x",
        "fleet: { openai: { url: http://a, model: m, keys: [ &a KEY, *a ] } }",
    ] {
        let text = text.replace("KEY", KEY);
        let problem = FleetFile::parse("fleet.yaml", &text).expect_err(&text);
        let shown = format!("{problem} {problem:?} {:?}", problem.hint_text());
        assert!(!shown.contains(KEY), "{text}\n{shown}");
        assert!(shown.contains('^'), "{shown}");
    }
}

#[test]
fn an_unknown_key_is_pointed_at_and_the_nearest_is_named() {
    assert_snapshot!(told("fleet:\n  a:\n    url: http://a/v1\n    modell: gpt-4.1\n"), @"
    error: unknown key `modell`
     --> fleet.yaml:4:5
      |
    4 |     modell: xxxxxxx
      |     ^^^^^^
      |
      = help: did you mean `model`?
    ");
}

#[test]
fn a_missing_key_is_named() {
    assert_snapshot!(told("fleet:\n  a:\n    url: http://a/v1\n"), @"
    error: the key `model` is missing
     --> fleet.yaml:2:3
      |
    2 |   a:
      |   ^
      |
      = help: add `model: …` here
    ");
}

#[test]
fn a_price_without_a_unit_is_refused() {
    assert_snapshot!(
        told("fleet:\n  a: { url: http://a, model: m, price: { input: 2, output: 8 USD } }\n"),
        @"
    error: money needs its currency
     --> fleet.yaml:2:49
      |
    2 |   a: { url: http://a, model: m, price: { input: 2, output: 8 USD } }
      |                                                 ^
      |
      = help: write `2 USD`
    "
    );
}

#[test]
fn a_context_without_a_unit_is_refused() {
    assert_snapshot!(told("fleet:\n  a: { url: http://a, model: m, context: 128000 }\n"), @"
    error: tokens need their unit
     --> fleet.yaml:2:42
      |
    2 |   a: { url: http://a, model: m, context: 128000 }
      |                                          ^^^^^^
      |
      = help: write `128000 tok`
    ");
}

#[test]
fn an_unknown_dialect_gets_the_nearest() {
    assert_snapshot!(told("fleet:\n  a: { dialect: antropic, url: http://a, model: m }\n"), @"
    error: unknown word `antropic`
     --> fleet.yaml:2:17
      |
    2 |   a: { dialect: antropic, url: http://a, model: m }
      |                 ^^^^^^^^
      |
      = help: did you mean `anthropic`?
    ");
}

#[test]
fn an_address_that_leads_nowhere_is_refused() {
    assert_snapshot!(told("fleet:\n  a: { url: api.openai.com/v1, model: m }\n"), @"
    error: this is not the base URL of a provider
     --> fleet.yaml:2:13
      |
    2 |   a: { url: api.openai.com/v1, model: m }
      |             ^^^^^^^^^^^^^^^^^
      |
      = help: write as in `https://api.openai.com/v1`, and keys under `keys`
    ");
}

#[test]
fn a_quality_out_of_range_is_refused() {
    assert_snapshot!(told("fleet:\n  a: { url: http://a, model: m, quality: 101 }\n"), @"
    error: this is out of range
     --> fleet.yaml:2:42
      |
    2 |   a: { url: http://a, model: m, quality: 101 }
      |                                          ^^^
      |
      = help: write a value from 0 to 100
    ");
}

#[test]
fn a_fleet_of_nobody_is_refused() {
    assert_snapshot!(told("fleet: {}\n"), @"
    error: a fleet needs at least one provider
     --> fleet.yaml:1:8
      |
    1 | fleet: {}
      |        ^^
      |
      = help: write as in `fleet: { openai: { url: https://api.openai.com/v1, model: gpt-4.1 } }`
    ");
}

#[test]
fn a_provider_twice_tells_where_it_was_first() {
    let problem =
        told("fleet:\n  a: { url: http://a, model: m }\n  a: { url: http://b, model: m }\n");
    assert!(problem.contains("the key `a` is here twice"), "{problem}");
}
