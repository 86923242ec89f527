//! Beside Python's `huggingface_hub`: both clients fill the same cache with the same files, and each finds what the other
//! fetched. Skipped where that package is missing.

use std::path::Path;
use std::process::Command;

use super::{NAME, Site, TOKEN, tree};

/// What Python's client says, and whether it is there at all.
fn python(cache: &Path, endpoint: &str, more: &[(&str, &str)], program: &str) -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let mut run = Command::new(python);
    run.args(["-c", program])
        .env("HF_HUB_CACHE", cache)
        .env("HF_ENDPOINT", endpoint);
    run.env("HF_HUB_DISABLE_XET", "1")
        .env("HF_HUB_DISABLE_TELEMETRY", "1")
        .env("HF_TOKEN", TOKEN);
    let output = run.envs(more.iter().copied()).output().ok()?;
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("No module named 'huggingface_hub'") {
        return None;
    }
    assert!(output.status.success(), "{error}");
    Some(String::from_utf8(output.stdout).unwrap())
}

const FETCH: &str = "
from huggingface_hub import snapshot_download
print(snapshot_download('org/tiny'))
";

#[test]
fn both_clients_fill_one_cache() {
    let (ours, theirs) = (Site::of_model("llama3"), Site::of_model("llama3"));
    let Some(folder) = python(theirs.cache.path(), &theirs.server.endpoint, &[], FETCH) else {
        return println!(
            "huggingface_hub is not here (PYTHON names another Python): nothing was compared with it"
        );
    };
    let own = ours.hub(&[]).model(NAME).unwrap();
    assert_eq!(ours.tree(), theirs.tree());

    // Theirs, without the network.
    let found = theirs.hub(&[("HF_HUB_OFFLINE", "1")]).model(NAME).unwrap();
    assert_eq!(found.to_str().unwrap(), folder.trim());
    // Ours, first without the network, then with it: nothing is missing.
    let offline = python(
        ours.cache.path(),
        "http://127.0.0.1:1",
        &[("HF_HUB_OFFLINE", "1")],
        FETCH,
    )
    .unwrap();
    assert_eq!(offline.trim(), own.to_str().unwrap());
    let known = "
from huggingface_hub import scan_cache_dir, try_to_load_from_cache
found = scan_cache_dir()
assert not found.warnings, found.warnings
(repository,) = found.repos
print(repository.repo_id, sorted(repository.refs), try_to_load_from_cache('org/tiny', 'chat_template.jinja').__class__.__name__)
";
    assert_eq!(
        python(ours.cache.path(), &ours.server.endpoint, &[], known)
            .unwrap()
            .trim(),
        "org/tiny ['main'] object"
    );
    ours.server.asked();
    python(ours.cache.path(), &ours.server.endpoint, &[], FETCH).unwrap();
    assert!(
        !ours.server.asked().iter().any(|asked| asked.away),
        "its weights are there"
    );
    assert_eq!(ours.tree(), tree(theirs.cache.path()));
}
