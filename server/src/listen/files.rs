use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the rest of the program may have open: connections to the database, pipes, logs.
const OTHERS: u64 = 256;

/// How many connections there can be: as many as are wanted, or as many as the system allows. What it allows is raised first, as far as
/// a program may do so itself.
pub(super) fn connections(wanted: u32) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = u64::from(wanted) + OTHERS;
    let allowed = current.unwrap_or(u64::MAX);
    let raised = needed.min(maximum.unwrap_or(u64::MAX));
    let allowed =
        if allowed < raised && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() { raised } else { allowed };
    let possible = allowed.saturating_sub(OTHERS).clamp(1, wanted.into());
    if possible < wanted.into() {
        tracing::warn!(connections = possible, wanted, "the system lets this program open few files (ulimit -n)");
    }
    possible as usize
}
