use std::collections::HashMap;
use std::fs;

/// The processor time that processes have taken, all their threads together, to the nanosecond: `/proc/PID/task/*/schedstat` (Linux,
/// "Scheduler Statistics"; `/proc/PID/stat` counts in hundredths of a second).
pub(crate) struct Clock {
    processes: Vec<u32>,
    /// What each thread had when it was last seen: some end meanwhile.
    threads: HashMap<(u32, u32), u64>,
}

impl Clock {
    pub(crate) fn of(processes: Vec<u32>) -> Self {
        Self { processes, threads: HashMap::new() }
    }

    /// Seconds so far.
    pub(crate) fn read(&mut self) -> f64 {
        for process in &self.processes {
            let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
            for thread in threads.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()) {
                let text = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat")).unwrap_or_default();
                if let Some(nanoseconds) = text.split(' ').next().and_then(|first| first.parse().ok()) {
                    self.threads.insert((*process, thread), nanoseconds);
                }
            }
        }
        self.threads.values().sum::<u64>() as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn work_takes_time_and_waiting_none() {
        let mut clock = Clock::of(vec![std::process::id()]);
        let begin = clock.read();
        std::thread::spawn(crate::measure::yardstick).join().unwrap();
        let worked = clock.read();
        assert!(worked > begin, "{begin} {worked}");
    }
}
