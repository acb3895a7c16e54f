//! The backend for declarative management that the server passes requests on to.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::server::ddm::{DdmAnswer, DdmEngine, Ingest};
use crate::server::http;

/// Which enrollment a request is about.
const ENROLLMENT: &str = "X-Enrollment-ID";

/// `GET` and `PUT` of `<Endpoint>`, at the root and under `/dm`, as the server's URL has it.
pub(super) fn routes(engine: Arc<DdmEngine>) -> Router {
    let endpoint = get(answer).put(answer);
    Router::new()
        .route("/dm/{*endpoint}", endpoint.clone())
        .route("/{*endpoint}", endpoint)
        .with_state(engine)
}

async fn answer(
    State(engine): State<Arc<DdmEngine>>,
    Path(endpoint): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = match http::body(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let Some(id) = head
        .headers
        .get(ENROLLMENT)
        .and_then(|id| id.to_str().ok())
        .filter(|id| !id.is_empty() && id.len() <= 255)
    else {
        return (StatusCode::BAD_REQUEST, "X-Enrollment-ID is missing").into_response();
    };
    let data = (head.method == Method::PUT).then_some(body.as_ref());
    let json = HeaderValue::from_static("application/json");
    match engine.answer(id, &endpoint, data, Ingest::Merge) {
        DdmAnswer::Empty => StatusCode::OK.into_response(),
        DdmAnswer::NotFound => StatusCode::NOT_FOUND.into_response(),
        DdmAnswer::Bad(why) => (StatusCode::BAD_REQUEST, why).into_response(),
        DdmAnswer::Json(body) => ([(header::CONTENT_TYPE, json)], body).into_response(),
    }
}
