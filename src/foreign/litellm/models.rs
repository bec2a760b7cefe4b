//! The deployments of `model_list` as providers.

use super::Chain;
use crate::foreign::draft::{Draft, Provider};
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use crate::foreign::sheet::{Sheet, Spot};
use crate::foreign::vendors::vendor;
use crate::prices;
use crate::text::Diagnostic;
use crate::wire::Dialect;

/// A deployment that calls may reach.
pub(super) struct Deployment {
    /// Its provider's name.
    pub(super) name: String,
    /// The place of its group in the chain.
    pub(super) group: usize,
    /// Its `litellm_params`.
    pub(super) params: Spot,
}

/// Reads the deployments of the chain's groups, in the order of the chain.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    chain: &Chain,
) -> Result<Vec<Deployment>, Diagnostic> {
    let mut found = Vec::new();
    for (group, name) in chain.groups.iter().enumerate() {
        for entry in sheet.entries(&Spot::of("model_list")) {
            if sheet.text(&entry.to("model_name"))?.as_ref() != Some(name) {
                continue;
            }
            let provider = provider(sheet, draft, &entry, name)?;
            found.push(Deployment {
                name: provider.name.clone(),
                group,
                params: entry.to("litellm_params"),
            });
            draft.providers.push(provider);
        }
    }
    Ok(found)
}

/// Notes the deployments of groups that calls do not reach.
pub(super) fn leave_out(sheet: &mut Sheet, chain: &Chain) -> Result<(), Diagnostic> {
    for entry in sheet.entries(&Spot::of("model_list")) {
        let name = sheet.text(&entry.to("model_name"))?.unwrap_or_default();
        if !chain.groups.contains(&name) {
            let first = &chain.groups[0];
            let says = format!("Calls of `{first}` do not reach this group: see `--model`.");
            sheet.note(&entry, NotUsed, says);
        }
    }
    Ok(())
}

/// One entry of `model_list`.
fn provider(
    sheet: &mut Sheet,
    draft: &Draft,
    entry: &Spot,
    group: &str,
) -> Result<Provider, Diagnostic> {
    let params = entry.to("litellm_params");
    let written = sheet.text(&params.to("model"))?;
    let missing = || {
        let hint = "write it as in `litellm_params: { model: openai/gpt-4.1 }`";
        sheet.wrong(&params, "the key `model` is missing", hint)
    };
    let written = written.ok_or_else(missing)?;
    let custom = sheet.word(&params.to("custom_llm_provider"))?;
    let (prefix, model) = split(&written, custom.as_deref());
    if model.len() > 100 || !model.chars().all(|c| c.is_ascii_graphic()) || model.is_empty() {
        let message = "this cannot name a model";
        return Err(sheet.wrong(&params.to("model"), message, "write 1 to 100 signs"));
    }
    let known = vendor(&prefix);
    let name = draft.name_for(&format!("{group}-{prefix}"));
    let mut one = Provider {
        name: name.clone(),
        model: model.clone(),
        ..Provider::default()
    };
    sheet.note(
        &entry.to("model_name"),
        Taken,
        format!("The provider `{name}`."),
    );
    match known {
        Some(vendor) => {
            one.dialect = vendor.dialect;
            let says = format!("The model, in the dialect `{}`.", vendor.dialect.name());
            sheet.note(&params.to("model"), Taken, says);
        }
        None => {
            let is_claude = model.contains("claude");
            one.dialect = [Dialect::Openai, Dialect::Anthropic][usize::from(is_claude)];
            let says = format!(
                "`fleet.yaml` leaves it out: no client of ours speaks to `{prefix}`. In drills it \
                 answers in the dialect `{}`.",
                one.dialect.name()
            );
            sheet.note(&params.to("model"), Approximated, says);
        }
    }
    if custom.is_some() {
        sheet.note(
            &params.to("custom_llm_provider"),
            Taken,
            "The vendor of the model.",
        );
    }
    let own_url = known.map_or("", |vendor| vendor.url);
    one.url = url(sheet, &params.to("api_base"), own_url)?.filter(|_| known.is_some());
    one.api_version = version(sheet, &params, one.dialect);
    one.keys = keys(sheet, &params, known.map_or("API_KEY", |one| one.variable));
    one.price = price(sheet, entry)?;
    let context = entry.to("model_info").to("max_input_tokens");
    one.context = sheet.count(&context)?.filter(|tokens| *tokens > 0);
    if one.context.is_some() {
        sheet.note(&context, Taken, "The longest prompt of the provider.");
    }
    other_parameters(sheet, entry);
    Ok(one)
}

/// The vendor and the model of `openai/gpt-4.1`, or of a bare name.
fn split(written: &str, custom: Option<&str>) -> (String, String) {
    if let Some(custom) = custom {
        let prefix = format!("{custom}/");
        let model = written.strip_prefix(&prefix).unwrap_or(written);
        return (custom.to_owned(), model.to_owned());
    }
    match written.split_once('/') {
        Some((prefix, model)) => (prefix.to_ascii_lowercase(), model.to_owned()),
        None if written.starts_with("claude") => ("anthropic".to_owned(), written.to_owned()),
        None if written.starts_with("gemini") => ("gemini".to_owned(), written.to_owned()),
        None => ("openai".to_owned(), written.to_owned()),
    }
}

