//! What a directory answers.

use std::collections::BTreeSet;

use eidetic_directory::{ContainerQuery, Directory, Found, Trust, computers, containers, survey};
use eidetic_model::ComputerKind;
use eidetic_testkit::PrivateDirectory;

use super::{by_ldaps, by_starttls, reader};

fn all() -> BTreeSet<ComputerKind> {
    [
        ComputerKind::DomainController,
        ComputerKind::Server,
        ComputerKind::Workstation,
    ]
    .into()
}

fn query(
    container: Option<&str>,
    kinds: BTreeSet<ComputerKind>,
    excluded: &[&str],
) -> ContainerQuery {
    ContainerQuery {
        container: container.map(str::to_owned),
        kinds,
        excluded: excluded.iter().map(|dn| (*dn).to_owned()).collect(),
    }
}

async fn found(directory: &Directory, query: &ContainerQuery) -> Found {
    computers(directory, &reader(), query).await.unwrap().value
}

fn names(found: &Found) -> Vec<&str> {
    let mut names: Vec<_> = found.computers.iter().map(|pc| &*pc.name).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn all_pages_come_and_what_is_disabled_or_no_computer_does_not() {
    let server = PrivateDirectory::start().unwrap();
    let directory = by_ldaps(&server);
    let found = found(&directory, &query(None, all(), &[])).await;
    // Two domain controllers, two servers and a Linux computer, two in the laboratory.
    assert_eq!(found.computers.len(), PrivateDirectory::WORKSTATIONS + 7);
    assert_eq!((found.disabled, found.nameless), (1, 0));
    let ids: BTreeSet<_> = found.computers.iter().map(|pc| &pc.id).collect();
    assert_eq!(ids.len(), found.computers.len());
    let rds01 = found
        .computers
        .iter()
        .find(|pc| pc.name == "RDS01")
        .unwrap();
    assert_eq!(rds01.dns_name.as_deref(), Some("rds01.corp.example"));
    assert_eq!(rds01.operating_system, "Windows Server 2022 Standard");
    assert_eq!(rds01.id, "30534452-1131-1111-1111-1111111111ff");
}

#[tokio::test]
async fn computers_are_chosen_by_container_kind_and_what_is_left_out() {
    let server = PrivateDirectory::start().unwrap();
    let directory = by_starttls(&server);
    let servers = Some("OU=SERVERS, dc=corp, dc=example");
    let lab = "ou=lab,ou=servers,dc=corp,dc=example";

    let everything = found(&directory, &query(servers, all(), &[])).await;
    assert_eq!(
        names(&everything),
        ["LAB01", "LAB02", "RDS01", "RDS02", "WEB1"]
    );
    let without = query(servers, [ComputerKind::Server].into(), &[lab]);
    assert_eq!(
        names(&found(&directory, &without).await),
        ["RDS01", "RDS02"]
    );
    let workstations = query(servers, [ComputerKind::Workstation].into(), &[]);
    assert_eq!(names(&found(&directory, &workstations).await), ["WEB1"]);
    let controllers = query(None, [ComputerKind::DomainController].into(), &[]);
    assert_eq!(
        names(&found(&directory, &controllers).await),
        ["DC01", "RODC1"]
    );
}

#[tokio::test]
async fn containers_are_looked_through_from_the_base() {
    let server = PrivateDirectory::start().unwrap();
    let directory = by_ldaps(&server);
    let base = survey(&directory, &reader()).await.unwrap();
    assert_eq!(base.value.base, PrivateDirectory::BASE);
    let listed = containers(&directory, &reader(), None).await.unwrap().value;
    let names: Vec<_> = listed.containers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        ["Accounts", "Computers", "Domain Controllers", "Servers"]
    );
    assert_eq!(listed.dn, PrivateDirectory::BASE);
    let servers = listed.containers[3].1.clone();
    let listed = containers(&directory, &reader(), Some(servers))
        .await
        .unwrap();
    let lab = (
        "Lab".to_owned(),
        "ou=Lab,ou=Servers,dc=corp,dc=example".to_owned(),
    );
    assert_eq!(listed.value.containers, [lab]);
}

#[tokio::test]
async fn a_server_that_was_known_by_what_it_showed_first_is_known_by_it_again() {
    let server = PrivateDirectory::start().unwrap();
    let mut directory = by_starttls(&server);
    let first = survey(&directory, &reader()).await.unwrap();
    directory.trust = Trust::Pinned(first.certificate);
    let again = survey(&directory, &reader()).await.unwrap();
    assert_eq!(again.certificate, first.certificate);
    let mut directory = by_ldaps(&server);
    let by_authority = survey(&directory, &reader()).await.unwrap();
    assert_eq!(by_authority.certificate, first.certificate);
    directory.base = Some("OU=Servers,DC=corp,DC=example".to_owned());
    let base = survey(&directory, &reader()).await.unwrap().value.base;
    assert_eq!(base, "ou=Servers,dc=corp,dc=example");
}
