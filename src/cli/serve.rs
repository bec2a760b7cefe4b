//! `firedrill serve`: a scenario's providers on real sockets, until it is stopped.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::interrupt::Signals;
use super::{Done, output, values};
use crate::drill::{Changes, Drill};
use crate::serve::journal::Line;
use crate::serve::{Options, Refusal, Served, Server};
use crate::text::columns;
use crate::units::duration;
use output::{CliError, Exit};

/// Serves a scenario's providers on real sockets, for clients in any language.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill serve scenarios/flapping.yaml --listen 127.0.0.1:9000\n\n\
                  Time 0 of the scenario is the first request to a model. Each request is\n\
                  logged to stderr; Ctrl-C ends it with what the providers saw. With --json,\n\
                  stdout has two lines: where the providers are, and at the end what they saw.\n\
                  GET /__firedrill at any of the ports lists what can be asked and switched\n\
                  meanwhile; docs/serve.md explains it."
)]
pub(super) struct Args {
    /// The scenario.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,

    /// The first provider's address, as HOST:PORT or as a port of 127.0.0.1; the others get the
    /// ports above it. Port 0 takes free ones.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,

    /// Set a value on top of the scenario: `providers.main.ttft=80ms`. May be given several times.
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment)]
    set: Vec<(String, String)>,

    /// How long a request may take to arrive; after that it is answered with 408 and closed.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = timeout)]
    request_timeout: Duration,

    /// The seed of all random draws [default: the scenario's first].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// How connections are refused in an outage: `closed` closes the port, as a server that is down
    /// does; `reset` resets each connection after its handshake, and can count them.
    #[arg(long, value_enum, default_value_t = Outage::Closed)]
    outage: Outage,

    /// How requests are logged to stderr.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,

    /// Print JSON, a document a line.
    #[arg(long)]
    json: bool,
}

/// Values of `--outage`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Outage {
    Closed,
    Reset,
}

/// Values of `--log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Log {
    Text,
    Json,
}

/// Serves until it is stopped.
pub(super) fn serve(args: &Args) -> Done {
    let problems = values::set_once(&args.set);
    if !problems.is_empty() {
        return Err(problems);
    }
    let changes = Changes {
        set: args.set.clone(),
        ..Changes::default()
    };
    let drill = Drill::load_with(&args.path, changes).map_err(CliError::all)?;
    let scenario = drill.scenario();
    let seed = args.seed.unwrap_or(*scenario.run.seeds.start());
    let options = Options {
        listen: args.listen,
        seed,
        request_timeout: args.request_timeout,
        refusal: match args.outage {
            Outage::Closed => Refusal::Closed,
            Outage::Reset => Refusal::Reset,
        },
    };
    serve_scenario(args, Server::bind(scenario, options)).map_err(|trouble| vec![trouble])
}

fn serve_scenario(
    args: &Args,
    bound: Result<Server, (SocketAddr, io::Error)>,
) -> Result<Exit, CliError> {
    let server = bound.map_err(|(address, error)| {
        let message = format!("cannot listen on {address}: {error}");
        CliError::new(
            message,
            "name another with `--listen`; port 0 takes free ports",
        )
    })?;
    for warning in server.warnings() {
        output::print_error(&match args.log {
            Log::Text => format!("warning: {warning}"),
            Log::Json => json!({ "warning": warning }).to_string(),
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let tally = runtime.and_then(|runtime| {
        runtime.block_on(async {
            // Installed before the addresses are printed, so that an early Ctrl-C ends it cleanly.
            let mut signals = Signals::listen()?;
            let served = start(&server.served(), &server.control_url(), args.json);
            output::print(&served).map_err(|_| io::Error::other("stdout is closed"))?;
            let log = args.log;
            let write = move |line: Line<'_>| match log {
                Log::Text => output::print_error(&line.to_string()),
                Log::Json => output::print_error(&line.json()),
            };
            server.run(write, async move { signals.next().await }).await
        })
    });
    let tally = tally.map_err(|error| CliError::new(format!("cannot serve: {error}"), ""))?;
    if args.json {
        output::print(&serde_json::to_string(&tally).unwrap_or_default())?;
    } else {
        output::print(&format!("\n{tally}"))?;
    }
    Ok(Exit::Holds)
}

/// `HOST:PORT`, or a port of this machine alone.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    let mut found = text.to_socket_addrs().map_err(|_| {
        "write a port as in `9300`, or an address as in `127.0.0.1:9300` or `[::1]:9300`".to_owned()
    })?;
    found
        .next()
        .ok_or_else(|| "this name has no address".to_owned())
}

/// A time in which something can arrive.
fn timeout(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(Duration::ZERO) => Err("nothing arrives in no time: write as in `60s`".to_owned()),
        read => read.map_err(|wrong| wrong.to_string()),
    }
}

/// The addresses of the providers.
fn start(served: &[Served], control: &str, json: bool) -> String {
    if json {
        let providers = served.iter().map(|served| {
            json!({
                "name": served.name,
                "dialect": served.dialect.name(),
                "model": served.model,
                "url": served.url,
            })
        });
        let providers: Vec<serde_json::Value> = providers.collect();
        return json!({ "providers": providers, "control": control }).to_string();
    }
    let names = served.iter().map(|served| served.name.as_str());
    let column = columns::width(names.chain([CONTROL]));
    let lines = served.iter().map(|served| {
        let Served {
            name, model, url, ..
        } = served;
        format!(
            "{}  {url}  ({}, {model})\n",
            columns::left(name, column),
            served.dialect.name()
        )
    });
    let control = format!("{}  {control}\n", columns::left(CONTROL, column));
    lines.chain([control]).collect()
}

/// What the port of the control paths is called where the providers are listed.
const CONTROL: &str = "(control)";
