//! Mechanisms for production only: none of them shows in a simulated network.

use super::Row;
use super::Shown::Elsewhere;

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "A fleet file beside the policy file",
        who: "LiteLLM, Portkey, Bifrost, TensorZero, Helicone, Kong, Envoy AI",
        knobs: &["FleetFile::read"],
        test: "tests/files/fleet.rs::a_client_comes_of_two_files",
        shown: Elsewhere("A scenario brings its own fleet: the test builds a client of two files"),
    },
    Row {
        name: "Keys that show nowhere: not in errors, not in traces",
        who: "not compared",
        knobs: &[],
        test: "tests/client/secrets.rs::a_provider_that_repeats_the_key_it_refuses_is_not_repeated",
        shown: Elsewhere("It changes no outcome: the test looks for the key in all that is told"),
    },
    Row {
        name: "TLS, with the platform's roots or bundled ones",
        who: "all",
        knobs: &["Tls::platform", "Tls::bundled"],
        test: "tests/client/tls.rs::who_is_not_vouched_for_is_not_asked",
        shown: Elsewhere("The simulated network carries no TLS: the test does it over loopback"),
    },
    Row {
        name: "HTTP/2 where the provider offers it: one connection for many attempts",
        who: "Envoy, Finagle, gRPC, AWS",
        knobs: &[],
        test: "tests/client/tls.rs::attempts_share_one_connection",
        shown: Elsewhere("The simulated providers speak HTTP/1.1: the test does it over loopback"),
    },
];
