//! Azure: OpenAI's form, with the deployment in the path and a header of its own for the key.

use super::openai::{self, PATH};
use super::request::escaped;
use super::{ClientSpec, Key};

/// Azure's service. The base URL is the root of the resource.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    path: |deployment, _streamed| path(deployment),
    key: Key {
        header: "api-key",
        scheme: "",
    },
    ..openai::SPEC
};

/// Azure names the deployment in the path, and the version of its interface in the query.
fn path(deployment: &str) -> String {
    let deployment = escaped(deployment, false);
    format!("/openai/deployments/{deployment}{PATH}?api-version={VERSION}")
}

/// The latest version of Azure's inference API that is not a preview.
const VERSION: &str = "2024-10-21";
