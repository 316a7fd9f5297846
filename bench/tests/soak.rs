//! A short soak of the built program: nothing fails.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn a_short_soak_has_no_failures() {
    let here = std::env::current_exe().unwrap();
    let program: PathBuf = here.ancestors().nth(2).unwrap().join("opensit");
    assert!(Path::new(&program).is_file(), "{} is missing: run `cargo build --workspace` first", program.display());
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench.args(["soak", "--seconds", "8", "--size", "small", "--program"]).arg(&program);
    let output = bench.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("; 0 failures"), "{out}{err}");
    let numbers: Vec<u32> = out.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let [answers, edits, looks, stale, compared, ..] = numbers[..] else { panic!("{out}") };
    assert!(answers > 0 && edits > 0 && looks > 0 && compared > 0, "{out}");
    assert_eq!(stale, 0, "{out}");
}
