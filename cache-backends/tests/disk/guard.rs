//! Who may have the directory, and what others can see of it.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};

use cache_backends::DiskBackend;
use cache_core::error::ErrorKind;
use cache_core::port::backend::CacheBackend;

use crate::child::{Child, Role};
use crate::support::{files, put, version_of};

#[tokio::test]
async fn a_second_opener_is_told_who_has_the_directory() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    let error = DiskBackend::open(&dir).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let text = error.to_string();
    assert!(text.contains("in use by this process") && text.contains(dir.to_str().unwrap()), "{text}");
    assert!(text.contains("a directory of its own"), "{text}");
    // Another process is told the same, and takes nothing away from the holder.
    put(&backend, 1, 1, 100).await;
    let answer = Child::start(Role::Open, &dir).output();
    assert!(answer.contains("Locked"), "{answer}");
    assert!(answer.contains(&format!("in use by process {}", std::process::id())), "{answer}");
    assert_eq!(version_of(&backend, 1).await, Some(1));
    // Both kinds of end give it back.
    backend.disconnect().await.unwrap();
    let second = DiskBackend::open(&dir).unwrap();
    assert_eq!(backend.connect().await.unwrap_err().kind(), ErrorKind::Locked);
    drop(second);
    backend.connect().await.unwrap();
    assert_eq!(version_of(&backend, 1).await, Some(1));
}

#[tokio::test]
async fn files_are_private_and_a_missing_directory_is_made_private() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("a/b");
    let backend = DiskBackend::open(&dir).unwrap();
    put(&backend, 1, 1, 100).await;
    backend.disconnect().await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&home.path().join("a")), 0o700);
    let all = files(&dir, "");
    assert_eq!(all.len(), 3);
    for path in all {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn links_and_directories_that_others_can_write_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let real = home.path().join("real");
    std::fs::DirBuilder::new().mode(0o700).create(&real).unwrap();
    let link = home.path().join("link");
    symlink(&real, &link).unwrap();
    for path in [link.clone(), link.join(""), home.path().join("link/.")] {
        let error = DiskBackend::open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{}", path.display());
        assert!(error.to_string().contains("is a link"), "{error}");
    }
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(DiskBackend::open(&file).unwrap_err().kind(), ErrorKind::Config);
    for open in [0o720, 0o702, 0o777] {
        std::fs::set_permissions(&real, PermissionsExt::from_mode(open)).unwrap();
        let error = DiskBackend::open(&real).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o755)).unwrap();
    assert!(DiskBackend::open(&real).is_ok());
    assert_eq!(DiskBackend::open("").unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn links_inside_the_directory_are_not_followed() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    std::fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
    let precious = home.path().join("precious");
    std::fs::write(&precious, "precious").unwrap();
    for name in ["00000001.seg", "00000002.seg", "00000001.hint", "unfinished.tmp"] {
        symlink(&precious, dir.join(name)).unwrap();
    }
    let backend = DiskBackend::open(&dir).unwrap();
    put(&backend, 1, 1, 100).await;
    backend.disconnect().await.unwrap();
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    std::fs::remove_file(dir.join("larder.lock")).unwrap();
    symlink(&precious, dir.join("larder.lock")).unwrap();
    assert!(backend.connect().await.is_err());
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
}
