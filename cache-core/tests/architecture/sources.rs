//! The source files of a crate with the module path of each.

use std::fs;
use std::io;
use std::path::Path;

/// One file.
#[derive(Debug)]
pub(crate) struct Source {
    /// As it is shown.
    pub(crate) path: String,
    /// `["key", "glob"]` for `key/glob.rs`, `["key"]` for `key/mod.rs`, nothing for `lib.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
}

impl Source {
    /// A file by its path below `src`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        let module = stem.split('/').filter(|part| !matches!(*part, "mod" | "lib")).map(str::to_owned);
        Self { path: path.to_owned(), module: module.collect(), text: text.to_owned() }
    }
}

/// Every `.rs` file below a folder, in order; `shown` stands for the folder in their paths.
pub(crate) fn below(folder: &Path, shown: &str) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    collect(folder, "", &mut sources)?;
    for source in &mut sources {
        source.path = format!("{shown}/{}", source.path);
    }
    Ok(sources)
}

fn collect(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), sources)?;
        } else if path.ends_with(".rs") {
            sources.push(Source::new(&path, &fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}
