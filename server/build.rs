//! The portal is part of the program: without a built one the folder is still there, and the server says what to do.

fn main() {
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../web-map/dist");
    println!("cargo:rerun-if-changed={dist}");
    println!("cargo:rerun-if-changed=../migrations");
    if let Err(error) = std::fs::create_dir_all(dist) {
        println!("cargo:warning=the folder of the portal can't be made: {error}");
    }
}
