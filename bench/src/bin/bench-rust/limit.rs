//! The limit: fixed bytes over non-blocking sockets and one epoll, with no HTTP, no signing and no parsing.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

use smileid_jobs_bench::{Failure, Window};

pub(crate) fn run(url: &str, concurrency: usize, seconds: f64, body: &[u8]) -> Result<(), Failure> {
    let rest = url.strip_prefix("http://").ok_or("the bare loops speak plain http only")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let head =
        format!("POST /{path}/v1/job_status HTTP/1.1\r\nhost: {authority}\r\ncontent-length: {}\r\n\r\n", body.len());
    let request = [head.as_bytes(), body].concat();
    let mut streams = Vec::new();
    for _ in 0..concurrency {
        let stream = std::net::TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let mut buffer = vec![0; 1 << 17];
    // How long an answer is.
    let first = streams.first_mut().ok_or("expected a concurrency of at least 1")?;
    first.write_all(&request)?;
    let mut length = first.read(&mut buffer)?;
    first.set_read_timeout(Some(Duration::from_millis(200)))?;
    while let Ok(more @ 1..) = first.read(&mut buffer) {
        length += more;
    }
    first.set_read_timeout(None)?;
    // SAFETY: plain system calls on descriptors that live as long as `streams` and on buffers of our own.
    unsafe {
        let poll = libc::epoll_create1(0);
        let mut left = vec![length; concurrency];
        for (at, stream) in streams.iter_mut().enumerate() {
            if concurrency > 1 {
                stream.set_nonblocking(true)?;
            }
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: at as u64 };
            libc::epoll_ctl(poll, libc::EPOLL_CTL_ADD, stream.as_raw_fd(), &raw mut event);
            stream.write_all(&request)?;
        }
        let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; concurrency];
        let mut queries = 0;
        let mut window = Window::open();
        let mut warm = false;
        loop {
            let ready = if concurrency == 1 {
                // One connection needs no epoll: it may block in its read.
                1
            } else {
                libc::epoll_wait(poll, events.as_mut_ptr(), concurrency as i32, -1)
            };
            for event in events.iter().take(ready as usize) {
                let at = if concurrency == 1 { 0 } else { event.u64 as usize };
                let (Some(stream), Some(left)) = (streams.get_mut(at), left.get_mut(at)) else { continue };
                let read = stream.read(&mut buffer)?;
                if read == 0 {
                    return Err("the server has ended a connection".into());
                }
                *left -= read.min(*left);
                if *left == 0 {
                    *left = length;
                    queries += 1;
                    stream.write_all(&request)?;
                }
            }
            let is_over =
                if warm { queries % 16 == 0 && window.seconds() >= seconds } else { queries >= crate::WARM_UP };
            if is_over {
                println!("{}", if warm { window.line(queries) } else { "ready".to_owned() });
                if std::io::stdin().read_line(&mut String::new())? == 0 {
                    return Ok(());
                }
                (queries, warm, window) = (0, true, Window::open());
            }
        }
    }
}
