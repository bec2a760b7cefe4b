//! A fake provider behind a real socket: reads requests, plays what the provider says.
//!
//! Good and bad answers take one path, since the provider hands out raw bytes. When the client
//! leaves, the host plays on into the void: the work goes on, and is billed.

use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;

use bytes::BytesMut;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil_net::HostId;
use turmoil_net::shim::tokio::net::{TcpListener, TcpStream};

use super::network::Ends;
use super::{World, task};
use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Exchange, Provider, Request};
use crate::scenario::Scenario;
use crate::scenario::fault::{Inject, Windows};
use crate::time::Instant;
use crate::trace::{Bill, FaultId, Kind};
use crate::wire::request::{IDEMPOTENCY_KEY, RETRY_COUNT};

/// The port on which every provider listens.
pub(super) const PORT: u16 = 80;

/// Starts a provider on its host, with a task for each outage that it will have.
pub(super) fn start(
    world: &Rc<World>,
    host: HostId,
    id: ProviderId,
    provider: Provider,
    scenario: &Scenario,
) {
    for (number, fault) in scenario.faults.iter().enumerate() {
        if fault.targets.contains(&id) && fault.inject == Inject::Outage {
            task::spawn(
                host,
                outages(world.clone(), id, FaultId(number as u16), fault.windows),
            );
        }
    }
    let provider = Rc::new(RefCell::new(provider));
    let world = world.clone();
    task::spawn(host, async move {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await;
        // The first to bind on a host of its own: nothing can be in the way.
        let listener =
            listener.unwrap_or_else(|error| panic!("a fresh host has no free port: {error}"));
        while let Ok((stream, client)) = listener.accept().await {
            let Ok(local) = stream.local_addr() else {
                continue;
            };
            let host_side = Host {
                world: world.clone(),
                id,
                ends: Ends {
                    client,
                    provider: local,
                },
                unread: BytesMut::new(),
            };
            task::spawn(host, host_side.serve(stream, provider.clone()));
        }
    });
}

/// Resets what is open whenever an outage begins.
async fn outages(world: Rc<World>, id: ProviderId, fault: FaultId, windows: Windows) {
    let mut next = windows.at_or_after(Instant::START);
    while let Some((start, end)) = next {
        tokio::time::sleep_until(world.moment(start)).await;
        world.network.borrow_mut().begin_outage(id, fault);
        next = end.and_then(|end| windows.at_or_after(end));
    }
}

/// One connection, as the provider's side sees it.
struct Host {
    world: Rc<World>,
    id: ProviderId,
    ends: Ends,
    unread: BytesMut,
}

/// What becomes of a connection after an exchange.
#[derive(PartialEq, Eq)]
enum After {
    KeepAlive,
    Close,
}

impl Host {
    async fn serve(mut self, mut stream: TcpStream, provider: Rc<RefCell<Provider>>) {
        let outage = self
            .world
            .network
            .borrow()
            .outage(self.id, self.world.now());
        if let Some(fault) = outage {
            return self.world.network.borrow_mut().refuse(self.ends, fault);
        }
        self.world.network.borrow_mut().opened(self.ends);
        while let Ok(Some(request)) = self.read_request(&mut stream).await {
            let exchange = provider.borrow_mut().on_request(self.world.now(), &request);
            let exchanges = &self.world.open.exchanges;
            exchanges.set(exchanges.get() + 1);
            let after = self.play(&mut stream, exchange, &request).await;
            let exchanges = &self.world.open.exchanges;
            exchanges.set(exchanges.get() - 1);
            if after == After::Close {
                break;
            }
        }
        self.world.network.borrow_mut().closed(self.ends);
    }

