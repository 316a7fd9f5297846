use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::{Answer, Events, Output, opensit, run};

/// How long a first start may take on a busy machine.
const START: Duration = Duration::from_secs(180);

/// A running server. Dropping it stops it as Ctrl-C would.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it serves, `http://localhost:PORT`.
    pub url: String,
}

/// The small demo town, served.
#[derive(Debug)]
pub struct Town {
    server: Mutex<Option<Server>>,
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts the program with these arguments and waits until it serves.
    pub fn start(arguments: &[&str], data_dir: &Path) -> Self {
        let mut command = opensit();
        command.args(arguments).arg("--data-dir").arg(data_dir).args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let (out, err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://") {
                    let _ = sender.send(line[at..].trim().trim_end_matches("/portal/").to_owned());
                }
            }
        });
        let log = std::thread::spawn(move || {
            let lines: Vec<String> = BufReader::new(err).lines().map_while(Result::ok).collect();
            lines.join("\n")
        });
        match receiver.recv_timeout(START) {
            Ok(url) => Self { child, url },
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the program does not serve: {}", log.join().unwrap_or_default());
            }
        }
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for an address that begins with `/`.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// Asks with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(&self.url, "GET", path, headers)
    }
}

/// Redirections are answers.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).allow_non_standard_methods(true);
    config.timeout_global(Some(Duration::from_secs(60))).build().into()
}

/// Sends something to a server; an error if no whole answer comes back.
pub fn send(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Result<Answer, ureq::Error> {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.as_ref().to_vec()).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
    agent().run(request).map(|response| Answer::read(response, method == "HEAD"))
}

/// Asks a server.
fn ask(url: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let agent = agent();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
    Answer::read(agent.run(request).unwrap_or_else(|e| panic!("{method} {path}: {e}")), method == "HEAD")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Town {
    /// The town that all tests of a run share; read it, and change only what no other test looks at.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Town>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(town) = shared.upgrade() {
            return town;
        }
        let town = Arc::new(Self::own());
        *shared = Arc::downgrade(&town);
        town
    }

    /// A town of one's own: a copy of the one that `scripts/test` has built, or built here if the test is run by itself.
    pub fn own() -> Self {
        let folder = tempfile::Builder::new().prefix("opensit-e2e-").tempdir().expect("a temporary folder");
        let data_dir = folder.path().join("data");
        if let Some(built) = std::env::var_os("OPENSIT_TEST_TOWN") {
            let copied = run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(built).arg(&data_dir));
            assert!(copied.ok, "{}", copied.err);
        }
        let server = Server::start(&["demo", "--size", "small", "--no-open"], &data_dir);
        Self { server: Mutex::new(Some(server)), folder }
    }

    /// Where its data lives.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for a test's files.
    pub fn scratch(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(self.folder.path()).expect("a temporary folder")
    }

    /// Its address.
    pub fn url(&self) -> String {
        let guard = self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        guard.as_ref().expect("the town is served").url.clone()
    }

    /// Asks for an address that begins with `/`.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// Asks with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(&self.url(), "GET", path, headers)
    }

    /// Asks with another method.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(&self.url(), method, path, headers)
    }

    /// Sends something.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        send(&self.url(), method, path, headers, body).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// Signs in as one of the invented people; the cookie.
    pub fn sign_in(&self, person: &str) -> String {
        let answer = self.ask("POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let cookie = cookies.filter_map(|(_, value)| value.split(';').next()).find(|c| c.starts_with("__Host-opensit="));
        cookie.expect("a session").to_owned()
    }

    /// Opens a stream of events.
    pub fn events(&self, path: &str, last_event_id: Option<&str>) -> Events {
        Events::open(&format!("{}{path}", self.url()), last_event_id)
    }

    /// Kills the server with `kill -9` and starts it again.
    pub fn kill_and_restart(&self) {
        let mut guard = self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        guard.take().expect("the town is served").kill();
        *guard = Some(Server::start(&["demo", "--size", "small", "--no-open"], &self.data_dir()));
    }

    /// Stops it in order, private database and all, and starts it again; something may be done meanwhile with its data.
    pub fn restart_after(&self, meanwhile: impl FnOnce(&Path)) {
        let mut guard = self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(guard.take().expect("the town is served"));
        meanwhile(&self.data_dir());
        *guard = Some(Server::start(&["demo", "--size", "small", "--no-open"], &self.data_dir()));
    }

    /// Runs one of the program's commands on the town.
    pub fn command(&self, arguments: &[&str]) -> Output {
        run(opensit().args(arguments).arg("--data-dir").arg(self.data_dir()))
    }

    /// What `psql` answers, as the owner; it must succeed.
    pub fn psql(&self, sql: &str) -> String {
        let url = self.command(&["database", "url"]);
        assert!(url.ok, "{}", url.err);
        let output = run(Command::new("psql").args([url.out.trim(), "-XAtqv", "ON_ERROR_STOP=1", "-c", sql]));
        assert!(output.ok, "{sql}: {}", output.err);
        output.out.trim().to_owned()
    }
}
