//! Stands between the program and the emulator, and answers some requests as a worse AWS would.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What to do with a request that mentions a text in its head or body.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `Action=DescribeListeners`, an `x-amz-target`, a part of a path.
    pub when: &'static str,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// This status with this body.
    Answer(u16, &'static str),
    /// The true answer, later.
    Delay(Duration),
}

/// Starts a proxy in front of `endpoint` and tells its own address.
pub fn start(endpoint: &str, faults: Vec<Fault>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let upstream = endpoint.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (upstream, faults) = (upstream.clone(), faults.clone());
            thread::spawn(move || serve(&client, &upstream, &faults));
        }
    });
    format!("http://{address}")
}

/// Answers one request and closes the connection.
fn serve(mut client: &TcpStream, upstream: &str, faults: &[Fault]) -> Option<()> {
    let (head, body) = request(client)?;
    let whole = format!("{head}\r\n{}", String::from_utf8_lossy(&body));
    let fault = faults.iter().find(|it| whole.contains(it.when));
    match fault.map(|it| &it.what) {
        Some(What::Answer(status, text)) => {
            let length = text.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
            );
            return client.write_all(answer.as_bytes()).ok();
        }
        Some(What::Delay(time)) => thread::sleep(*time),
        None => {}
    }
    let mut server = TcpStream::connect(upstream).ok()?;
    let (first, rest) = head.split_once("\r\n")?;
    server
        .write_all(format!("{first}\r\nconnection: close\r\n{rest}\r\n").as_bytes())
        .ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()
}

/// The head, without the blank line and without `connection`, and the body.
fn request(client: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
        if line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(it) = lower.strip_prefix("content-length:") {
            length = it.trim().parse().ok()?;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
