//! What is refused, and what stays secret or unwritten.

use std::fs;

use super::server::{Fault, Server, files_of, sha256};
use super::{NAME, Site, TOKEN, fixture};

#[test]
fn damaged_content_is_refused_and_removed() {
    let weights = fs::read(fixture("models/llama3/model.safetensors")).unwrap();
    let hash = sha256(&weights);
    let site = Site::of_model("llama3");
    let part = site.blob(&format!("{hash}.incomplete"));
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, [0; 3000]).unwrap();
    let why = site.refused(&[]);
    assert!(
        why.contains(&format!(
            "model.safetensors: expected SHA-256 {hash}, found "
        )),
        "{why}"
    );
    assert!(!part.exists() && !site.blob(&hash).exists());
    let folder = site.hub(&[]).model(NAME).unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights);
}

#[test]
fn the_token_goes_to_the_hub_alone() {
    let site = Site::of_model("llama3");
    site.hub(&[("HF_TOKEN", TOKEN)]).model(NAME).unwrap();
    let expected = format!("Bearer {TOKEN}");
    for asked in site.server.asked() {
        let token = asked.token.as_deref();
        assert_eq!(
            token,
            (!asked.away).then_some(expected.as_str()),
            "{asked:?}"
        );
    }
}

#[test]
fn refusals_say_what_to_do() {
    let site = Site::of_model("llama3");
    let signed = [("HF_TOKEN", TOKEN)];
    let page = format!("{}/{NAME}", site.server.endpoint);
    let why = |fault: Fault, more: &[(&str, &str)]| {
        site.server.fault(fault);
        site.refused(more)
    };
    let gated = why(Fault::FilesRefused(401, "GatedRepo"), &[]);
    assert!(
        gated.contains(&format!(
            "org/tiny is gated: accept its owner's conditions at {page}, and set HF_TOKEN"
        )),
        "{gated}"
    );
    let gated = why(Fault::FilesRefused(403, "GatedRepo"), &signed);
    assert!(
        gated.contains("the account of this token") && gated.contains(&page),
        "{gated}"
    );
    let none = why(Fault::Refused(401, "RepoNotFound", ""), &[]);
    assert!(
        none.contains(&format!("{page} has no such model")) && none.contains("without a token"),
        "{none}"
    );
    let none = why(Fault::Refused(404, "RepoNotFound", ""), &signed);
    assert!(
        none.contains("has no such model") && none.contains("with this token"),
        "{none}"
    );
    let token = why(
        Fault::Refused(401, "", "Invalid credentials in Authorization header"),
        &signed,
    );
    assert!(token.contains("refuses the token"), "{token}");
    let forbidden = why(Fault::Refused(403, "", "no"), &signed);
    assert!(forbidden.contains("status 403"), "{forbidden}");
    let revision = why(Fault::Refused(404, "RevisionNotFound", ""), &[]);
    assert!(
        revision.contains("no such branch, tag or commit"),
        "{revision}"
    );
    let broken = why(Fault::Refused(500, "", ""), &[]);
    assert!(
        broken.contains("the list of files with status 500"),
        "{broken}"
    );
    let away = site.refused(&[("HF_TOKEN", TOKEN), ("HF_ENDPOINT", "http://hub.example")]);
    assert!(away.contains("HF_ENDPOINT: expected https"), "{away}");
    let nowhere = site.refused(&[("HF_ENDPOINT", "http://127.0.0.1:1")]);
    assert!(
        nowhere.contains("127.0.0.1:1 cannot be reached"),
        "{nowhere}"
    );
    let offline = site.refused(&[("HF_HUB_OFFLINE", "1")]);
    assert!(
        offline.contains("HF_HUB_OFFLINE") && offline.contains(site.cache.path().to_str().unwrap()),
        "{offline}"
    );
    assert!(
        !site.cache.path().join("models--org--tiny/blobs").exists(),
        "nothing came"
    );
}

#[test]
fn what_a_model_lacks_is_told_before_weights_are_fetched() {
    let mut files = files_of(&fixture("models/llama3"), "");
    files.remove("model.safetensors");
    files.insert("pytorch_model.bin".into(), b"pickled".to_vec());
    let site = Site::new(Server::new(files, &[]));
    let why = site.refused(&[]);
    assert!(
        why.contains("expected model.safetensors or model.safetensors.index.json, found "),
        "{why}"
    );
    assert!(
        why.contains("pytorch_model.bin") && why.contains("pickled"),
        "{why}"
    );
}

#[test]
fn nothing_is_written_outside_the_cache() {
    let mut files = files_of(&fixture("models/llama3"), "");
    let index = r#"{"weight_map": {"a": "../../../../escaped.safetensors"}}"#;
    files.insert(
        "model.safetensors.index.json".into(),
        index.as_bytes().to_vec(),
    );
    files.remove("model.safetensors");
    let site = Site::new(Server::new(
        files,
        &[
            "additional_chat_templates/../../../../escaped",
            "/escaped",
            "a\\..\\escaped",
        ],
    ));
    let found = site.hub(&[]).model(NAME);
    assert!(found.is_ok(), "{found:?}");
    assert!(
        !site
            .server
            .asked()
            .iter()
            .any(|asked| asked.path.contains("escaped"))
    );
}
