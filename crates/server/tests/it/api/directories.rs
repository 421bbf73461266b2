//! Directories: settings, tests, browsing, and the computers of containers.

use eidetic_model::{AgentId, ComputerFacts};
use eidetic_server::{
    deployment::add_jobs,
    directory::{Directories, refresh_due},
    plans,
};
use eidetic_store::control::{Agent, AgentState};
use eidetic_testkit::{DirectoryCertificate, PrivateDirectory};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Browser, START, Server};

/// "Ab" now, "Z" before, to be asked again in 2 hours; laid out by hand from [MS-ADTS] 2.2.19.
const BLOB: [u8; 48] = [
    1, 0, 0, 0, 48, 0, 0, 0, 16, 0, 22, 0, 32, 0, 40, 0, b'A', 0, b'b', 0, 0, 0, b'Z', 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xd0, 0x88, 0xc3, 0x10, 0, 0, 0, 0, 0x68, 0xc4, 0x61, 0x08, 0, 0, 0,
];

fn corp(directory: &PrivateDirectory) -> Value {
    json!({"name": "Corp", "server": "127.0.0.1", "port": directory.starttls_port(),
        "security": "starttls", "account": "Reader"})
}

/// The account and the directory of the tests are known to the server.
async fn with_corp(browser: &Browser<'_>, directory: &PrivateDirectory) {
    let account = json!({"name": "Reader", "user": PrivateDirectory::READER,
        "password": PrivateDirectory::PASSWORD});
    let kept = browser.post("/api/v1/accounts", &account).await;
    assert_eq!(kept.status, 204);
    let kept = browser.post("/api/v1/directories", &corp(directory)).await;
    assert_eq!(kept.status, 204);
}

fn servers() -> Value {
    json!({"kind": "directory_container", "directory": "corp", "types": ["servers"],
        "container": "OU=Servers,DC=corp,DC=example",
        "exclude": ["OU=Lab,OU=Servers,DC=corp,DC=example"], "account": "Server accounts"})
}

