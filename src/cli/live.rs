//! `firedrill live`: one careful look at real endpoints, with the production client.
//!
//! Whether it can be reached, whether the key is accepted, which models it lists, how long a short
//! answer takes, and which limits its headers tell. Each step is made once. `told` says in words
//! what came of it, and whose fault it is.

mod told;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{Done, output};
use crate::client::{Builder, Connect, Dialect, FleetFile, Heard, Look, Provider};
use crate::policy::provider_info::ProviderInfo;
use crate::policy_file::presets;
use crate::units::{Money, duration};
use output::{CliError, Exit};
use told::Subject;

/// Looks at real endpoints: reachable, key valid, models, latency of a short answer, limits.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill live fleet.yaml\n         \
                  firedrill live https://api.openai.com/v1 --key env:OPENAI_API_KEY\n\n\
                  Without --model, a URL is asked for its models only, which costs nothing. Keys\n\
                  are named by where they are, and never printed. Exit codes: 0 all is well,\n\
                  1 an endpoint is not, 2 usage or file error, or not agreed to.")]
pub(super) struct Args {
    /// A fleet file, or the base URL that the vendor's own SDK takes.
    #[arg(value_name = "URL|FLEET")]
    target: String,

    /// The model that is asked for an answer; for a URL.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,

    /// Where a key is: env:NAME or file:PATH; for a URL. Repeat it for more.
    #[arg(long = "key", value_name = "WHERE")]
    keys: Vec<String>,

    /// The dialect; for a URL [default: that of the vendor's host, else openai].
    #[arg(long, value_name = "NAME", value_parser = dialect)]
    dialect: Option<Dialect>,

    /// Ask for no answer: connect and list the models, which costs nothing.
    #[arg(long)]
    no_answer: bool,

    /// The most tokens of the answer.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = tokens)]
    tokens: u32,

    /// How long each step may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    timeout: Duration,

    /// Agree to what it costs.
    #[arg(long, short)]
    yes: bool,
}

/// Looks at each endpoint, one after the other.
pub(super) fn live(args: &Args) -> Done {
    let fleet = fleet(args).map_err(|trouble| vec![trouble])?;
    let providers = fleet.providers().map_err(|problem| vec![problem.into()])?;
    let asks = !args.no_answer && (args.model.is_some() || !is_url(&args.target));
    let members = Vec::from_iter(providers.iter().map(Provider::member));
    if asks && !is_agreed(args, &members).map_err(|trouble| vec![trouble])? {
        return Ok(Exit::Usage);
    }
    look_over(connect(), args, &fleet, providers, asks).map_err(|trouble| vec![trouble])
}

/// The fleet of the file, or of the URL and its options.
fn fleet(args: &Args) -> Result<FleetFile, CliError> {
    if !is_url(&args.target) {
        if args.model.is_some() || !args.keys.is_empty() || args.dialect.is_some() {
            let message = "a fleet file says models, keys and dialects itself".to_owned();
            let hint = "leave out `--model`, `--key` and `--dialect`, or name a URL";
            return Err(CliError::new(message, hint));
        }
        return FleetFile::read(Path::new(&args.target)).map_err(CliError::from);
    }
    let dialect = args
        .dialect
        .unwrap_or_else(|| told::dialect_of(&args.target));
    let provider = json!({
        "url": args.target,
        "dialect": dialect.name(),
        // A fleet needs one. It is not asked.
        "model": args.model.as_deref().unwrap_or("none"),
        "keys": args.keys,
    });
    // JSON is YAML, and the file's reader checks what it holds.
    let document = json!({ "fleet": { ENDPOINT: provider } });
    FleetFile::parse("the command line", &document.to_string()).map_err(CliError::from)
}

/// Says what an answer of each costs at most, and asks whether to go on.
fn is_agreed(args: &Args, members: &[ProviderInfo]) -> Result<bool, CliError> {
    let costs = members.iter().map(|member| {
        let prices = member.input.zip(member.output);
        let cost = prices.map(|(input, output)| {
            let prompt = input.per_million(PROMPT_TOKENS).as_nanos();
            let answer = output.per_million(args.tokens.into()).as_nanos();
            Money::from_nanos(prompt.saturating_add(answer))
        });
        let cost = cost.map_or_else(|| "of unknown price".to_owned(), |cost| cost.to_string());
        format!("{} ({cost})", member.name)
    });
    let costs = Vec::from_iter(costs).join(", ");
    output::print_error(&format!(
        "costs: an answer of at most {} tokens from {costs}",
        args.tokens
    ));
    if args.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = "an answer costs money, and there is no terminal to ask for it".to_owned();
        let hint = "add `--yes`, or `--no-answer`, which costs nothing";
        return Err(CliError::new(message, hint));
    }
    let mut stderr = io::stderr();
    let _ = write!(stderr, "go on? [y/N] ").and_then(|()| stderr.flush());
    let mut said = String::new();
    let read = io::stdin().read_line(&mut said);
    Ok(read.is_ok() && matches!(said.trim(), "y" | "Y" | "yes"))
}

