//! The header as readers without a preprocessor want it (PHP's FFI): declarations only, constants as enums.

/// The bare header of a C header that cbindgen wrote.
pub fn bare(header: &str) -> String {
    let declared = header.split("/* ---- Helpers").next().unwrap_or(header);
    let mut out = String::from(
        "/* oscartoki for readers without a preprocessor. SPDX-License-Identifier: MIT OR Apache-2.0\n \
         * Written beside oscartoki.h, which has the comments. Bytes are `char`, so that texts of a language go in as they are. */\n",
    );
    // Which branches of the conditionals around this line are taken.
    let mut taken = Vec::new();
    let mut open = 0;
    for line in without_comments(declared).lines() {
        let line = line.trim_end();
        if let Some(directive) = line.trim_start().strip_prefix('#') {
            let read = direct(directive.trim_start(), &mut taken);
            if let (Some(constant), false) = (read, taken.contains(&false)) {
                out.push_str(&constant);
            }
            continue;
        }
        if line.trim().is_empty() || taken.contains(&false) {
            continue;
        }
        // A declaration that goes on is put into one line.
        let text = if open > 0 { line.trim_start() } else { line };
        open += text.matches('(').count();
        open -= text.matches(')').count().min(open);
        out.push_str(&text.replace("uint8_t *", "char *"));
        out.push(if open > 0 && text.ends_with(',') { ' ' } else { '\n' });
    }
    out
}

/// Follows a conditional; a constant comes back as a declaration. Neither C++ nor C23 is read.
fn direct(directive: &str, taken: &mut Vec<bool>) -> Option<String> {
    let mut words = directive.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("ifndef"), ..) => taken.push(true),
        (Some("if" | "ifdef"), ..) => taken.push(false),
        (Some("else"), ..) => taken.iter_mut().last().into_iter().for_each(|branch| *branch = !*branch),
        (Some("endif"), ..) => drop(taken.pop()),
        (Some("define"), Some(name), Some(number)) => return Some(format!("enum {{ {name} = {number} }};\n")),
        _ => {}
    }
    None
}

fn without_comments(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find("/*") {
        kept.push_str(&rest[..start]);
        rest = rest[start..].split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}