async fn enrolled(server: &Server, number: u128, name: &str) {
    let facts = ComputerFacts::new([name.to_owned()], []);
    let agent = Agent {
        id: AgentId::from_uuid(Uuid::from_u128(number)),
        computer_name: name.split('.').next().unwrap_or(name).to_owned(),
        agent_version: "0.1.0".into(),
        operating_system: "Windows Server 2022".into(),
        facts,
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    server.components.control.put_agent(agent).await.unwrap();
}

async fn plan_named(browser: &Browser<'_>, name: &str) -> Value {
    let plans = browser.get("/api/v1/plans").await.json();
    let plans = plans["plans"].as_array().unwrap().clone();
    let mut plans = plans.into_iter();
    plans.find(|plan| plan["name"] == name).unwrap()
}

#[tokio::test]
async fn the_computers_of_a_container_belong_to_its_plan_until_they_leave_it() {
    let directory = PrivateDirectory::start().unwrap();
    let server = Server::start().await;
    let browser = server.signed_in().await;
    with_corp(&browser, &directory).await;
    enrolled(&server, 1, "rds01.corp.example").await;
    enrolled(&server, 2, "lab01.corp.example").await;
    enrolled(&server, 3, "rds01.elsewhere.example").await;
    let plan = json!({"name": "Servers", "items": [servers()],
        "deployment": {"automatic": true, "account": "Office"}});
    assert_eq!(browser.post("/api/v1/plans", &plan).await.status, 200);
    let plan = plan_named(&browser, "Servers").await;
    assert_eq!(plan["items"][0]["computers"], 0, "nobody was asked yet");

    let components = &server.components;
    refresh_due(components).await.unwrap();
    let plan = plan_named(&browser, "Servers").await;
    assert_eq!(plan["items"][0]["computers"], 1);
    let said = &plan["items"][0]["in_directory"];
    // RDS01 and RDS02; OLD1 is disabled.
    assert_eq!((&said["found"], &said["disabled"]), (&json!(2), &json!(1)));
    assert_eq!(said["problem"], Value::Null);
    // Of the two, one has its agent; the item has an account of its own.
    add_jobs(components).await.unwrap();
    let jobs = browser.get("/api/v1/deployments").await.json();
    let job = &jobs["deployments"][0];
    assert_eq!(jobs["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(job["computer"], "rds02.corp.example");
    assert_eq!(job["account"], "Server accounts");

    let rds01 = format!("/api/v1/computers/{}", Uuid::from_u128(1));
    let computer = browser.get(&rds01).await.json();
    assert_eq!(computer["plan"]["name"], "Servers");
    directory
        .remove("cn=RDS01,ou=Servers,dc=corp,dc=example")
        .unwrap();
    directory
        .add_computer("RDS03", "ou=Servers", "Windows Server 2025")
        .unwrap();
    refresh_due(components).await.unwrap();
    let plan = plan_named(&browser, "Servers").await;
    assert_eq!(plan["items"][0]["computers"], 1, "it was asked just now");
    let asked = browser
        .post("/api/v1/directories/refresh", &json!({}))
        .await;
    assert_eq!(asked.status, 204);
    refresh_due(components).await.unwrap();
    let plan = plan_named(&browser, "Servers").await;
    let said = &plan["items"][0]["in_directory"];
    assert_eq!(
        (&plan["items"][0]["computers"], &said["found"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(said["gone"][0]["name"], "rds01.corp.example");
    let computer = browser.get(&rds01).await.json();
    assert_eq!(computer["plan"]["name"], "Default plan");
    let left = computer["left_directory"]["container"].as_str().unwrap();
    assert_eq!(left, "ou=servers,dc=corp,dc=example of directory corp");
}

#[tokio::test]
async fn a_directory_that_cannot_be_asked_takes_no_computer_out_of_its_plan() {
    let mut directory = PrivateDirectory::start().unwrap();
    let server = Server::start().await;
    let browser = server.signed_in().await;
    with_corp(&browser, &directory).await;
    enrolled(&server, 1, "rds01.corp.example").await;
    let plan = json!({"name": "Servers", "items": [servers()]});
    browser.post("/api/v1/plans", &plan).await;
    let components = &server.components;
    refresh_due(components).await.unwrap();

    directory.stop();
    components.directories.refresh_now();
    refresh_due(components).await.unwrap();
    let plan = plan_named(&browser, "Servers").await;
    assert_eq!(plan["items"][0]["computers"], 1);
    let problem = &plan["items"][0]["in_directory"]["problem"];
    assert_eq!(problem["code"], "unreachable");

    // Nor does a server that is started again before the directory is.
    let again = Directories::default();
    let control = components.control.as_ref();
    again.load(control).await.unwrap();
    let book = plans::load(control).await.unwrap();
    let book = book.with_members(again.members());
    let rds01 = ComputerFacts::new(["rds01.corp.example".to_owned()], []);
    assert_eq!(book.plan_of(&rds01).document().name, "Servers");
}

#[tokio::test]
async fn a_directory_is_tried_browsed_and_known_again_by_its_certificate() {
    let directory = PrivateDirectory::start().unwrap();
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let tried = async |change: Value| {
        let mut request = corp(&directory);
        let fields = request.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        browser
            .post("/api/v1/directories/test", &request)
            .await
            .json()
    };
    assert_eq!(tried(json!({})).await["code"], "no_account");
    with_corp(&browser, &directory).await;
    let good = tried(json!({})).await;
    assert_eq!(good["is_good"], true, "{good}");
    assert_eq!(good["base"], PrivateDirectory::BASE);
    let by_authority = json!({"server": "localhost", "port": directory.ldaps_port(),
        "security": "ldaps", "authority": directory.authority()});
    assert_eq!(
        tried(by_authority).await["certificate"],
        good["certificate"]
    );
    let wrong_port = tried(json!({"security": "ldaps"})).await;
    assert_eq!(wrong_port["code"], "no_tls");

    let list = async || browser.get("/api/v1/directories").await.json()["directories"][0].clone();
    assert_eq!(list().await["pinned"], Value::Null, "trying keeps nothing");
    let ask = json!({"directory": "CORP"});
    let base = browser
        .post("/api/v1/directories/containers", &ask)
        .await
        .json();
    let names = base["containers"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["Accounts", "Computers", "Domain Controllers", "Servers"]
    );
    assert_eq!(list().await["pinned"], good["certificate"]);

    let other = PrivateDirectory::start().unwrap();
    let mut moved = corp(&directory);
    moved["port"] = json!(other.starttls_port());
    // Another port is another server, which is known by nothing yet.
    let answer = browser
        .post("/api/v1/directories/test", &moved)
        .await
        .json();
    assert_eq!(answer["is_good"], true);
    let unknown = json!({"directory": "Corp", "container": "OU=Gone,DC=corp,DC=example"});
    let refused = browser
        .post("/api/v1/directories/containers", &unknown)
        .await;
    refused.problem(502);

    let plan = json!({"name": "Servers", "items": [servers()]});
    browser.post("/api/v1/plans", &plan).await;
    let name = json!({"name": "corp"});
    let used = browser.post("/api/v1/directories/remove", &name).await;
    used.problem(409);
    let used = browser
        .post("/api/v1/accounts/remove", &json!({"name": "reader"}))
        .await;
    used.problem(409);
    let forgotten = browser
        .post("/api/v1/directories/forget-certificate", &name)
        .await;
    assert_eq!(forgotten.status, 204);
    assert_eq!(list().await["pinned"], Value::Null);
}

#[tokio::test]
async fn what_is_wrong_with_a_directory_is_said_by_its_field() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    for (change, field) in [
        (json!({"name": " "}), "name"),
        (json!({"server": ""}), "server"),
        (json!({"port": 0}), "port"),
        (json!({"base": "corp.example"}), "base"),
        (json!({"authority": "-----BEGIN NOTHING-----"}), "authority"),
        (json!({"refresh_minutes": 1}), "refresh_minutes"),
    ] {
        let mut request = json!({"name": "Corp", "server": "dc01", "account": "Reader"});
        let fields = request.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        let refused = browser.post("/api/v1/directories", &request).await;
        let problem = refused.problem(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[tokio::test]
async fn a_managed_accounts_password_is_read_from_the_directory_and_kept_in_memory_only() {
    let directory = PrivateDirectory::start_with(DirectoryCertificate::Good, &BLOB).unwrap();
    let server = Server::start().await;
    let browser = server.signed_in().await;
    with_corp(&browser, &directory).await;
    let account = json!({"name": "gMSA", "user": "CORP\\eidetic$", "managed_by_directory": "Corp"});
    let kept = browser.post("/api/v1/accounts", &account).await;
    assert_eq!(kept.status, 204);
    let listed = browser.get("/api/v1/accounts").await.json();
    let expected = json!({"name": "gMSA", "user": "CORP\\eidetic$", "directory": "Corp",
        "kind": "managed_service_account"});
    assert_eq!(listed["accounts"][0], expected);
    let no_dollar = json!({"name": "gMSA", "user": "CORP\\ann", "managed_by_directory": "Corp"});
    let refused = browser.post("/api/v1/accounts", &no_dollar).await;
    assert_eq!(refused.problem(422)["errors"][0]["field"], "user");

    let test = async |name: &str| {
        let name = json!({"name": name});
        browser.post("/api/v1/accounts/test", &name).await.json()
    };
    let good = test("gmsa").await;
    assert_eq!(good["is_good"], true, "{good}");
    assert!(good["message"].as_str().unwrap().contains("120 minutes"));
    assert_eq!(test("Reader").await["code"], "not_managed");

    let components = &server.components;
    let read = async || {
        let directories = &components.directories;
        directories.managed_password(components, "gMSA").await
    };
    assert_eq!(read().await.unwrap().utf16_le(), b"A\0b\0");
    // It holds for as long as it says, and is asked for again then.
    let changed = "dn: cn=eidetic,ou=Servers,dc=corp,dc=example\nchangetype: modify\n\
                   delete: msDS-ManagedPassword\n";
    directory.change(changed).unwrap();
    server.clock.advance(std::time::Duration::from_secs(7_199));
    assert_eq!(read().await.unwrap().utf16_le(), b"A\0b\0");
    server.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(read().await.unwrap_err().code(), "no_managed_password");
    for setting in ["collecting_accounts", "directories"] {
        let (_, stored) = components.control.setting(setting).await.unwrap().unwrap();
        assert!(!stored.contains("A\\u0000b"), "{stored}");
        assert!(!stored.contains(PrivateDirectory::PASSWORD), "{stored}");
    }
}
