//! Tokens that the program brings itself, and those in files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oraedge::auth::Secret;
use oraedge_simulator::generation::Generation;

use crate::world::{World, who_am_i};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_its_key_is_enough() {
    for generation in [Generation::V12_1, Generation::V21c, Generation::V23ai] {
        let world = World::start(generation).await;
        let (token, [key, _]) = world.database_token();
        let options = world.options().access_token_with_key(token.as_str(), key.as_str());
        world.check_secrets(&format!("{options:?}"));
        assert_eq!(who_am_i(&options.connect().await.unwrap()).await, "VK23C");
        // node-oracledb takes a key without its frame and in one line.
        let lines = key.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let options = world.options().access_token_with_key(token.as_str(), lines);
        assert_eq!(who_am_i(&options.connect().await.unwrap()).await, "VK23C");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_asked_again_when_its_token_has_expired() {
    let world = World::start(Generation::V23ai).await;
    let (token, [key, _]) = world.database_token();
    // Its claims say that it expired in 2001.
    let expired = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjEwMDAwMDAwMDB9.c2lnbmF0dXJl";
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let options = world.options().access_token_callback(move |refresh| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        assert_eq!(refresh, number > 0);
        let token = if refresh { token.clone() } else { expired.to_owned() };
        let key = key.clone();
        async move { Ok((Secret::from(token), Secret::from(key))) }
    });
    for _ in 0..3 {
        assert_eq!(who_am_i(&options.connect().await.unwrap()).await, "VK23C");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2, "a good token is kept");

    let options = world.options().access_token_callback(move |_| async move { Ok(expired) });
    let error = options.connect().await.unwrap_err().to_string();
    assert!(error.contains("expired at Sun, 09 Sep 2001 01:46:40 GMT"), "{error}");
    let error = world.options().access_token(expired).connect().await.unwrap_err().to_string();
    assert!(error.contains("expired at Sun, 09 Sep 2001 01:46:40 GMT"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_named_in_the_connect_string() {
    let world = World::start(Generation::V19c).await;
    let (token, [key, _]) = world.database_token();
    let folder = world.folder().join("home/.oci/db-token");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("token"), format!("{token}\n")).unwrap();
    std::fs::write(folder.join("oci_db_key.pem"), key).unwrap();
    let at = |more: String| format!("{}?{more}", world.connect_string());
    let home = world.folder().join("home").display().to_string();
    for connect_string in [
        at("token_auth=OCI_TOKEN".to_owned()),
        at(format!("token_auth=OCI_TOKEN&token_location={}", folder.display())),
        at(format!("token_auth=OCI_TOKEN&token_location={}/token", folder.display())),
    ] {
        let options = world.options_for(&connect_string).token_environment([("HOME", &home)]);
        let connection = options.connect().await.unwrap_or_else(|error| {
            panic!("{connect_string}: {error}");
        });
        assert_eq!(who_am_i(&connection).await, "VK23C");
    }
    let nowhere = at("token_auth=OCI_TOKEN&token_location=/nowhere".to_owned());
    let error = world.options_for(nowhere).connect().await.unwrap_err().to_string();
    assert!(error.contains("/nowhere") && error.contains("oci iam db-token get"), "{error}");
    // A method in the connect string, with the file and the profile beside it; the region says
    // where to ask, and the simulated region is nowhere.
    let port = world.connect_string();
    let port = port.trim_start_matches("tcps://localhost:").trim_end_matches("/FREEPDB1");
    let descriptor = format!(
        "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=localhost)(PORT={port}))\
         (CONNECT_DATA=(SERVICE_NAME=FREEPDB1))\
         (SECURITY=(TOKEN_AUTH=OCI_API_KEY)(OCI_CONFIG_FILE={})(OCI_PROFILE=WRONG_FINGERPRINT)))",
        world.text("/config")
    );
    let options = world.options_for(descriptor).token_environment(world.variables("apiKey"));
    let error = options.connect().await.unwrap_err().to_string();
    assert!(error.contains("fingerprint"), "{error}");
}
