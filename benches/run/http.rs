//! One exchange after the other over any stream, by hyper alone: what both floors with bytes do.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::{Request, Response};

use super::SERVICE;

/// Answers the requests of one connection, each after the service time.
pub(crate) async fn serve(io: impl Read + Write + Unpin) {
    let service = hyper::service::service_fn(answer);
    let connection = hyper::server::conn::http1::Builder::new();
    // The caller's end may close it at any time.
    drop(connection.serve_connection(io, service).await);
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    request.into_body().collect().await.expect("a body");
    tokio::time::sleep(SERVICE).await;
    Ok(Response::new(Full::new(Bytes::from_static(ANSWER))))
}

/// Makes `exchanges` over one connection. `spawn` runs the future that drives it.
pub(crate) async fn ask<S>(io: S, exchanges: u64, spawn: impl FnOnce(Driver<S>))
where
    S: Read + Write + Unpin + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
        .await
        .expect("a handshake");
    spawn(connection);
    for _ in 0..exchanges {
        let request = Request::post("/v1/chat/completions").header("host", "provider");
        let request = request.header("content-type", "application/json");
        let request = request
            .body(Full::new(Bytes::from_static(QUESTION)))
            .expect("a request");
        let response = sender.send_request(request).await.expect("a response");
        response.into_body().collect().await.expect("a body");
    }
}

/// What drives the caller's end of a connection.
pub(crate) type Driver<S> = hyper::client::conn::http1::Connection<S, Full<Bytes>>;

const QUESTION: &[u8] = b"{\"model\":\"gpt-4.1\",\
    \"messages\":[{\"role\":\"user\",\
    \"content\":\"Summarise the attached incident report in three \
    sentences for the on-call engineer.\"}]}";
const ANSWER: &[u8] = b"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\
    \"created\":1,\"model\":\"gpt-4.1\",\
    \"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\
    \"finish_reason\":\"stop\"}],\
    \"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34,\"total_tokens\":46}}";
