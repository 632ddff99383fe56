//! `cargo run -p oscartoki --example generate_vectors` writes the vectors that this implementation makes into `core/vectors`.

#[path = "generate/generated.rs"]
mod generated;
#[path = "vectors/runner.rs"]
#[allow(dead_code)] // Here cases are made, not read.
mod runner;

fn main() -> Result<(), String> {
    let cases = generated::cases()?;
    let failures = runner::run(generated::FILE, &cases).failures;
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    let file = format!("{}/vectors/{}", env!("CARGO_MANIFEST_DIR"), generated::FILE);
    std::fs::write(&file, generated::text(&cases)).map_err(|error| format!("{file}: {error}"))?;
    println!("{file}: {} cases; to make it again: {}", cases.len(), generated::COMMAND);
    Ok(())
}
