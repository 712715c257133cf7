//! What an error says beyond its code: where time ran out, why a wait ended, what lies under it.

use std::fmt;

/// Where time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for one of the client's `max_connections`, or for its turn under a `rate_limit`.
    Queue,
    /// Looking the name up, connecting or shaking hands.
    Connect,
    /// The request was on its way or sent; no answer had begun.
    Response,
    /// The answer had begun, but its body did not end.
    Body,
    /// The server itself gave up waiting for the request (HTTP 408).
    Server,
    /// The verb's own `timeout` ended.
    Overall,
}

impl Phase {
    /// The stable text, such as `connect`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Connect => "connect",
            Self::Response => "response",
            Self::Body => "body",
            Self::Server => "server",
            Self::Overall => "overall",
        }
    }
}

/// Why a wait ended before its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IncompleteReason {
    /// The timeout ended.
    Deadline,
    /// The attempts were used up.
    Attempts,
    /// The server asked to wait longer than the timeout lets.
    RetryAfterBeyondDeadline,
}

impl IncompleteReason {
    /// The stable text, such as `deadline`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Attempts => "attempts",
            Self::RetryAfterBeyondDeadline => "retry_after_beyond_deadline",
        }
    }
}

/// What lies under an [`Error`](crate::Error), without anything that could be private.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The JSON text was not what it should be: the category and place, never the content.
    Json {
        /// `syntax`, `data`, `eof` or `io`.
        category: &'static str,
        /// One-based line in the body.
        line: usize,
        /// One-based column in that line.
        column: usize,
    },
    /// What the HTTP, TLS or operating-system layer said, without the URL.
    System {
        /// The chain of messages, joined by `: `.
        description: String,
    },
    /// What the operating system said of a file.
    Io {
        /// The kind of failure; paths stay private.
        kind: std::io::ErrorKind,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { category, line, column } => write!(f, "JSON {category} error at line {line}, column {column}"),
            Self::System { description } => f.write_str(description),
            Self::Io { kind } => write!(f, "{kind}"),
        }
    }
}

impl std::error::Error for Cause {}

impl From<&std::io::Error> for Cause {
    fn from(error: &std::io::Error) -> Self {
        Self::Io { kind: error.kind() }
    }
}

impl From<&serde_json::Error> for Cause {
    fn from(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let category = match error.classify() {
            Category::Io => "io",
            Category::Syntax => "syntax",
            Category::Data => "data",
            Category::Eof => "eof",
        };
        Self::Json { category, line: error.line(), column: error.column() }
    }
}
