//! Which top-level modules a file names: `crate::x`, `crate::{x, y}`, and `super` chains that leave their module.

use crate::lex::{Token, tokens};

/// A file names something of another top-level module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// The top-level module it stands in; nothing for the crate root itself.
    pub(crate) from: Option<String>,
    /// The top-level module it names (or the item of the crate root).
    pub(crate) to: String,
    pub(crate) line: usize,
}

/// What one file holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) imports: Vec<Import>,
    /// Modules that exist for tests only (`#[cfg(test)] mod tests;`): their files are not production code.
    pub(crate) test_modules: Vec<Vec<String>>,
    /// Modules declared here, in another file or in braces.
    pub(crate) modules: Vec<Vec<String>>,
}

/// Reads a file whose module path is `module` (`["key", "glob"]`).
pub(crate) fn read(source: &str, module: &[String]) -> Found {
    let tokens = tokens(source);
    let mut reader =
        Reader { tokens: &tokens, at: 0, module: module.to_vec(), open: Vec::new(), found: Found::default() };
    if !reader.begins(&["#", "!", "[", "cfg", "(", "test", ")"]) {
        while reader.at < tokens.len() {
            reader.step();
        }
    }
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// The module we are in.
    module: Vec<String>,
    /// One flag per open brace: whether it is the body of a module.
    open: Vec<bool>,
    found: Found,
}

impl<'a> Reader<'a> {
    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn begins(&self, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(ahead, text)| self.text(ahead) == *text)
    }

    fn step(&mut self) {
        if self.begins(&["#", "[", "cfg", "(", "test", ")"])
            || self.begins(&["#", "[", "cfg", "(", "all", "(", "test"])
        {
            return self.skip_test_item();
        }
        match self.text(0) {
            "mod" if self.text(2) == "{" => self.enter_module(),
            "mod" if self.text(2) == ";" => self.found.modules.push(self.child(1)),
            "{" => self.open.push(false),
            "}" => self.close_brace(),
            "crate" if self.text(1) == "::" => return self.path(0),
            "self" if self.text(1) == "::" => return self.path(self.module.len()),
            "super" if self.text(1) == "::" => return self.path(self.module.len().saturating_sub(1)),
            _ => {}
        }
        self.at += 1;
    }

    fn child(&self, ahead: usize) -> Vec<String> {
        let mut path = self.module.clone();
        path.push(self.text(ahead).to_owned());
        path
    }

    fn enter_module(&mut self) {
        self.module = self.child(1);
        self.found.modules.push(self.module.clone());
        self.open.push(true);
        self.at += 2;
    }

    fn close_brace(&mut self) {
        if self.open.pop() == Some(true) {
            self.module.pop();
        }
    }

    /// We stand on `crate`, `self` or `super`; `depth` segments of our own module are what it names.
    fn path(&mut self, depth: usize) {
        self.at += 2;
        self.rest_of_path(depth);
    }

    fn rest_of_path(&mut self, mut depth: usize) {
        while self.begins(&["super", "::"]) || self.begins(&["self", "::"]) {
            depth = depth.saturating_sub(usize::from(self.text(0) == "super"));
            self.at += 2;
        }
        match self.text(0) {
            "{" => self.group(depth),
            "super" | "self" => self.at += 1,
            // An exported macro lives at the root whatever module it is written in.
            _ if self.text(1) == "!" && self.text(2) != "=" => self.at += 2,
            _ if depth == 0 => self.name_of_the_root(),
            _ => self.at += 1,
        }
    }

    /// `crate::{key::{A, B}, time}`: every element continues the same path.
    fn group(&mut self, depth: usize) {
        self.at += 1;
        while !matches!(self.text(0), "}" | "") {
            self.rest_of_path(depth);
            self.skip_to_element_end();
        }
        self.at += 1;
    }

    fn skip_to_element_end(&mut self) {
        let mut braces = 0_usize;
        loop {
            match self.text(0) {
                "" => return,
                "}" if braces == 0 => return,
                "," if braces == 0 => break,
                "{" => braces += 1,
                "}" => braces -= 1,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
    }

    fn name_of_the_root(&mut self) {
        if let Some(token) = self.tokens.get(self.at) {
            let from = self.module.first().cloned();
            self.found.imports.push(Import { from, to: token.text.to_owned(), line: token.line });
        }
        self.at += 1;
    }

    /// Skips an attribute `#[cfg(test)]`, those after it, and the item they stand on.
    fn skip_test_item(&mut self) {
        while self.text(0) == "#" {
            self.at += 1;
            self.skip_group();
        }
        let visibility = if self.begins(&["pub", "("]) { 4 } else { usize::from(self.text(0) == "pub") };
        if self.text(visibility) == "mod" {
            self.found.test_modules.push(self.child(visibility + 1));
        }
        self.skip_item();
    }

    /// To the `;` or past the braces that end an item, or to the `,` that ends a field or a variant.
    fn skip_item(&mut self) {
        let is_item = ITEM_WORDS.contains(&self.text(0));
        loop {
            match self.text(0) {
                "" | "}" => return,
                "{" => return self.skip_group(),
                "(" | "[" => self.skip_group(),
                ";" => break,
                "," if !is_item => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }

    /// Past the bracket that closes the one we stand on.
    fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.text(0) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

/// Words that an item can begin with. A field may begin with `pub` too, and ends at the brace of its struct at the latest.
const ITEM_WORDS: [&str; 15] = [
    "pub",
    "fn",
    "mod",
    "use",
    "impl",
    "struct",
    "enum",
    "const",
    "static",
    "type",
    "trait",
    "async",
    "unsafe",
    "extern",
    "macro_rules",
];
