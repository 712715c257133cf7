//! Each verb, called as a case says.

use std::time::Duration;

use serde_json::{Value, json};
use smileid_jobs::{Client, JobStatus, Naming, PollStep, Result, View as _};

use crate::arguments::Arguments;
use crate::outcome::{error_view, image_view, job_outcome_view, progress_view, status_outcome, update_view};

/// Calls a verb and returns its outcome. What fails as a whole is an error; what ends a stream stands in the outcome.
pub(crate) async fn play(verb: &str, client: &Client, arguments: &Arguments) -> Result<Value> {
    match verb {
        "watch_job_status" => Ok(watch(client, arguments).await),
        "poll_step" => steps(client, arguments).await,
        "poll_many" => many(client, arguments).await,
        "download_images" => images(client, arguments).await,
        "verify_callback" => callback(client, arguments),
        _ => Ok(status_outcome(&ask(verb, client, arguments).await?)),
    }
}

/// Options that every verb about one job takes.
macro_rules! asked {
    ($call:expr, $arguments:expr) => {{
        let (mut call, given): (_, &Arguments) = ($call, $arguments);
        call = given.flag("return_history").into_iter().fold(call, |call, flag| call.return_history(flag));
        call = given.flag("return_image_links").into_iter().fold(call, |call, flag| call.return_image_links(flag));
        given.duration("timeout").into_iter().fold(call, |call, timeout| call.timeout(timeout))
    }};
}

/// Options of the callback delivery.
macro_rules! delivered {
    ($call:expr, $arguments:expr) => {{
        let (mut call, given): (_, &Arguments) = ($call, $arguments);
        call = given.flag("return_job_status").into_iter().fold(call, |call, flag| call.return_job_status(flag));
        given.text("callback_url").into_iter().fold(call, |call, url| call.callback_url(url))
    }};
}

/// Options of the verbs that ask more than once.
macro_rules! polling {
    ($call:expr, $arguments:expr) => {{
        let (mut call, given): (_, &Arguments) = ($call, $arguments);
        call = given.count("retry_count").into_iter().fold(call, |call, count| call.retry_count(count));
        let delay = |name: &str| given.duration(name).flatten();
        call = delay("initial_delay").into_iter().fold(call, |call, delay| call.initial_delay(delay));
        delay("max_delay").into_iter().fold(call, |call, delay| call.max_delay(delay))
    }};
}

fn ids(arguments: &Arguments) -> (String, String) {
    let id = |name: &str| arguments.text(name).unwrap_or_default();
    (id("user_id"), id("job_id"))
}

async fn ask(verb: &str, client: &Client, arguments: &Arguments) -> Result<JobStatus> {
    let (user_id, job_id) = ids(arguments);
    match verb {
        "get_job_status" => delivered!(asked!(client.get_job_status(user_id, job_id), arguments), arguments).await,
        "poll_job_status" => {
            let poll = asked!(client.poll_job_status(user_id, job_id), arguments);
            polling!(delivered!(poll, arguments), arguments).await
        }
        _ => wait(client, arguments, arguments.text("token")).await,
    }
}

async fn wait(client: &Client, arguments: &Arguments, token: Option<String>) -> Result<JobStatus> {
    let (user_id, job_id) = ids(arguments);
    let wait = asked!(client.wait_until_complete(user_id, job_id), arguments);
    polling!(delivered!(wait, arguments), arguments).token(token).await
}

async fn watch(client: &Client, arguments: &Arguments) -> Value {
    let (user_id, job_id) = ids(arguments);
    let watch = asked!(client.watch_job_status(user_id, job_id), arguments);
    let mut stream = polling!(delivered!(watch, arguments), arguments).stream();
    let most = arguments.count("stop_after").unwrap_or(u64::MAX);
    let pause = arguments.duration("pause").flatten().unwrap_or_default();
    let mut updates = Vec::new();
    while (updates.len() as u64) < most {
        match stream.next().await {
            Some(Ok(update)) => updates.push(update_view(&update)),
            Some(Err(error)) => return json!({ "updates": updates, "error": error_view(&error) }),
            None => break,
        }
        tokio::time::sleep(pause).await;
    }
    json!({ "updates": updates, "error": null })
}

async fn steps(client: &Client, arguments: &Arguments) -> Result<Value> {
    let mut token = arguments.text("token");
    let mut given = arguments.clone();
    for steps in 1.. {
        let (user_id, job_id) = ids(&given);
        let step = asked!(client.poll_step(user_id, job_id), &given);
        let (after, next) = match polling!(delivered!(step, &given), &given).token(token.take()).await? {
            PollStep::Again { after, token } => (after, token),
            PollStep::Finished(status) => return Ok(stepped(steps, &status)),
            _ => break,
        };
        tokio::time::sleep(after).await;
        given = arguments.with("then");
        let next = if arguments.flag("tamper") == Some(true) { tampered(next) } else { next };
        if arguments.text("finish").is_some() {
            return Ok(stepped(steps, &wait(client, &given, Some(next)).await?));
        }
        token = Some(next);
    }
    Ok(Value::Null)
}

fn stepped(steps: u32, status: &JobStatus) -> Value {
    json!({ "steps": steps, "status": status.named(Naming::Snake) })
}

/// The same token with another last character.
fn tampered(mut token: String) -> String {
    let last = token.pop();
    token.push(if last == Some('A') { 'B' } else { 'A' });
    token
}

async fn many(client: &Client, arguments: &Arguments) -> Result<Value> {
    let mut many = polling!(asked!(client.poll_many(), arguments), arguments);
    many = arguments.count("max_waiting").into_iter().fold(many, |many, most| many.max_waiting(most));
    many = arguments.rate("rate_limit").into_iter().fold(many, |many, rate| many.rate_limit(rate));
    many = arguments.count("burst").into_iter().fold(many, |many, burst| many.burst(burst));
    let mut stream = many.stream(arguments.jobs());
    let mut outcomes = Vec::new();
    while let Some(outcome) = stream.next().await {
        outcomes.push(job_outcome_view(&outcome?));
    }
    Ok(json!({ "outcomes": outcomes, "progress": progress_view(stream.progress()) }))
}

async fn images(client: &Client, arguments: &Arguments) -> Result<Value> {
    let (user_id, job_id) = ids(arguments);
    let status = client.get_job_status(user_id, job_id).return_image_links(true).await?;
    let mut download = client.download_images(&status);
    download = arguments.text("directory").into_iter().fold(download, |download, path| download.directory(path));
    download = arguments.flag("overwrite").into_iter().fold(download, |download, flag| download.overwrite(flag));
    download = arguments.flag("refresh").into_iter().fold(download, |download, flag| download.refresh(flag));
    let hosts = arguments.texts("allowed_hosts");
    download = hosts.into_iter().fold(download, |download, hosts| download.allowed_hosts(hosts));
    download = arguments.duration("timeout").into_iter().fold(download, |download, timeout| download.timeout(timeout));
    let images = download.await?;
    Ok(json!({ "images": images.iter().map(image_view).collect::<Vec<_>>() }))
}

fn callback(client: &Client, arguments: &Arguments) -> Result<Value> {
    let max_age: Option<Duration> = arguments.duration("max_age").flatten();
    let callback = client.verify_callback(arguments.text("body").unwrap_or_default().as_bytes(), max_age)?;
    Ok(json!({ "callback": callback.named(Naming::Snake) }))
}
