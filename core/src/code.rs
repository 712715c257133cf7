//! The one table of error codes. Every language's classes and constants are compared with it
//! (`tests/vectors/errors.json` is written from here).

/// When a failure with a given code is tried again inside one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retried {
    /// Never: the same request would fail the same way.
    No,
    /// Up to `max_retries` times.
    Yes,
    /// At most once, whatever `max_retries` says.
    Once,
    /// Only for the HTTP statuses that announce a transient fault: 500, 502, 503 and 504.
    SomeStatuses,
    /// Polling verbs count it as "not ready yet" while the job is not complete.
    WhileIncomplete,
}

impl Retried {
    /// The word that stands in `tests/vectors/errors.json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Once => "once",
            Self::SomeStatuses => "500, 502-504",
            Self::WhileIncomplete => "while incomplete",
        }
    }
}

impl ErrorCode {
    /// Whether a failure with this code and status may be gone when the same is sent again.
    pub(crate) fn is_transient(self, status: Option<u16>) -> bool {
        match self.retried() {
            Retried::Yes | Retried::Once => true,
            Retried::SomeStatuses => matches!(status, Some(500 | 502..=504)),
            Retried::No | Retried::WhileIncomplete => false,
        }
    }
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $text:literal, $class:literal : $base:literal, python [$($python:literal),*], $retried:ident, $advice:literal;)+) => {
        /// What went wrong, as a stable number and text. Numbers are never re-used.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[doc = ""] #[doc = $advice] $variant = $number,)+
        }

        impl ErrorCode {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable text, such as `timeout`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The class of the exception in Python, Node and C++.
            #[must_use]
            pub const fn class(self) -> &'static str {
                match self { $(Self::$variant => $class,)+ }
            }

            /// The class that [`ErrorCode::class`] derives from.
            #[must_use]
            pub const fn base_class(self) -> &'static str {
                match self { $(Self::$variant => $base,)+ }
            }

            /// Python's own exceptions that the class derives from besides.
            #[must_use]
            pub const fn python_bases(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($python),*],)+ }
            }

            /// When a failure with this code is tried again inside one attempt.
            #[must_use]
            pub const fn retried(self) -> Retried {
                match self { $(Self::$variant => Retried::$retried,)+ }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What to do about it, in one sentence.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }
        }
    };
}

error_codes! {
    /// An argument is outside of its limits; nothing was sent.
    InvalidArgument = 1001, "invalid_argument", "InvalidArgumentError": "SmileIDError", python ["ValueError", "TypeError"], No,
        "Correct the argument that `argument` names.";
    /// The client was closed before or during the call.
    ClientClosed = 1002, "client_closed", "ClientClosedError": "SmileIDError", python [], No,
        "Make a new client.";
    /// A poll token is for another question, another key or another version, or was changed.
    TokenMismatch = 1003, "token_mismatch", "PollTokenError": "SmileIDError", python [], No,
        "Start again without a token.";
    /// A file of yours could not be read or written.
    Io = 1004, "io", "FileError": "SmileIDError", python [], No,
        "Check the directory or this machine's CA certificates, or set `overwrite`; `cause` has the system's words.";
    /// No connection: the name was not found, or the server refused or could not be reached.
    Connect = 2001, "connect", "ConnectError": "NetworkError", python [], Yes,
        "Check network and address; ask again later.";
    /// The TLS handshake failed, for example because the certificate is not trusted.
    Tls = 2002, "tls", "TLSError": "NetworkError", python [], No,
        "Check the certificates, and `ca_bundle`.";
    /// Time ran out; `phase` says where.
    Timeout = 2003, "timeout", "RequestTimeoutError": "NetworkError", python ["TimeoutError"], Yes,
        "Ask again later.";
    /// The connection broke before the whole answer had arrived.
    Network = 2004, "network", "NetworkError": "SmileIDError", python [], Yes,
        "Ask again later.";
    /// Smile ID refused the credentials or the request's signature.
    Authentication = 3001, "authentication", "AuthenticationError": "APIError", python [], No,
        "Check key, partner id, environment and this machine's clock.";
    /// Smile ID asked to slow down (HTTP 429).
    RateLimited = 3002, "rate_limited", "RateLimitError": "APIError", python [], Yes,
        "Wait `retry_after`, then ask again.";
    /// Smile ID refused the request (another 4xx, or an error in place of a status).
    Rejected = 3003, "rejected", "RequestRejectedError": "APIError", python [], No,
        "See `api_code`.";
    /// The server failed (5xx).
    Server = 3004, "server", "ServerError": "APIError", python [], SomeStatuses,
        "Ask again later.";
    /// The answer is not a job status.
    InvalidResponse = 4001, "invalid_response", "InvalidResponseError": "SmileIDError", python [], Once,
        "Ask again later; `raw` has the body.";
    /// The answer is larger than `max_response_bytes`.
    ResponseTooLarge = 4002, "response_too_large", "ResponseTooLargeError": "SmileIDError", python [], No,
        "Raise `max_response_bytes`.";
    /// The answer's signature is wrong, missing or malformed.
    SignatureMismatch = 4003, "signature_mismatch", "SignatureError": "SmileIDError", python [], No,
        "Do not trust the answer; check key and environment.";
    /// The answer carries the old unkeyed hash, which proves nothing.
    LegacySignature = 4004, "legacy_signature", "LegacySignatureError": "SignatureError", python [], WhileIncomplete,
        "The job's upload may be missing; ask again later.";
    /// The answer is about another user or job than the one asked for.
    ResponseMismatch = 4005, "response_mismatch", "ResponseMismatchError": "SmileIDError", python [], No,
        "Do not trust the answer.";
    /// A callback is older than `max_age` or further than that in the future, or its age cannot be told.
    CallbackExpired = 4006, "callback_expired", "CallbackExpiredError": "SmileIDError", python [], No,
        "Ask for the status instead.";
    /// An image link is no longer valid.
    ImageLinkExpired = 4101, "image_link_expired", "ImageLinkExpiredError": "SmileIDError", python [], No,
        "Ask for the status again, or set `refresh`.";
    /// An image was refused because of its host, its type or its size.
    ImageRefused = 4102, "image_refused", "ImageRefusedError": "SmileIDError", python [], No,
        "Do not use the image; the message says why.";
    /// The wait ended before the job did; `reason` says why, `last_status` how it stands.
    JobIncomplete = 5001, "job_incomplete", "JobIncompleteError": "SmileIDError", python ["TimeoutError"], No,
        "Ask again later.";
    /// The call was cancelled through its token (C and C++ only).
    Cancelled = 5002, "cancelled", "CancelledError": "SmileIDError", python [], No,
        "Nothing to do.";
    /// A bug in this library.
    Internal = 9001, "internal", "InternalError": "SmileIDError", python [], No,
        "Please report it; if the message says so, raise this process's limits instead.";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