/// How endpoints are reached.
#[cfg(feature = "tls")]
fn connect() -> crate::client::Tls {
    use crate::client::Tls;
    // An image without anything else has no certificates of its own.
    Tls::platform().unwrap_or_else(|_| Tls::bundled())
}

/// How endpoints are reached.
#[cfg(not(feature = "tls"))]
fn connect() -> crate::client::Tcp {
    crate::client::Tcp
}

fn look_over<C: Connect>(
    connect: C,
    args: &Args,
    fleet: &FleetFile,
    providers: Vec<Provider>,
    asks: bool,
) -> Result<Exit, CliError> {
    let policy = presets::policy("no-failover").expect("a preset that ships");
    // Keys of requests differ from run to run, so that no gateway gives an old answer again.
    let builder = Builder::new(connect).policy(policy);
    let builder = builder.key_prefix(format!("firedrill-{}", std::process::id()));
    let client = providers.into_iter().fold(builder, Builder::provider);
    let client = client.build().map_err(|error| match error {
        crate::client::BuildError::NeedsTls(url) => CliError::new(
            format!("`{url}` needs TLS, and this firedrill is built without it"),
            "take a released binary, or build it with `--features tls`",
        ),
        error => CliError::new(error.to_string(), ""),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(format!("cannot start: {error}"), ""))?;
    let mut is_well = true;
    for (number, (one, (_, host))) in (0..).zip(fleet.described().zip(fleet.hosts())) {
        let subject = Subject {
            name: one.name,
            host: host.as_deref().unwrap_or_default(),
            dialect: one.dialect,
            model: Some(one.model).filter(|_| args.model.is_some() || !is_url(&args.target)),
            keys: u16::try_from(one.keys).unwrap_or(u16::MAX),
        };
        let look = Look::at(&client, number, args.timeout);
        let tokens = asks.then_some(args.tokens);
        output::print(&subject.head())?;
        is_well &= runtime.block_on(look_at(&look, &subject, tokens))?;
    }
    Ok(if is_well { Exit::Holds } else { Exit::Fails })
}

/// Looks at one endpoint, and asks for an answer of `tokens` tokens, if there are any; whether all
/// is well.
async fn look_at<C: Connect>(
    look: &Look<'_, C>,
    subject: &Subject<'_>,
    tokens: Option<u32>,
) -> Result<bool, CliError> {
    let Heard { result, took, .. } = look.connect().await;
    output::print(&subject.reached(&result, took))?;
    if result.is_err() {
        return Ok(false);
    }
    let (mut is_well, mut usable, mut limits) = (true, None, Vec::new());
    let mut listed = None;
    for key in 0..subject.keys.max(1) {
        let heard = look.list(key).await;
        let is_refused = matches!(&heard.result, Err(trouble) if told::is_of_key(trouble.class));
        output::print(&subject.key(key, &heard.result))?;
        is_well &= !is_refused;
        if !is_refused {
            usable = usable.or(Some(key));
            listed = listed.or(Some(heard.result));
        }
        limits.extend(heard.limits);
    }
    let (Some(key), Some(listed)) = (usable, listed) else {
        return Ok(false);
    };
    let (line, is_there) = subject.models(&listed, tokens.is_some());
    output::print(&line)?;
    is_well &= is_there;
    if let Some(tokens) = tokens {
        let heard = look.answer(key, tokens).await;
        output::print(&subject.answer(&heard.result, heard.took, listed.as_deref().ok()))?;
        is_well &= heard.result.is_ok();
        limits.extend(heard.limits);
    }
    output::print(&told::limits(&limits))?;
    Ok(is_well)
}

/// A number of tokens that makes a short answer.
fn tokens(text: &str) -> Result<u32, String> {
    let tokens = text
        .parse()
        .ok()
        .filter(|tokens| (1..=100).contains(tokens));
    tokens.ok_or_else(|| "write a number from 1 to 100".to_owned())
}

/// A dialect by its name.
fn dialect(name: &str) -> Result<Dialect, String> {
    let found = Dialect::ALL
        .into_iter()
        .find(|dialect| dialect.name() == name);
    found.ok_or_else(|| {
        let names = Dialect::ALL.map(Dialect::name).join(", ");
        format!("the dialects are {names}")
    })
}

fn is_url(target: &str) -> bool {
    target.contains("://")
}

/// How an endpoint without a fleet file is called.
const ENDPOINT: &str = "endpoint";

/// What the question of a few letters comes to at most, with what vendors put around it.
const PROMPT_TOKENS: u64 = 50;
