#![no_main]

#[path = "../../tests/entries/mod.rs"]
mod entries;

// the first byte says which file of the census the rest is
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((which, rest)) = bytes.split_first() {
        entries::census(rest, entries::CENSUS_FILES[usize::from(*which) % entries::CENSUS_FILES.len()]);
    }
});
