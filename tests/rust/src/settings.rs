//! A case's client.

use smileid_jobs::{Client, ClientBuilder, Result};

use crate::arguments::Arguments;

/// The client that a case describes.
pub(crate) fn client(arguments: &Arguments) -> Result<Client> {
    let mut builder = ClientBuilder::empty();
    let text = |name: &str| arguments.text(name);
    builder = text("partner_id").into_iter().fold(builder, ClientBuilder::partner_id);
    builder = text("api_key").into_iter().fold(builder, ClientBuilder::api_key);
    builder = text("environment").iter().fold(builder, |builder, name| builder.environment(name.as_str()));
    builder = text("base_url").into_iter().fold(builder, ClientBuilder::base_url);
    builder = text("ca_bundle").into_iter().fold(builder, ClientBuilder::ca_bundle);
    builder = text("proxy").into_iter().fold(builder, ClientBuilder::proxy);
    builder = arguments.flag("bundled_roots").into_iter().fold(builder, ClientBuilder::bundled_roots);
    builder = arguments.flag("trust_env").into_iter().fold(builder, ClientBuilder::trust_env);
    builder = arguments.count("max_retries").into_iter().fold(builder, ClientBuilder::max_retries);
    builder = arguments.count("max_connections").into_iter().fold(builder, ClientBuilder::max_connections);
    builder = arguments.count("max_response_bytes").into_iter().fold(builder, ClientBuilder::max_response_bytes);
    let duration = |name: &str| arguments.duration(name).flatten();
    builder = duration("request_timeout").into_iter().fold(builder, ClientBuilder::request_timeout);
    builder = duration("connect_timeout").into_iter().fold(builder, ClientBuilder::connect_timeout);
    builder.build()
}
