//! How the binary is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // At a fixed address, as Go links kube-apiserver: the tables of all kinds are full of pointers, and a
        // position-independent binary would hold 4 MB of relocations, and write to 2 MB of pages to apply them at start.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
