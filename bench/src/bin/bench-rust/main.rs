//! One Rust subject: `bench-rust SUBJECT URL CONCURRENCY SECONDS [CA_FILE]`. When it is warm it says `ready`; each line on
//! its standard input opens one window. SECONDS may be a number of queries, such as `500q`.
//!
//! Subjects: `core` (this library), `core-decoded` (all of the result and history read), `core-reqwest` (this library with
//! every request sent by reqwest), `hyper` (a bare loop that signs, verifies and reads the envelope), `reqwest-bare` (the same
//! over the reqwest of `core-reqwest`), `epoll` (bytes only: the limit), `reqwest` (as people write it).

mod limit;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use smileid_jobs::clock::BoxFuture;
use smileid_jobs::{Client, JobStatus, Signature};
use smileid_jobs_bench::{API_KEY, Failure, JOB_ID, PARTNER_ID, USER_ID, Window, read_all};
use tokio::net::TcpStream;

const WARM_UP: u64 = 2_000;

/// Asks once; every worker has one.
trait Subject: Send + Sync + 'static {
    fn ask(&self) -> BoxFuture<'_, Result<(), Failure>>;
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, url, concurrency, seconds, rest @ ..] = arguments.as_slice() else {
        return Err("expected SUBJECT URL CONCURRENCY SECONDS [CA_FILE]".into());
    };
    let concurrency: usize = concurrency.parse()?;
    let (queries, seconds) = match seconds.strip_suffix('q') {
        Some(queries) => (queries.parse()?, f64::MAX),
        None => (u64::MAX, seconds.parse()?),
    };
    if name == "epoll" {
        return limit::run(url, concurrency, seconds, &body(&Signature::new(PARTNER_ID, API_KEY)?));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let subjects = subjects(name, url, rest.first(), concurrency).await?;
        run(&subjects, WARM_UP, f64::MAX).await?;
        println!("ready");
        while std::io::stdin().read_line(&mut String::new())? > 0 {
            let window = Window::open();
            let asked = run(&subjects, queries, seconds).await?;
            println!("{}", window.line(asked));
        }
        Ok(())
    })
}

/// Asks with all workers until there were enough queries or the time is up.
async fn run(subjects: &[Arc<dyn Subject>], most: u64, seconds: f64) -> Result<u64, Failure> {
    let each = most.div_ceil(subjects.len() as u64);
    let started = std::time::Instant::now();
    let mut workers = Vec::new();
    for subject in subjects {
        let subject = Arc::clone(subject);
        workers.push(tokio::spawn(async move {
            let mut asked = 0;
            while asked < each && started.elapsed().as_secs_f64() < seconds {
                subject.ask().await?;
                asked += 1;
            }
            Ok::<u64, Failure>(asked)
        }));
    }
    let mut asked = 0;
    for worker in workers {
        asked += worker.await??;
    }
    Ok(asked)
}

async fn subjects(
    name: &str,
    url: &str,
    ca_file: Option<&String>,
    concurrency: usize,
) -> Result<Vec<Arc<dyn Subject>>, Failure> {
    let mut builder = Client::builder(PARTNER_ID, API_KEY).base_url(url).max_connections(concurrency as u64);
    if let Some(path) = ca_file {
        builder = builder.ca_bundle(path);
    }
    let one: Arc<dyn Subject> = match name {
        "core" => Arc::new(Core { client: builder.build()?, decode: false }),
        "core-decoded" => Arc::new(Core { client: builder.build()?, decode: true }),
        "core-reqwest" => Arc::new(Core { client: builder.only_reqwest().build()?, decode: false }),
        "reqwest" => Arc::new(Reqwest::new(url)?),
        "reqwest-bare" => Arc::new(BareReqwest {
            client: lean_reqwest(concurrency)?,
            url: format!("{url}/v1/job_status").parse()?,
            signature: Signature::new(PARTNER_ID, API_KEY)?,
        }),
        "hyper" => {
            let mut own: Vec<Arc<dyn Subject>> = Vec::new();
            for _ in 0..concurrency {
                own.push(Arc::new(Hyper::connect(url).await?));
            }
            return Ok(own);
        }
        _ => return Err("no such subject".into()),
    };
    Ok(vec![one; concurrency])
}

