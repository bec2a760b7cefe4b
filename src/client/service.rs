//! The client as a service of tower, so that tower's layers can be put around it.
//!
//! It is always ready: what a call waits for is the policy's concern.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use super::connect::Connect;
use super::{Answer, AnswerStream, Client, Error, Request};
use crate::policy::call_context::Delivery;

impl<C: Connect> Service<Request> for Client<C> {
    type Response = Answer;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    /// As [`Client::call`], which needs no `&mut`.
    fn call(&mut self, request: Request) -> Self::Future {
        let stream = AnswerStream::start(self.shared.clone(), &request, Delivery::Plain);
        Box::pin(stream.buffered())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Provider, Tcp};
    use crate::policy::classify::FailureClass;
    use crate::policy_file::presets;

    #[tokio::test]
    async fn a_client_is_a_service() {
        fn service(client: Client<Tcp>) -> impl Service<Request, Response = Answer, Error = Error> {
            client
        }
        let builder = Client::builder().policy(presets::policy("no-failover").unwrap());
        let nobody = Provider::new("p", "http://127.0.0.1:1", "m");
        let mut service = service(builder.provider(nobody).build().unwrap());
        let asked = service.call(Request::user("hello"));
        let error = asked.await.unwrap_err();
        assert_eq!(error.attempts[0].failure, Some(FailureClass::Connect));
    }
}