    /// Plays an exchange, each action at its moment.
    async fn play(
        &mut self,
        stream: &mut TcpStream,
        exchange: Exchange,
        request: &Request,
    ) -> After {
        let outages = self.world.network.borrow().outages(self.id);
        let mut gone = false;
        for (at, action) in exchange {
            if !gone {
                gone = self.wait_until(stream, at).await;
            }
            if gone {
                tokio::time::sleep_until(self.world.moment(at)).await;
                // In an outage the provider itself is gone: nothing goes on, nothing is billed.
                if self.world.network.borrow().outages(self.id) != outages {
                    return After::Close;
                }
            }
            match action {
                Action::Write(bytes) => gone = gone || stream.write_all(&bytes).await.is_err(),
                Action::Billed(bill) => self.bill(request, bill),
                Action::Answered => self.answered(request),
                Action::Fired(fault) => self.world.record(Kind::Fired { fault }),
                Action::Fin => return After::Close,
                Action::Rst => {
                    self.world.network.borrow_mut().reset(self.ends);
                    return After::Close;
                }
                Action::Silence => {
                    if !gone {
                        self.hung_up(stream).await;
                    }
                    return After::Close;
                }
            }
        }
        if gone { After::Close } else { After::KeepAlive }
    }

    /// Waits for a moment; true when the client left before it.
    async fn wait_until(&mut self, stream: &mut TcpStream, at: Instant) -> bool {
        if at <= self.world.now() {
            return false;
        }
        let moment = self.world.moment(at);
        tokio::select! {
            biased;
            () = self.hung_up(stream) => true,
            () = tokio::time::sleep_until(moment) => false,
        }
    }

    /// Waits until the client has left.
    async fn hung_up(&mut self, stream: &mut TcpStream) {
        while stream
            .read_buf(&mut self.unread)
            .await
            .is_ok_and(|read| read > 0)
        {}
    }

    fn bill(&self, request: &Request, bill: Bill) {
        self.world.record(Kind::Billed {
            provider: self.id,
            call: Some(request.call),
            nth: request.nth,
            bill,
        });
    }

    fn answered(&self, request: &Request) {
        self.world.record(Kind::Answered {
            provider: self.id,
            call: Some(request.call),
            nth: request.nth,
        });
    }

    /// The next request; `None` when the client hangs up between two, or talks nonsense.
    async fn read_request(&mut self, stream: &mut TcpStream) -> io::Result<Option<Request>> {
        loop {
            match parse(&self.unread) {
                Parsed::Whole {
                    length,
                    call,
                    nth,
                    streamed,
                } => {
                    drop(self.unread.split_to(length));
                    let tokens = self.world.workload.tokens(call);
                    return Ok(Some(Request::new(call, nth, streamed, tokens)));
                }
                Parsed::Wrong => return Ok(None),
                Parsed::Partial => {}
            }
            if stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(None);
            }
        }
    }
}

enum Parsed {
    Whole {
        length: usize,
        call: CallId,
        nth: u32,
        streamed: bool,
    },
    Partial,
    Wrong,
}

/// Reads a request as any server would, and in it what our client says of itself.
fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let start = match head.parse(bytes) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Wrong,
    };
    let text = |name: &str| {
        let header = head
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let body: usize = text("content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    let Some(body) = bytes.get(start..start.saturating_add(body)) else {
        return Parsed::Partial;
    };
    let number = text(IDEMPOTENCY_KEY).and_then(|key| key.rsplit_once('-')?.1.parse().ok());
    let nth = text(RETRY_COUNT).and_then(|value| value.parse().ok());
    let (Some(call), Some(nth), Ok(asked)) = (number, nth, serde_json::from_slice::<Asked>(body))
    else {
        return Parsed::Wrong;
    };
    let length = start + body.len();
    Parsed::Whole {
        length,
        call: CallId(call),
        nth,
        streamed: asked.stream.unwrap_or(false),
    }
}

#[derive(Deserialize)]
struct Asked {
    stream: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let text = b"POST /v1/chat/completions HTTP/1.1\r\nidempotency-key: call-7\r\n\
            x-retry-count: 2\r\ncontent-length: 15\r\n\r\n{\"stream\":true}";
        for cut in 0..text.len() {
            assert!(matches!(parse(&text[..cut]), Parsed::Partial), "{cut}");
        }
        let Parsed::Whole {
            length,
            call,
            nth,
            streamed,
        } = parse(text)
        else {
            panic!()
        };
        assert_eq!(
            (length, call, nth, streamed),
            (text.len(), CallId(7), 2, true)
        );
        assert!(matches!(
            parse(b"\x16\x03\x01\x02\x00 tls hello"),
            Parsed::Wrong
        ));
    }
}
