//! Contexts that are too small for a call's prompt.

use super::*;
use crate::policy::reason::{Reason, Refusal};

#[test]
fn a_context_that_is_too_small_is_not_asked() {
    for (rule, prompt, asked) in [
        ("skip", 8_001, 1),
        ("skip", 8_000, 0),
        ("ask", 8_001, 0),
        // None holds it: the estimate may be wrong, so none is skipped.
        ("skip", 200_001, 0),
    ] {
        let (mut fleet, mut call) = told(rule, prompt, [Some(8_000), Some(200_000)]);
        let first = started(&mut call, &mut fleet, 0);
        assert_eq!(first, ProviderId(asked), "{rule} {prompt}");
    }
}

#[test]
fn an_unknown_context_is_taken_for_large_enough() {
    let (mut fleet, mut call) = told("skip", 8_001, [Some(8_000), None]);
    assert_eq!(started(&mut call, &mut fleet, 0), ProviderId(1));
}

#[test]
fn a_call_says_that_it_skips_a_small_context() {
    let (mut fleet, mut call) = told("skip", 8_001, [Some(8_000), Some(200_000)]);
    call.explain();
    started(&mut call, &mut fleet, 0);
    let (provider, context) = (ProviderId(0), 8_000);
    let why = Refusal::ContextTooSmall { context };
    assert!(
        call.take_reasons()
            .contains(&Reason::PassedOver { provider, why })
    );
}

#[test]
fn a_small_context_is_no_fallback_either() {
    let (mut fleet, mut call) = told("skip", 8_001, [Some(200_000), Some(8_000)]);
    assert_eq!(started(&mut call, &mut fleet, 0), ProviderId(0));
    let failed = failure(FailureClass::Overloaded);
    call.on_reply(&mut fleet, AttemptId(1), &failed, at(0));
    let exhausted = FailureReason::Exhausted(FailureClass::Overloaded);
    let over = Step::Finish(Outcome::Failed(exhausted));
    assert_eq!(call.step(&mut fleet, at(0)), over);
}

/// A call with a prompt of this many tokens, and a fleet of two with these contexts.
fn told(rule: &str, prompt: u64, contexts: [Option<u64>; 2]) -> (Fleet, Call) {
    let policy = format!(
        "name: sample\nroute: {{ small_context: {rule} }}\nfailures: {{ overloaded: fallback }}\n"
    );
    let members = contexts.map(|context| ProviderInfo {
        context,
        ..ProviderInfo::named("p")
    });
    let ask = CallContext {
        prompt,
        ..CallContext::default()
    };
    let call = Call::new(CallId(0), at(0), ask, RngStreams::new(1));
    (fleet(&policy, members), call)
}
