//! Azure: OpenAI's form, with the deployment in the path and a header of its own for the key.

use super::openai::{self, PATH};
use super::request::{Destination, escaped};
use super::{ClientSpec, Key};

/// Azure's service. The base URL is the root of the resource.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    path,
    key: Key {
        header: "api-key",
        scheme: "",
    },
    ..openai::SPEC
};

/// Azure names the deployment in the path, and the version of its interface in the query.
fn path(to: &Destination<'_>) -> String {
    let deployment = escaped(to.model, false);
    let version = escaped(to.version.unwrap_or(VERSION), false);
    format!("/openai/deployments/{deployment}{PATH}?api-version={version}")
}

/// The latest version of Azure's inference API that is not a preview.
pub(super) const VERSION: &str = "2024-10-21";
