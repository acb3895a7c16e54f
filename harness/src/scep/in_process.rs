//! The carrier inside the process: straight into an authority's routes.

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::http_transport::LONGEST_ANSWER;
use super::{ScepHttp, ScepMethod, ScepReply, ScepTransport};

/// Hands requests to these routes, whatever host the URL names.
#[derive(Clone, Debug)]
pub struct InProcess(pub Router);

#[async_trait]
impl ScepTransport for InProcess {
    async fn send(&self, request: ScepHttp) -> Result<ScepReply, String> {
        let method = match request.method {
            ScepMethod::Get => "GET",
            ScepMethod::Post => "POST",
        };
        let request = Request::builder()
            .method(method)
            .uri(&request.url)
            .body(Body::from(request.body.unwrap_or_default()))
            .map_err(|error| error.to_string())?;
        let answer = TowerToHyperService::new(self.0.clone()).call(request).await;
        let answer = answer.unwrap_or_else(|never| match never {});
        let (head, body) = answer.into_parts();
        Ok(ScepReply {
            status: head.status.as_u16(),
            content_type: head
                .headers
                .get(header::CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok())
                .map(str::to_owned),
            body: to_bytes(body, LONGEST_ANSWER)
                .await
                .map_err(|error| error.to_string())?,
        })
    }
}
