//! The edge: who sends slowly, holds connections, sends too much or nonsense is turned away in time, and others are served meanwhile;
//! what every answer says of itself; what pages of other origins may do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use e2e::{Answer, opensit, run};

/// Short times, so that nothing takes long to be found out.
const CONFIGURATION: &str = r#"
public-url = "https://sit.example.it"
trusted-proxies = ["127.0.0.2"]
cors-origins = ["https://gis.example.it", "*"]
security-contact = ["sicurezza@comune.example.it", "https://comune.example.it/sicurezza"]

[limits]
head-seconds = 2
body-seconds = 2
"#;

/// A town with a configuration of its own, whose public address is not where it listens.
struct Town {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Town {
    fn with(configuration: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("opensit-edge-").tempdir().unwrap();
        let file = folder.path().join("opensit.toml");
        fs::write(&file, configuration).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = opensit();
        command.args(["demo", "--size", "small", "--no-open", "--listen", &format!("127.0.0.1:{port}"), "--config"]).arg(file);
        let mut child = command.arg("--data-dir").arg(folder.path().join("data")).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("/portal/")), "it does not serve");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, folder }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// What comes back for these bytes until the server closes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        rest(&mut stream)
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let url = format!("http://127.0.0.1:{}", self.port);
        e2e::send(&url, method, path, headers, "").unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    fn still_answers(&self) {
        let begin = Instant::now();
        assert!(matches!(self.ask("GET", TILE, &[]).status, 200 | 204));
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A tile of the town.
const TILE: &str = "/xyz/parcels,buildings/14/8900/6300";

/// The town that the tests of a run share, as long as one of them has it.
fn shared() -> Arc<Town> {
    static SHARED: Mutex<Weak<Town>> = Mutex::new(Weak::new());
    share(&SHARED, CONFIGURATION)
}

/// Another one, with room for few and open to nobody else's pages.
fn narrow() -> Arc<Town> {
    static SHARED: Mutex<Weak<Town>> = Mutex::new(Weak::new());
    share(&SHARED, "cors-origins = [\"none\"]\n[limits]\nconnections = 20\nstreams = 19")
}

fn share(town: &Mutex<Weak<Town>>, configuration: &str) -> Arc<Town> {
    let mut shared = town.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let town = Arc::new(Town::with(configuration));
        *shared = Arc::downgrade(&town);
        town
    })
}

