//! A short soak of the built program: nothing fails.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn a_short_soak_has_no_failures() {
    let here = std::env::current_exe().unwrap();
    let program: PathBuf = here.ancestors().nth(2).unwrap().join("opensit");
    assert!(Path::new(&program).is_file(), "{} is missing: run `cargo build --workspace` first", program.display());
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench.args(["soak", "--seconds", "5", "--size", "small", "--program"]).arg(&program);
    let output = bench.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("; 0 failures"), "{out}{err}");
    let words: Vec<&str> = out.split_whitespace().collect();
    assert!(words[0].parse::<u32>().unwrap() > 0 && words[2].parse::<u32>().unwrap() > 0, "{out}");
}