/// The base URL: `api_base`, or the vendor's own.
fn url(sheet: &mut Sheet, spot: &Spot, own: &str) -> Result<Option<String>, Diagnostic> {
    let Some(written) = sheet.raw(spot) else {
        return Ok((!own.is_empty()).then(|| own.to_owned()));
    };
    let is_url = written.starts_with("http://") || written.starts_with("https://");
    if written.starts_with(VARIABLE) {
        let says = "The address is in the environment: write it into `fleet.yaml`.";
        sheet.note(spot, CannotBeSaid, says);
        return Ok(None);
    }
    let is_open = !written.contains(['@', '?', ' ']) && written.len() <= 200;
    if !is_url {
        return Err(sheet.wrong(spot, "this is not a URL", "write it with `https://`"));
    }
    match is_open && !crate::text::secrets::are_in(&written) {
        true => {
            sheet.note(spot, Taken, "The provider's address.");
            Ok(Some(written.trim_end_matches('/').to_owned()))
        }
        false => {
            let says = "The address holds more than a host and a path: write it yourself.";
            sheet.note(spot, CannotBeSaid, says);
            Ok(None)
        }
    }
}

/// The version of Azure's interface.
fn version(sheet: &mut Sheet, params: &Spot, dialect: Dialect) -> Option<String> {
    let spot = params.to("api_version");
    let written = sheet.raw(&spot)?;
    let date = written.strip_suffix("-preview").unwrap_or(&written);
    let is_date = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match is_date && dialect == Dialect::Azure {
        true => sheet.note(&spot, Taken, "The version of Azure's interface."),
        false => sheet.note(
            &spot,
            CannotBeSaid,
            "Only Azure's dated versions can be said.",
        ),
    }
    (is_date && dialect == Dialect::Azure).then_some(written)
}

/// Where the key is: a variable, whatever the file says.
fn keys(sheet: &mut Sheet, params: &Spot, usual: &str) -> Vec<String> {
    let spot = params.to("api_key");
    let Some(written) = sheet.raw(&spot) else {
        let says = format!("The key is expected in `{usual}`.");
        sheet.default("api_key", Taken, says);
        return vec![format!("env:{usual}")];
    };
    let named = written
        .strip_prefix(VARIABLE)
        .filter(|name| is_variable(name));
    match named {
        Some(name) => {
            sheet.note(&spot, Taken, "The key's variable of the environment.");
            vec![format!("env:{name}")]
        }
        None => {
            let says = format!("A key stays out of files: set the variable `{usual}`.");
            sheet.note(&spot, Approximated, says);
            vec![format!("env:{usual}")]
        }
    }
}

fn is_variable(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.len() <= 100 && name.bytes().all(fits) && !crate::text::secrets::are_in(name)
}

/// The price per million tokens, from the price of one.
fn price(
    sheet: &mut Sheet,
    entry: &Spot,
) -> Result<Option<(crate::units::Money, crate::units::Money)>, Diagnostic> {
    let places = ["litellm_params", "model_info"].map(|section| entry.to(section));
    for place in places {
        let spots = ["input_cost_per_token", "output_cost_per_token"].map(|key| place.to(key));
        let mut amounts = Vec::new();
        for spot in &spots {
            let Some(text) = sheet.raw(spot) else {
                continue;
            };
            let amount = prices::of_a_token(&text).filter(|price| *price <= DEAREST);
            let wrong = || sheet.wrong(spot, "this is not a price", "write it as in `2e-06`");
            amounts.push(amount.ok_or_else(wrong)?);
        }
        match amounts.as_slice() {
            [] => {}
            [input, output] => {
                let price = (*input, *output);
                for spot in spots {
                    sheet.note(&spot, Taken, "The price, per million tokens.");
                }
                return Ok(Some(price));
            }
            _ => {
                for spot in &spots {
                    if !sheet.has(spot) {
                        continue;
                    }
                    let says = "A price needs input and output: the price book's holds.";
                    sheet.note(spot, CannotBeSaid, says);
                }
            }
        }
    }
    Ok(None)
}

/// Parameters of requests and of accounting.
fn other_parameters(sheet: &mut Sheet, entry: &Spot) {
    let params = entry.to("litellm_params");
    let says = "A parameter of requests: the caller's.";
    sheet.not_used(&params, REQUEST, says);
    let says = "Our client has keys, and no other credentials.";
    sheet.not_used(&params, CREDENTIALS, says);
    let info = entry.to("model_info");
    for key in sheet.keys(&info) {
        let is_read = [
            "max_input_tokens",
            "input_cost_per_token",
            "output_cost_per_token",
        ];
        if !is_read.contains(&key.as_str()) {
            sheet.note(&info.to(&key), NotUsed, "It describes the model to people.");
        }
    }
}

const VARIABLE: &str = "os.environ/";

const DEAREST: crate::units::Money = crate::units::Money::from_nanos(1_000_000_000_000);

const REQUEST: &[&str] = &[
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "stream",
    "tools",
    "drop_params",
    "additional_drop_params",
    "extra_headers",
    "extra_body",
    "reasoning_effort",
    "thinking",
    "mock_response",
    "merge_reasoning_content_in_choices",
    "tags",
    "cache_control_injection_points",
];

const CREDENTIALS: &[&str] = &[
    "organization",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_region_name",
    "aws_role_name",
    "aws_session_name",
    "aws_profile_name",
    "vertex_project",
    "vertex_location",
    "vertex_credentials",
    "azure_ad_token",
    "tenant_id",
    "client_id",
    "client_secret",
    "region_name",
    "litellm_credential_name",
];