/// All that comes until the end; a reset is an end too.
fn rest(stream: &mut TcpStream) -> String {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => all.extend_from_slice(&piece[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => break,
            Err(e) => panic!("{e} after {}", String::from_utf8_lossy(&all)),
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn status(text: &str) -> u16 {
    text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// Sends a piece each tenth of a second until the server has had enough; the seconds it took, and what it said.
fn drip(stream: &mut TcpStream, piece: &[u8]) -> (f64, String) {
    let begin = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut said = Vec::new();
    while begin.elapsed() < Duration::from_secs(15) {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(0) => return (begin.elapsed().as_secs_f64(), String::from_utf8_lossy(&said).into_owned()),
            Ok(n) => said.extend_from_slice(&bytes[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let _ = stream.write_all(piece);
            }
            Err(_) => return (begin.elapsed().as_secs_f64(), String::from_utf8_lossy(&said).into_owned()),
        }
    }
    panic!("after 15 s it still listens")
}

#[test]
fn a_head_that_comes_a_byte_at_a_time_is_not_waited_for() {
    let town = shared();
    let slow = || {
        let mut stream = town.connect();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ").unwrap();
        stream
    };
    let mut all: Vec<TcpStream> = (0..200).map(|_| slow()).collect();
    town.still_answers();
    let (seconds, said) = drip(&mut slow(), b"a");
    assert!((1.0..8.0).contains(&seconds), "{seconds} s: {said}");
    assert!(said.is_empty() || status(&said) == 408, "{said}");
    for stream in &mut all {
        rest(stream);
    }
    // one that is silent, and one that has been answered once and is silent then
    let mut answered = town.connect();
    answered.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let begin = Instant::now();
    assert_eq!(rest(&mut town.connect()), "");
    assert_eq!(status(&rest(&mut answered)), 200);
    assert!(begin.elapsed() < Duration::from_secs(8));
    town.still_answers();
}

#[test]
fn a_body_that_comes_a_byte_at_a_time_is_not_waited_for() {
    let town = shared();
    let head =
        "POST /auth/password HTTP/1.1\r\nHost: a\r\nOrigin: https://sit.example.it\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (kind, piece) in [("Content-Length: 5000", "a"), ("Transfer-Encoding: chunked", "1\r\na\r\n")] {
        let mut stream = town.connect();
        write!(stream, "{head}{kind}\r\n\r\n").unwrap();
        let (seconds, said) = drip(&mut stream, piece.as_bytes());
        assert!((1.0..8.0).contains(&seconds), "{kind}: {seconds} s");
        assert_eq!(status(&said), 408, "{kind}: {said}");
        assert!(said.contains("too-slow") && said.contains("connection: close"), "{said}");
    }
    town.still_answers();
}

#[test]
fn an_open_stream_of_events_lives_longer_than_a_slow_request() {
    let town = shared();
    let mut stream = town.connect();
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    stream.write_all(b"GET /xyz/parcels/changes HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut bytes = [0; 4096];
    let begin = Instant::now();
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => panic!("it ended after {:?}", begin.elapsed()),
            Ok(_) if begin.elapsed() > Duration::from_secs(5) => break,
            Ok(_) => {}
            Err(e) => {
                assert!(matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{e}");
                if begin.elapsed() > Duration::from_secs(5) {
                    break;
                }
            }
        }
    }
}

#[test]
fn five_thousand_idle_connections_stand_in_nobodys_way() {
    // room for fewer than come, and no time-out that would help
    let town = Town::with("[limits]\nconnections = 3000\nhead-seconds = 600");
    let idle: Vec<TcpStream> = std::iter::from_fn(|| TcpStream::connect(("127.0.0.1", town.port)).ok()).take(5_000).collect();
    assert!(idle.len() > 1_000, "{}: this process may open more files", idle.len());
    town.still_answers();
    let memory = fs::read_to_string(format!("/proc/{}/status", town.child.id())).unwrap();
    let resident: u64 =
        memory.lines().find_map(|l| l.strip_prefix("VmRSS:")).and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap();
    assert!(resident < 600 * 1024, "{resident} KiB");
    let metrics = town.ask("GET", "/metrics", &[]).text();
    let open: f64 = metrics.lines().find_map(|l| l.strip_prefix("http_connections ")).unwrap().trim().parse().unwrap();
    assert!(open <= 3_000.0, "{open}");
    // those that rest keep nobody from stopping it
    let begin = Instant::now();
    drop(town);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    drop(idle);
}

#[test]
fn a_connection_that_has_a_request_is_not_closed_for_another() {
    let town = narrow();
    let mut stream = town.connect();
    stream.write_all(b"GET /xyz/parcels/changes HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    let _idle: Vec<TcpStream> = (0..100).map(|_| town.connect()).collect();
    town.still_answers();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => panic!("the stream of events was closed"),
            Ok(_) => {}
            Err(e) => {
                assert!(matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{e}");
                break;
            }
        }
    }
}

#[test]
fn a_head_without_measure_is_refused() {
    let town = shared();
    let line = format!("X-A: {}\r\n", "a".repeat(60_000));
    let many = "X-A: a\r\n".repeat(500);
    for headers in [line, many] {
        let said = town.raw(format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}Connection: close\r\n\r\n").as_bytes());
        assert_eq!(status(&said), 431, "{said}");
    }
    let said = town.raw(format!("GET /{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "a".repeat(200_000)).as_bytes());
    assert!(matches!(status(&said), 414 | 431), "{said}");
    town.still_answers();
}

#[test]
fn a_body_without_measure_is_refused() {
    let town = shared();
    let large = 65_537;
    for (method, path) in [
        ("GET", "/conformance"),
        ("GET", "/collections/parcels/items?limit=1"),
        ("DELETE", "/collections/trees/items/1"),
        ("POST", "/auth/sign-out"),
        ("POST", "/auth/password"),
        ("PUT", "/admin/layers/parcels"),
        ("POST", "/jobs/1/cancel"),
        ("POST", "/nowhere"),
        ("OPTIONS", "/"),
    ] {
        // announced and never sent: refused without waiting for it
        let said = town.raw(format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {large}\r\n\r\n").as_bytes());
        assert_eq!(status(&said), 413, "{method} {path}: {said}");
        assert!(said.contains("application/problem+json"), "{method} {path}: {said}");
    }
    // not announced: read as far as it may come
    let head =
        "POST /auth/password HTTP/1.1\r\nHost: a\r\nOrigin: https://sit.example.it\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let chunks = format!("2000\r\n{}\r\n", "a".repeat(0x2000)).repeat(20);
    let said = town.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n").as_bytes());
    assert_eq!(status(&said), 413, "{said}");
    // features and files have limits of their own
    for path in ["/collections/trees/items", "/transactions", "/attachments/trees/1"] {
        let said = town.raw(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40).as_bytes());
        assert_eq!(status(&said), 413, "{path}: {said}");
    }
    town.still_answers();
}

#[test]
fn a_compressed_body_is_not_unpacked() {
    let town = shared();
    for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip", "gzip, gzip"] {
        for path in ["/auth/password", "/collections/trees/items", "/attachments/trees/1"] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Encoding: {coding}\r\nContent-Length: 20\r\n\r\n\x1f");
            let said = town.raw(request.as_bytes());
            assert_eq!(status(&said), 415, "{coding} {path}: {said}");
        }
    }
}

#[test]
fn nonsense_after_a_request_is_no_request() {
    let town = shared();
    let good = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let said = town.raw(format!("{good}{good}{good}{last}").as_bytes());
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 4, "{said}");
    for nonsense in [
        "\0\0\0\0\u{1}\u{2}\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "POST /auth/sign-out HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /auth/sign-out HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST /auth/sign-out HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, nonsense\r\n\r\n0\r\n\r\n",
    ] {
        let said = town.raw(format!("{good}{nonsense}").as_bytes());
        let (first, second) = said.split_once("}").unwrap_or((&said, ""));
        assert_eq!(status(first), 200, "{nonsense:?}: {said}");
        assert!(second.is_empty() || matches!(status(second), 400 | 405 | 505), "{nonsense:?}: {said}");
    }
    // a smuggled second request: what a proxy may take for a body is none, or the whole is refused
    let said = town.raw(
        format!("POST /auth/sign-out HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{last}")
            .as_bytes(),
    );
    assert!(!said.contains("\"version\""), "{said}");
    town.still_answers();
}

#[test]
fn a_request_has_one_host() {
    let town = shared();
    let said = |hosts: &str| town.raw(format!("GET /version HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").as_bytes());
    for hosts in ["Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n", "Host: a\r\nX: y\r\nHost:\r\n"] {
        let said = said(hosts);
        assert_eq!(status(&said), 400, "{hosts:?}: {said}");
        assert!(said.contains("application/problem+json") && said.contains("connection: close") && said.contains("x-request-id"), "{said}");
        assert!(!said.contains("\"version\""), "{said}");
    }
    assert_eq!(status(&said("Host: a\r\n")), 200);
}

#[test]
fn every_answer_says_how_browsers_shall_treat_it() {
    let town = shared();
    for path in ["/", "/portal/", TILE, "/nowhere", "/auth/sign-in", "/healthz", "/.well-known/security.txt"] {
        let answer = town.ask("GET", path, &[]);
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'self'"), "{path}");
        let id = answer.header("x-request-id").unwrap();
        assert!(id.len() == 36, "{path}: {id}");
        assert_ne!(town.ask("GET", path, &[("x-request-id", "mine")]).header("x-request-id"), Some("mine"), "{path}");
    }
}

#[test]
fn redirections_keep_the_path_that_a_proxy_has_for_us() {
    let town = shared();
    for (path, to) in [("/portal", "portal/"), ("/favicon.ico", "portal/favicon.svg")] {
        let answer = town.ask("GET", path, &[("x-forwarded-prefix", "/gis")]);
        assert_eq!((answer.status, answer.header("location")), (308, Some(to)), "{path}");
        assert_eq!(town.ask("GET", &format!("/{to}"), &[]).status, 200);
    }
}

#[test]
fn security_txt_names_whom_to_tell() {
    let town = shared();
    let answer = town.ask("GET", "/.well-known/security.txt", &[]);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["Contact: mailto:sicurezza@comune.example.it", "Contact: https://comune.example.it/sicurezza"]);
    let expires = lines[2].strip_prefix("Expires: ").unwrap();
    assert!(expires.len() == "2026-01-01T00:00:00Z".len() && expires.ends_with("T00:00:00Z"), "{expires}");
    assert_eq!(lines[4], "Canonical: https://sit.example.it/.well-known/security.txt");
}

#[test]
fn pages_of_other_origins_read_and_those_listed_write() {
    let town = shared();
    let (listed, other) = ("https://gis.example.it", "https://evil.example");
    let asks = |origin: &str, method: &str, headers: &str| {
        let asked = [("origin", origin), ("access-control-request-method", method), ("access-control-request-headers", headers)];
        town.ask("OPTIONS", "/collections/trees/items/1", &asked)
    };
    let answer = asks(other, "GET", "x-api-key");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET,HEAD"));
    let taken = answer.header("access-control-allow-headers").unwrap().to_owned();
    for header in ["x-api-key", "authorization", "if-match", "content-type"] {
        assert!(taken.split(',').any(|h| h == header), "{header}: {taken}");
    }
    assert!(asks(listed, "PUT", "if-match").header("access-control-allow-methods").unwrap().contains("PUT"));
    assert!(answer.header("vary").unwrap().contains("origin"));
    for origin in [listed, other, "null"] {
        let answer = town.ask("GET", "/conformance", &[("origin", origin)]);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{origin}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
        assert!(answer.header("access-control-expose-headers").unwrap().contains("etag"));
    }
    // an OPTIONS that is no browser's question says what the address can do
    assert!(town.ask("OPTIONS", "/collections/trees/items", &[]).header("allow").is_some());
}

#[test]
fn a_key_changes_something_from_a_listed_page_only() {
    let town = shared();
    let key = run(opensit().args(["keys", "create", "--name", "pages", "--scope", "edit", "--data-dir"]).arg(town.data_dir()));
    assert!(key.ok, "{}", key.err);
    let delete = |origin: &str| {
        let headers = [("x-api-key", key.out.trim()), ("origin", origin), ("sec-fetch-site", "cross-site")];
        town.ask("DELETE", "/collections/events/items/NOSUCHEVENT", &headers).status
    };
    assert_eq!(delete("https://evil.example"), 403);
    assert_eq!(delete("https://gis.example.it"), 404);
}

#[test]
fn without_configuration_there_is_no_transport_rule_and_no_contact_and_origins_can_be_shut_out() {
    let town = narrow();
    let answer = town.ask("GET", "/conformance", &[("origin", "https://gis.example.it")]);
    assert_eq!(answer.header("strict-transport-security"), None);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let absent = town.ask("GET", "/.well-known/security.txt", &[]);
    assert_eq!(absent.status, 404);
    assert!(absent.text().contains("security-contact"));
    let asked = [("origin", "https://gis.example.it"), ("access-control-request-method", "GET")];
    assert_eq!(town.ask("OPTIONS", "/conformance", &asked).header("access-control-allow-methods"), None);
}

#[test]
fn limits_are_seen_and_mistakes_in_them_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let show = |text: &str| {
        let file = folder.path().join("opensit.toml");
        fs::write(&file, text).unwrap();
        run(opensit().args(["config", "show", "--config"]).arg(Path::new(&file)))
    };
    let shown = show("[limits]\nconnections = 50");
    let line =
        |name: &str| shown.out.lines().find(|l| l.starts_with(&format!("limits.{name} "))).unwrap_or_else(|| panic!("{name}")).to_owned();
    assert!(line("connections").contains(" 50 ") && line("connections").contains("opensit.toml"));
    assert!(line("head-bytes").contains("(default)") && line("filter-depth").contains("(fixed)"));
    for wrong in
        ["[limits]\nconections = 50", "[limits]\nhead-seconds = 0", "cors-origins = [\"gis.example.it\"]", "security-contact = [\"x\"]"]
    {
        assert!(!show(wrong).ok, "{wrong}");
    }
}
