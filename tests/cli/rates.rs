//! The output of `check --rates` for a scenario's faults.

use snapbox::str;

use crate::{Project, calm, scenario};

#[test]
fn faults_that_stack_are_told_with_their_arithmetic() {
    let faults = "groups: { cloud: [ main, backup ] }
faults:
  cloud-down: { at: 20s, for: 10s, chance: 50%, target: cloud, inject: outage }
  storm: { at: 10s, for: 30s, ramp: 10s, recover: { over: 8s, shape: steps }, rate: 30%,
           target: main, inject: 429, when: { prompt: \"> 100 tok\" } }
  noise: { rate: 2%, burst: { on: 2s, off: 4s, rate_off: 0.05% }, target: cloud, inject: 503 }
";
    let text = scenario("mix", "no-failover", faults, "  no-failover: []\n");
    let project = Project::new().with("scenarios/mix.yaml", &text);
    project
        .firedrill("check --rates scenarios/mix.yaml")
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
ok     scenarios/mix.yaml  (2 seeds, 1 policy; [..])

  cloud-down: outage at main, backup
    100% x 50% (chance) = 50%
      20s  30s  50%
    0s |____________________##########______________________________| 1m

  storm: 429 at main
    30%
    only prompt > 100 tok
      10s  20s  0% to 30%
      20s  40s  30%
      40s  42s  24%
      42s  44s  18%
      44s  46s  12%
      46s  48s  6%
    0s |__________.:--=++*######################**++--::____________| 1m

  noise: 503 at main, backup
    (2% x 33.3333% (on for 2s of 6s) + 0.05% x 66.6667%) = 0.7%
    each target draws for itself
      0s  1m  0.7%
    0s |############################################################| 1m

  attempts that meet no fault
    of those that every `when` looks at
    main
      0s   10s  (1 - 0.7%) = 99.3%
      10s  20s  (1 - 0%) x (1 - 0.7%) = 99.3% to (1 - 30%) x (1 - 0.7%) = 69.51%
      20s  30s  (1 - 50%) x (1 - 30%) x (1 - 0.7%) = 34.755%
      30s  40s  (1 - 30%) x (1 - 0.7%) = 69.51%
      40s  42s  (1 - 24%) x (1 - 0.7%) = 75.468%
      42s  44s  (1 - 18%) x (1 - 0.7%) = 81.426%
      44s  46s  (1 - 12%) x (1 - 0.7%) = 87.384%
      46s  48s  (1 - 6%) x (1 - 0.7%) = 93.342%
      48s  1m   (1 - 0.7%) = 99.3%
    on average 79.109%

    backup
      0s   20s  (1 - 0.7%) = 99.3%
      20s  30s  (1 - 50%) x (1 - 0.7%) = 49.65%
      30s  1m   (1 - 0.7%) = 99.3%
    on average 91.025%

"#]]);
}

#[test]
fn faults_with_a_strength_tell_how_it_changes() {
    let faults = "faults:
  brownout: { at: 40s, for: 10s, ramp: { up: 2s, down: 2s }, target: main, inject: slow,
              factor: 3, rate: 20% }
  half: { for: 2s, every: 20s, target: main, inject: capacity_loss, remaining: 30%, recover: 4s }
  pause: { at: 50s, for: 100ms, inject: client_pause }
";
    let text = scenario("mix", "no-failover", faults, "  no-failover: []\n");
    let text = text.replace(
        "speed: 100 tok/s",
        "speed: 100 tok/s, capacity: { slots: 64 }",
    );
    let project = Project::new().with("scenarios/mix.yaml", &text);
    project
        .firedrill("check --rates scenarios/mix.yaml")
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
ok     scenarios/mix.yaml  (2 seeds, 1 policy; [..])

  brownout: slow at main
    20%
      40s  42s  20%, times 1 to 3
      42s  48s  20%, times 3
      48s  50s  20%, times 3 to 1
    0s |________________________________________=########=__________| 1m

  half: capacity_loss at main
    100%
      0s   2s   100%, left 30%
      2s   6s   100%, left 30% to 100%
      20s  22s  100%, left 30%
      22s  26s  100%, left 30% to 100%
      40s  42s  100%, left 30%
      42s  46s  100%, left 30% to 100%
    0s |###*=:______________###*=:______________###*=:______________| 1m

  pause: client_pause at the client
    100%
      50s  50.1s  100%
    0s |__________________________________________________#_________| 1m

  attempts that meet no fault
    main
      0s   40s  100%
      40s  42s  (1 - 20%) = 80%
      42s  48s  (1 - 20%) = 80%
      48s  50s  (1 - 20%) = 80%
      50s  1m   100%
    on average 96.6667%

    backup
      0s  1m  100%
    on average 100%

"#]]);
}

#[test]
fn a_calm_scenario_and_a_policy_have_little_to_tell() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("mine.yaml", &format!("name: mine\n{SOUND}"));
    project
        .firedrill("check --rates scenarios/calm.yaml mine.yaml")
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
ok     scenarios/calm.yaml  (2 seeds, 1 policy; [..])

  no faults: every attempt meets none
ok     mine.yaml  (policy)

"#]]);
}

#[test]
fn a_fault_that_comes_back_often_is_cut_short() {
    let faults = "faults:
  flaps: { for: 100ms, every: 1s, target: main, inject: reset, rate: 0.0000001% }
";
    let text = scenario("flaps", "no-failover", faults, "  no-failover: []\n");
    let project = Project::new().with("scenarios/flaps.yaml", &text);
    project
        .firedrill("check --rates scenarios/flaps.yaml")
        .code(0)
        .stderr_eq("")
        .stdout_eq(str![[r#"
ok     scenarios/flaps.yaml  (2 seeds, 1 policy; [..])

  flaps: reset at main
    0.0000001%
      0s   100ms  0.0000001%
      1s   1.1s   0.0000001%
      2s   2.1s   0.0000001%
      3s   3.1s   0.0000001%
      4s   4.1s   0.0000001%
      5s   5.1s   0.0000001%
      6s   6.1s   0.0000001%
      7s   7.1s   0.0000001%
      8s   8.1s   0.0000001%
      9s   9.1s   0.0000001%
      10s  10.1s  0.0000001%
      11s  11.1s  0.0000001%
      12s  12.1s  0.0000001%
      13s  13.1s  0.0000001%
      14s  14.1s  0.0000001%
      15s  15.1s  0.0000001%
      …
    0s |############################################################| 1m

  attempts that meet no fault
    main
      0s     100ms  (1 - 0.0000001%) = 99.9999999%
      100ms  1s     100%
      1s     1.1s   (1 - 0.0000001%) = 99.9999999%
      1.1s   2s     100%
      2s     2.1s   (1 - 0.0000001%) = 99.9999999%
      2.1s   3s     100%
      3s     3.1s   (1 - 0.0000001%) = 99.9999999%
      3.1s   4s     100%
      4s     4.1s   (1 - 0.0000001%) = 99.9999999%
      4.1s   5s     100%
      5s     5.1s   (1 - 0.0000001%) = 99.9999999%
      5.1s   6s     100%
      6s     6.1s   (1 - 0.0000001%) = 99.9999999%
      6.1s   7s     100%
      7s     7.1s   (1 - 0.0000001%) = 99.9999999%
      7.1s   8s     100%
      …
    on average 100%

    backup
      0s  1m  100%
    on average 100%

"#]]);
}

/// The settings of a policy without warnings.
const SOUND: &str = "retry: { max_attempts: 1 }\ntimeouts: { attempt: 30s }\n";
