use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// What browsers accept over http from this machine (Chromium 140).
pub(crate) const BROWSER: &str = "gzip, deflate, br, zstd";
/// Nothing but the bytes as they are.
pub(crate) const PLAIN: &str = "identity";

/// One connection that costs its user as little as can be, so that what is measured is the server: HTTP/1.1 over TCP by hand. It reads each
/// answer to its end and keeps the connection.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
    /// What follows the path in each request.
    rest: String,
    line: Vec<u8>,
    /// Of the last answer, as it was sent (compressed or not).
    pub(crate) body: Vec<u8>,
    /// Whether the last answer said that it was generalised.
    pub(crate) generalised: bool,
}

impl Wire {
    /// Connects to `http://ADDRESS:PORT`.
    pub(crate) fn open(url: &str, accept_encoding: &str) -> Result<Self> {
        let address = url.strip_prefix("http://").with_context(|| format!("{url} is no address over http"))?;
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {url}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let rest = format!(" HTTP/1.1\r\nhost: {address}\r\naccept-encoding: {accept_encoding}\r\n\r\n");
        Ok(Self { stream: BufReader::with_capacity(256 * 1024, stream), rest, line: Vec::new(), body: Vec::new(), generalised: false })
    }

    /// Asks for a path: 200 or 204; anything else is an error.
    pub(crate) fn get(&mut self, path: &str) -> Result<u16> {
        let status = self.ask(path).with_context(|| path.to_owned())?;
        ensure!(matches!(status, 200 | 204), "{path}: {status} {}", String::from_utf8_lossy(&self.body));
        Ok(status)
    }

    fn ask(&mut self, path: &str) -> Result<u16> {
        let request = ["GET ", path, &self.rest].concat();
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.next_line()?.get(9..12).and_then(|s| s.parse().ok()).context("no status line")?;
        let (mut length, mut chunked) = (0, false);
        self.generalised = false;
        loop {
            let line = self.next_line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("x-generalised") {
                self.generalised = true;
            }
        }
        self.body.clear();
        if chunked {
            loop {
                let size = usize::from_str_radix(self.next_line()?.split(';').next().unwrap_or_default(), 16)?;
                self.take(size)?;
                self.next_line()?;
                if size == 0 {
                    break;
                }
            }
        } else {
            self.take(length)?;
        }
        Ok(status)
    }

    fn take(&mut self, length: usize) -> Result<()> {
        let begin = self.body.len();
        self.body.resize(begin + length, 0);
        Ok(self.stream.read_exact(&mut self.body[begin..])?)
    }

    /// The next line without its end.
    fn next_line(&mut self) -> Result<&str> {
        self.line.clear();
        if self.stream.read_until(b'\n', &mut self.line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(std::str::from_utf8(&self.line)?.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::{PLAIN, Wire};

    #[test]
    fn answers_of_any_form_are_read_to_their_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Generalised: a\r\n\r\nwhole",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nin \r\n6\r\npieces\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy",
            ] {
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap();
                assert!(std::str::from_utf8(&request[..read]).unwrap().contains("accept-encoding: identity\r\n"));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut wire = Wire::open(&url, PLAIN).unwrap();
        assert_eq!((wire.get("/a").unwrap(), wire.body.as_slice(), wire.generalised), (200, b"whole".as_slice(), true));
        assert_eq!((wire.get("/b").unwrap(), wire.body.as_slice(), wire.generalised), (200, b"in pieces".as_slice(), false));
        assert_eq!((wire.get("/c").unwrap(), wire.body.as_slice()), (204, b"".as_slice()));
        assert!(wire.get("/d").unwrap_err().to_string().contains("503 busy"));
        server.join().unwrap();
    }
}
