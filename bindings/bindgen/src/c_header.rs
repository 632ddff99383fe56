//! Writes `include/oscartoki.h` and the bare `include/oscartoki.ffi.h` from the crate `bindings/c`; with `--check` it compares instead and
//! says how to repair.

mod ffi;

use std::path::Path;
use std::process::ExitCode;

const REGENERATE: &str = "cargo run --profile bindgen -p oscartoki-bindgen --bin c-header";

fn main() -> ExitCode {
    let check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: c-header [--check]");
            return ExitCode::from(2);
        }
    };
    match run(check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("c-header: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let header = header(&root.join("bindings/c"))?;
    let bare = ffi::bare(&header);
    for (name, text) in [("include/oscartoki.h", header), ("include/oscartoki.ffi.h", bare)] {
        let place = root.join(name);
        if !check {
            std::fs::write(&place, text).map_err(|fault| format!("{name}: {fault}"))?;
        } else if std::fs::read_to_string(&place).ok().as_deref() != Some(text.as_str()) {
            return Err(format!("{name} is not what bindings/c says; run: {REGENERATE}"));
        }
    }
    Ok(())
}

/// The declarations as cbindgen writes them, then the inline helpers, inside one include guard.
fn header(krate: &Path) -> Result<String, String> {
    let mut config = cbindgen::Config::from_file(krate.join("cbindgen.toml"))?;
    let helpers = std::fs::read_to_string(krate.join("src/helpers.h")).map_err(|fault| format!("src/helpers.h: {fault}"))?;
    config.trailer = Some(format!("{helpers}\n#endif /* OSCARTOKI_H */"));
    let mut text = Vec::new();
    let sources = cbindgen::Builder::new().with_config(config).with_src(krate.join("src/lib.rs"));
    sources.generate().map_err(|fault| fault.to_string())?.write(&mut text);
    let text = String::from_utf8(text).map_err(|fault| fault.to_string())?;
    // The enum is `oscar_status`; its values read OSCAR_OK, not OSCAR_STATUS_OK.
    Ok(without_safety(&text).replace("OSCAR_STATUS_", "OSCAR_"))
}

/// Rust's `# Safety` sections say in Rust's words what the conventions of the header say once.
fn without_safety(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        let words = line.trim_start_matches([' ', '*', '/']).trim_end();
        if words == "# Safety" {
            inside = true;
            // The empty line before it goes too.
            kept.truncate(kept.trim_end_matches(['\n', ' ', '/']).len());
            kept.push('\n');
        }
        inside &= line.trim_start().starts_with("//");
        if !inside {
            kept.push_str(line.trim_end());
            kept.push('\n');
        }
    }
    kept
}