struct Core {
    client: Client,
    decode: bool,
}

impl Subject for Core {
    fn ask(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            let status: JobStatus = self.client.get_job_status(USER_ID, JOB_ID).await?;
            if self.decode {
                read_all(&status);
            }
            std::hint::black_box(status.job_complete());
            Ok(())
        })
    }
}

/// reqwest with everything off that costs and that this library does itself.
fn lean_reqwest(connections: usize) -> Result<reqwest::Client, Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().http1_only().tcp_nodelay(true).referer(false);
    let builder =
        builder.redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never().max_retries_per_request(0));
    Ok(builder.pool_max_idle_per_host(connections).build()?)
}

/// As people write it.
struct Reqwest {
    client: reqwest::Client,
    url: String,
    signature: Signature,
}

impl Reqwest {
    fn new(url: &str) -> Result<Self, Failure> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{url}/v1/job_status");
        Ok(Self {
            client: reqwest::Client::builder().no_proxy().build()?,
            url,
            signature: Signature::new(PARTNER_ID, API_KEY)?,
        })
    }
}

impl Subject for Reqwest {
    fn ask(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            let response = self
                .client
                .post(&self.url)
                .header("content-type", "application/json")
                .body(body(&self.signature))
                .send()
                .await?;
            let value: serde_json::Value = serde_json::from_slice(&response.bytes().await?)?;
            let text = |name: &str| value[name].as_str().unwrap_or_default();
            if !self.signature.confirm_signature(text("timestamp"), text("signature")) {
                return Err("wrong signature".into());
            }
            Ok(())
        })
    }
}

/// What reqwest itself costs: nothing that a product needs, either.
struct BareReqwest {
    client: reqwest::Client,
    url: reqwest::Url,
    signature: Signature,
}

impl Subject for BareReqwest {
    fn ask(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            let request = self.client.post(self.url.clone()).header("content-type", "application/json");
            let answer = request.body(body(&self.signature)).send().await?.bytes().await?;
            verify(&answer, &self.signature)
        })
    }
}

/// Reads the envelope, and checks its signature.
fn verify(answer: &[u8], signature: &Signature) -> Result<(), Failure> {
    let envelope: Envelope<'_> = serde_json::from_slice(answer)?;
    if !signature.confirm_signature(envelope.timestamp, envelope.signature) {
        return Err("wrong signature".into());
    }
    std::hint::black_box((envelope.job_complete, envelope.result, envelope.history));
    Ok(())
}

fn body(signature: &Signature) -> Vec<u8> {
    let signed = signature.generate_signature(None);
    format!(
        r#"{{"timestamp":"{}","signature":"{}","partner_id":"{PARTNER_ID}","user_id":"{USER_ID}","job_id":"{JOB_ID}","image_links":false,"history":false}}"#,
        signed.timestamp, signed.signature
    )
    .into_bytes()
}

/// A connection of its own per worker, and nothing that a product needs.
struct Hyper {
    sender: tokio::sync::Mutex<http1::SendRequest<Full<Bytes>>>,
    authority: String,
    path: String,
    signature: Signature,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    job_complete: bool,
    timestamp: &'a str,
    signature: &'a str,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    history: Option<&'a RawValue>,
}

impl Hyper {
    async fn connect(url: &str) -> Result<Self, Failure> {
        let rest = url.strip_prefix("http://").ok_or("the bare loops speak plain http only")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender: tokio::sync::Mutex::new(sender),
            authority: authority.to_owned(),
            path: format!("/{path}/v1/job_status"),
            signature: Signature::new(PARTNER_ID, API_KEY)?,
        })
    }
}

impl Subject for Hyper {
    fn ask(&self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async {
            let request = Request::post(self.path.as_str())
                .header("host", self.authority.as_str())
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(body(&self.signature))))?;
            let mut sender = self.sender.lock().await;
            sender.ready().await?;
            let bytes = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
            verify(&bytes, &self.signature)
        })
    }
}
