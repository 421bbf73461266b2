//! Settings of mail and test mails.

use serde_json::{Value, json};

use super::peer::MailServer;
use crate::api::support::{Browser, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_arrives_over_starttls_by_an_account() {
    let peer = MailServer::start("start_tls", json!({"account": ["eidetic", "hunter2"]}));
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let mut settings = peer.settings("start_tls");
    settings["user"] = json!("eidetic");
    let request = json!({"settings": settings, "password": "hunter2"});
    let kept = browser.put("/api/v1/mail", &request).await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    assert_eq!(kept.json()["has_password"], true);
    assert!(!kept.text().contains("hunter2"));

    // The password that is kept counts.
    let tested = test(&browser, &json!({"settings": settings})).await;
    assert_eq!(tested, json!({"is_sent": true, "refused": []}));
    let mail = peer.taken();
    assert_eq!(mail["from"], "eidetic@example.com");
    assert_eq!(mail["to"], json!(["anna@example.com"]));
    assert_eq!(mail["is_encrypted"], true);
    assert_eq!(mail["is_signed_in"], true);
    let content = mail["content"].as_str().unwrap();
    assert!(content.contains("Subject: Eidetic: a test"), "{content}");

    let log = browser
        .read("/api/v1/viewings?what=sent%20test%20mail")
        .await;
    assert_eq!(log["viewings"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_arrives_over_tls_and_in_the_clear() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    for security in ["tls", "none"] {
        let peer = MailServer::start(security, json!({}));
        let tested = test(&browser, &json!({"settings": peer.settings(security)})).await;
        assert_eq!(tested["is_sent"], true, "{security}: {tested}");
        assert_eq!(peer.taken()["is_encrypted"], security == "tls");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_with_its_step_and_what_to_do() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let check = async |security, wishes: Value, change: fn(&mut Value), expected: [&str; 2]| {
        let peer = MailServer::start(security, wishes);
        let mut request = json!({"settings": peer.settings(security)});
        change(&mut request);
        let tested = test(&browser, &request).await;
        let problem = &tested["problem"];
        assert_eq!(tested["is_sent"], false, "{tested}");
        assert_eq!(problem["stage"], expected[0], "{tested}");
        let text = problem["problem"].as_str().unwrap();
        assert!(text.contains(expected[1]), "{text}");
        assert!(problem["advice"].as_str().unwrap().ends_with('.'));
        peer.took_nothing();
    };
    // Port 1 is nobody's.
    let closed = |request: &mut Value| request["settings"]["port"] = json!(1);
    check("none", json!({}), closed, ["connect", "refused"]).await;
    let starttls = |request: &mut Value| request["settings"]["security"] = json!("start_tls");
    check(
        "none",
        json!({}),
        starttls,
        ["encrypt", "does not offer STARTTLS"],
    )
    .await;
    let unknown = |request: &mut Value| request["settings"]["trusted_certificates"] = json!("");
    check("tls", json!({}), unknown, ["encrypt", "certificate"]).await;
    check("start_tls", json!({}), unknown, ["encrypt", "certificate"]).await;
    let wrong_password = |request: &mut Value| {
        request["settings"]["user"] = json!("eidetic");
        request["password"] = json!("hunter3");
    };
    let account = json!({"account": ["eidetic", "hunter2"]});
    check("start_tls", account, wrong_password, ["sign_in", "535"]).await;
    check(
        "start_tls",
        json!({"lets_nobody_sign_in": true}),
        wrong_password,
        ["sign_in", "does not offer"],
    )
    .await;
    let refuses = |address: &str| json!({"refuses": [address]});
    let as_it_is = |_: &mut Value| {};
    let sender = refuses("eidetic@example.com");
    check("none", sender, as_it_is, ["sender", "550 5.7.1"]).await;
    let recipient = refuses("anna@example.com");
    let expected = ["recipients", "anna@example.com: 550 5.1.1 no such mailbox"];
    check("none", recipient, as_it_is, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_recipient_that_is_refused_does_not_keep_it_from_the_others() {
    let peer = MailServer::start("none", json!({"refuses": ["gone@example.com"]}));
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let mut settings = peer.settings("none");
    settings["recipients"] = json!(["gone@example.com", "anna@example.com"]);
    let tested = test(&browser, &json!({"settings": settings})).await;
    assert_eq!(tested["is_sent"], true);
    assert_eq!(tested["refused"][0]["recipient"], "gone@example.com");
    assert_eq!(peer.taken()["to"], json!(["anna@example.com"]));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_field_by_field() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let settings = json!({"daily": true, "sender": "nobody", "recipients": [], "port": 0});
    let request = json!({"settings": settings});
    let refused = browser.put("/api/v1/mail", &request).await.problem(422);
    let fields: Vec<_> = refused["errors"].as_array().unwrap().iter().collect();
    let fields: Vec<_> = fields.iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["host", "port", "sender", "recipients"]);

    let user = json!({"daily": true, "host": "mail.example.com", "user": "eidetic",
        "sender": "a@example.com", "recipients": ["b@example.com"]});
    let request = json!({"settings": user});
    let refused = browser.put("/api/v1/mail", &request).await.problem(422);
    assert_eq!(refused["errors"][0]["field"], "password");
    assert_eq!(browser.read("/api/v1/mail").await["settings"]["host"], "");
}

async fn test(browser: &Browser<'_>, request: &Value) -> Value {
    let answer = browser.post("/api/v1/mail/test", request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
