//! UniFFI's generators, as the library that was built with this workspace has them.

fn main() {
    uniffi::uniffi_bindgen_main()
}
