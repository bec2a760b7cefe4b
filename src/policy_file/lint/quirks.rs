//! Quirks: the policy describes another client, and is not for production.

use super::Draft;
use super::view::View;

/// The quirks of a policy, which only the simulator honours.
pub(super) fn has_quirks(view: &View) -> Vec<Draft> {
    let names: Vec<String> = view
        .policy
        .quirks
        .iter()
        .map(|quirk| format!("`{}`", quirk.name()))
        .collect();
    let message = format!("this client has quirks: {}", names.join(", "));
    let draft = Draft::at(&[&["quirks"]], message)
        .because("only the simulator honours them; a client in production refuses this file")
        .instead("leave `quirks` out of a policy that is to be used");
    vec![draft]
}
