//! What the library logs, on its way to a host language's own logging.
//!
//! The core speaks `tracing`. A Rust program listens with a subscriber of its own; a binding has its own copy of
//! `tracing`, hands this one a function, and says how much it wants. Quiet until then: a disabled event costs a load.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

/// One thing that happened: no id, no key, no link and no data in it.
#[derive(Clone, Debug)]
pub struct Event {
    /// 1 error, 2 warning, 3 information, 4 debug, 5 trace.
    pub level: u8,
    /// What happened, such as `answered`.
    pub message: String,
    /// More about it, such as `attempt`; the names are stable.
    pub fields: Vec<(&'static str, Value)>,
}

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A flag.
    Bool(bool),
    /// A count or milliseconds.
    Whole(u64),
    /// A text of ours, such as an error's code.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => flag.fmt(f),
            Self::Whole(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Event {
    /// `answered attempt=1 job_complete=true`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// Where events go. Called on whichever thread the library is on, also on its own ones.
pub type Sink = fn(Event);

static SINK: OnceLock<Sink> = OnceLock::new();
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// Hands events up to `level` (0 none to 5 all) to `sink`. The first sink stays; the level may change at any time.
pub fn listen(level: u8, sink: Sink) {
    let first = SINK.set(sink).is_ok();
    if LEVEL.swap(level.min(5), Ordering::AcqRel) == level && !first {
        return;
    }
    if first {
        // Only a program that is itself Rust and shares this copy has one already; its own choice counts.
        let _ = tracing::dispatcher::set_global_default(tracing::Dispatch::new(Forward));
    }
    tracing::callsite::rebuild_interest_cache();
}

fn filter() -> LevelFilter {
    match LEVEL.load(Ordering::Acquire) {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// Forwards our own events, nothing of other crates', and no spans: every event carries its call's number itself.
struct Forward;

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= filter() && metadata.target().starts_with("smileid_jobs")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(filter())
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let Some(sink) = SINK.get() else { return };
        let level = number(*event.metadata().level());
        let mut seen = Event { level, message: String::new(), fields: Vec::new() };
        event.record(&mut seen);
        sink(seen);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Event {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", value) => self.message = value.to_string(),
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Event {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bool(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Whole(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, Value::Text(format!("{value:?}")));
    }
}
